"""Objects that live as long as the image.

Whoever uses an object writes its reference count, and each page with one that a call uses is
compared and copied when the call has ended. Python leaves the counts of immortal objects alone.
"""

import gc
from types import CodeType

from _wit_wire import make_immortal


def immortalize():
    """Makes all objects immortal that there are."""
    found = gc.get_objects()
    while found:
        thing = found.pop()
        if make_immortal(thing):
            found += _code_parts(thing) if type(thing) is CodeType else gc.get_referents(thing)


def _code_parts(code):
    """What a code object refers to, which the collector does not know."""
    names = code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars
    tables = code.co_linetable, code.co_exceptiontable
    return [code.co_consts, *names, *tables, code.co_filename, code.co_name, code.co_qualname]
