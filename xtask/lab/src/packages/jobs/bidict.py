from bidict import ValueDuplicationError, bidict


def both_ways(given={"H": "hydrogen", "He": "helium"}):
    """Looks up both ways, and refuses duplicates."""
    elements = bidict(given)
    try:
        elements["X"] = "helium"
        refused = None
    except ValueDuplicationError as error:
        refused = type(error).__name__
    elements.forceput("D", "hydrogen")
    return [dict(elements.inverse), refused, dict(elements)]
