from glom import Coalesce, PathAccessError, T, glom


def restructured(
    given={"system": {"planets": [{"name": "earth", "moons": 1}, {"name": "jupiter", "moons": 69}]}}
):
    """Restructures nested data by a specification, and says where it does not fit."""
    spec = {
        "names": ("system.planets", ["name"]),
        "moons": ("system.planets", ["moons"], sum),
        "x": Coalesce("a.b", default="none"),
        "first": T["system"]["planets"][0]["name"].upper(),
    }
    try:
        glom(given, "system.stars")
        error = None
    except PathAccessError as caught:
        error = str(caught).splitlines()[-1]
    return [glom(given, spec), error]
