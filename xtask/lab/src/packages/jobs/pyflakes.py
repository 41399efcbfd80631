import io

from pyflakes.api import check
from pyflakes.reporter import Reporter


def checked(given="import os\ndef f():\n    x = 1\n    return undefined\nfrom a import *\n"):
    """Finds unused and undefined names."""
    output, errors = io.StringIO(), io.StringIO()
    count = check(given, "a.py", Reporter(output, errors))
    return [count, output.getvalue(), errors.getvalue()]
