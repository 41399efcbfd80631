import ast

import asttokens


def marked(given="total = price * (1 + tax)  # gross\nprint(f(total)[0])"):
    """Finds the text of each node of a syntax tree."""
    tokens = asttokens.ASTTokens(given, parse=True)
    return [
        [type(node).__name__, tokens.get_text(node)]
        for node in ast.walk(tokens.tree)
        if isinstance(node, (ast.BinOp, ast.Call, ast.Subscript))
    ]
