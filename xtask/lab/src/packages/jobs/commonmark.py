import commonmark


def html(given='1. a\n2. b\n\n---\n\n![img](a.png "t") <b>x</b> &amp; \\*'):
    """Makes HTML of CommonMark, and its tree."""
    tree = commonmark.Parser().parse(given)
    return [commonmark.commonmark(given), [node.t for node, entering in tree.walker() if entering]]
