import autopep8


def fixed(given="import os,sys\ndef f( x ):\n  if x == None :\n        return  1\n"):
    """Fixes Python's style."""
    return [autopep8.fix_code(given), autopep8.fix_code(given, options={"aggressive": 2})]
