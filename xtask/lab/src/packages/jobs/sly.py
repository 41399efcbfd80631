from sly import Lexer, Parser


class Words(Lexer):
    tokens = {NUMBER, PLUS, TIMES}
    ignore = " "
    NUMBER = r"\d+"
    PLUS = r"\+"
    TIMES = r"\*"


class Sums(Parser):
    tokens = Words.tokens
    precedence = (("left", PLUS), ("left", TIMES))

    @_("e PLUS e")
    def e(self, p):
        return p.e0 + p.e1

    @_("e TIMES e")
    def e(self, p):
        return p.e0 * p.e1

    @_("NUMBER")
    def e(self, p):
        return int(p.NUMBER)


def calculated(given=["1 + 2 * 3", "2 * 2 * 2"]):
    """Computes by a grammar with LALR."""
    return [Sums().parse(Words().tokenize(text)) for text in given]
