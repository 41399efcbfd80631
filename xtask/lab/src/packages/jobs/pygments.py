from pygments import highlight, lex
from pygments.formatters import HtmlFormatter, TerminalFormatter
from pygments.lexers import get_lexer_by_name, guess_lexer_for_filename

SAMPLES = {
    "python": "@x\ndef f(a: int) -> str:\n    return f'{a}'\n",
    "json": '{"a": [1, null]}',
    "sql": "SELECT a FROM b -- c",
    "rust": "fn main() { let x = 1u8; }",
}


def highlighted(given=SAMPLES):
    """Highlights source in several languages as HTML and for a terminal."""
    return [
        [
            highlight(text, get_lexer_by_name(name), HtmlFormatter(linenos=True)),
            highlight(text, get_lexer_by_name(name), TerminalFormatter()),
        ]
        for name, text in given.items()
    ]


def tokens(given={"a.toml": "[x]\ny = 1\n", "b.html": "<b>x</b>"}):
    """Guesses a language by a file's name, and lists tokens."""
    found = []
    for name, text in given.items():
        lexer = guess_lexer_for_filename(name, text)
        found.append([lexer.name, [[str(kind), value] for kind, value in lex(text, lexer)]])
    return found
