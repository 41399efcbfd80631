from configobj import ConfigObj


def nested(given="a = 1, 2\n# note\n[s]\nb = 'x'\n[[t]]\nc = %(b)s\n"):
    """Reads nested sections with lists and interpolation, and writes them."""
    config = ConfigObj(given.splitlines())
    config["s"]["t"]["d"] = "žluť"
    return [config.dict(), config["s"]["t"]["c"], config.write()]
