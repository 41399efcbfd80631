from pycparser import c_ast, c_generator, c_parser


def parsed(
    given="int f(int a[3], char *b) { for (int i = 0; i < 3; i++) a[i] += *b; return a[0]; }",
):
    """Parses C, finds its functions and writes it."""
    tree = c_parser.CParser().parse(given, "a.c")
    names = []

    class Visitor(c_ast.NodeVisitor):
        def visit_Decl(self, node):
            names.append(node.name)
            self.generic_visit(node)

    Visitor().visit(tree)
    return [names, c_generator.CGenerator().visit(tree)]
