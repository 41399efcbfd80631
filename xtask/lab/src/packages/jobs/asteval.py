import io

from asteval import Interpreter


def programs(given=["x = 2\ny = sum([n * x for n in range(4)])", "1/0", "import os"]):
    """Runs small programs in an interpreter of its own."""
    results = []
    for text in given:
        interpreter = Interpreter(use_numpy=False, err_writer=io.StringIO())
        interpreter(text)
        results.append(
            [interpreter.symtable.get("y"), [error.exc.__name__ for error in interpreter.error][:1]]
        )
    return results
