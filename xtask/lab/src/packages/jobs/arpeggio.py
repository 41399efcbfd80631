from arpeggio import EOF, NoMatch, OneOrMore, ParserPython
from arpeggio import RegExMatch as Match


def _number():
    return Match(r"\d+")


def _sum():
    return _number, OneOrMore("+", _number), EOF


def parsed(given=["1+2+3", "1+"]):
    """Parses by a grammar of functions."""
    parser, results = ParserPython(_sum), []
    for text in given:
        try:
            results.append([str(part) for part in parser.parse(text)])
        except NoMatch as error:
            results.append([error.line, error.col])
    return results
