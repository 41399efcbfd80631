import contextlib
import io

import fire


class Calculator:
    """Computes."""

    def add(self, a, b=1):
        return a + b

    def items(self, *values):
        return list(values)


def commands(given=[["add", "2", "--b=3"], ["items", "x", "[1,2]", "1.5"], ["add"]]):
    """Makes commands of a class."""
    results = []
    for words in given:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            try:
                results.append(fire.Fire(Calculator, words, name="calc"))
            except fire.core.FireExit as error:
                results.append(error.code)
    return results
