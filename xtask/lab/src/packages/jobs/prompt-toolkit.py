from prompt_toolkit.completion import FuzzyWordCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import HTML, to_formatted_text
from prompt_toolkit.validation import Validator


def completed(given=["dj", "x"]):
    """Completes words, and formats text."""
    completer = FuzzyWordCompleter(["django_migrations", "django_x", "other"])
    check = Validator.from_callable(str.isdigit)
    return [
        [[one.text for one in completer.get_completions(Document(text), None)] for text in given],
        [list(part) for part in to_formatted_text(HTML("<b>x</b> <i>y</i>"))],
        check.func("1"),
    ]
