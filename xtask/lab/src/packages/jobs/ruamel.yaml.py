import io

from ruamel.yaml import YAML


def edited(given="# head\na: 1 # one\nb:\n  - x\n  - {y: 2}\nc: !!set {k}\nd: |\n  text\n"):
    """Edits YAML and keeps its comments and style."""
    yaml, output = YAML(), io.StringIO()
    document = yaml.load(given)
    document["b"].append("new")
    document.insert(1, "z", 0, comment="inserted")
    yaml.dump(document, output)
    return output.getvalue()
