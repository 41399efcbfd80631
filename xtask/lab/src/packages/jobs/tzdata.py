import importlib.resources


def files(given=["UTC", "Europe/Berlin", "Pacific/Auckland"]):
    """Reads the database's files as resources."""
    root = importlib.resources.files("tzdata") / "zoneinfo"
    return [len((root / name).read_bytes()) for name in given]
