from anytree import Node, RenderTree, Resolver, search
from anytree.exporter import DictExporter, DotExporter


def trees(given=["a", "b"]):
    """Draws, searches and exports a tree."""
    root = Node("root")
    for name in given:
        Node("leaf", parent=Node(name, parent=root))
    return [
        RenderTree(root).by_attr(),
        str(Resolver("name").get(root, "a/leaf")),
        len(search.findall(root, lambda node: node.name == "leaf")),
        DictExporter().export(root),
        list(DotExporter(root))[:3],
    ]
