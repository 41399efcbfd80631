import tomlkit


def edited(given='# head\n[tool]\nname = "x" # keep\nlist = [\n  1,\n  2, # two\n]\n'):
    """Edits TOML and keeps its comments and style."""
    document = tomlkit.parse(given)
    document["tool"]["name"] = "y"
    document["tool"]["list"].append(3)
    document["new"] = {"a": [True, 1.5]}
    return [tomlkit.dumps(document), document.unwrap()]
