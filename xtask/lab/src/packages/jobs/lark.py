from lark import Lark, Transformer, UnexpectedInput, v_args

GRAMMAR = """
?start: sum
?sum: product | sum "+" product -> add | sum "-" product -> sub
?product: atom | product "*" atom -> mul
?atom: NUMBER -> number | "-" atom -> neg | "(" sum ")"
%import common.NUMBER
%import common.WS
%ignore WS
"""


@v_args(inline=True)
class Calculate(Transformer):
    from operator import add, mul, neg, sub

    number = float


def calculated(given=["1 + 2 * -3", "(1 + 2) * 3", "1 + ", "?"]):
    """Computes by a grammar with LALR, and says where a text is wrong."""
    parser = Lark(GRAMMAR, parser="lalr", transformer=Calculate())
    results = []
    for text in given:
        try:
            results.append(parser.parse(text))
        except UnexpectedInput as error:
            results.append([type(error).__name__, error.column])
    return results


def ambiguous(given="1 + 2 * 3"):
    """Parses with Earley's algorithm, and draws the tree."""
    return Lark(GRAMMAR, parser="earley").parse(given).pretty()
