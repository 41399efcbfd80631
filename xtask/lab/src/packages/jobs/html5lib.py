import html5lib


def parsed(given="<p>a<p>b<table><td>c</table><script>x<y</script>"):
    """Parses HTML as browsers do, and serialises it."""
    tree = html5lib.parse(given, treebuilder="etree", namespaceHTMLElements=False)
    walker = html5lib.getTreeWalker("etree")
    serializer = html5lib.serializer.HTMLSerializer(
        omit_optional_tags=False, quote_attr_values="always"
    )
    return [[element.tag for element in tree.iter()], "".join(serializer.serialize(walker(tree)))]
