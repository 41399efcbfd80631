import contextlib
import io

import pycodestyle


def checked(given="import os,sys\ndef f( x ):\n  return  x\n"):
    """Checks Python's style."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        style = pycodestyle.StyleGuide(quiet=False, paths=[])
        style.input_file("a.py", lines=given.splitlines(keepends=True))
    return output.getvalue().splitlines()
