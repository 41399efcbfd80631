import semantic_version


def specified(given=["0.1.0", "1.2.3", "1.9.0-a", "2.0.0"]):
    """Selects versions by specifications."""
    versions = [semantic_version.Version(text) for text in given]
    return [
        [str(found) for found in semantic_version.NpmSpec(spec).filter(versions)]
        for spec in ("^1.2", ">=1 <3", "0.x || 2.0.0")
    ]
