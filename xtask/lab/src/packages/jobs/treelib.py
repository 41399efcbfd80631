from treelib import Tree


def trees(given=[["root", None], ["a", "root"], ["b", "root"], ["c", "a"]]):
    """Draws and searches a tree."""
    tree = Tree()
    for name, parent in given:
        tree.create_node(name.title(), name, parent=parent)
    return [
        tree.show(stdout=False),
        tree.depth(),
        [node.tag for node in tree.leaves()],
        list(tree.rsearch("c")),
        tree.to_dict(sort=True),
    ]
