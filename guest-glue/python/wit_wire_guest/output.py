"""What Python prints, on its way to the host."""

import io
import sys


# As they are before a function's module replaces them.
_write, _view = io.FileIO.write, memoryview


class _Whole(io.FileIO):
    """Writes all that it is given, though the host takes only so much at once: text streams lose what is left over."""

    def write(self, data):
        rest = _view(data).cast("B")
        length = rest.nbytes
        while rest.nbytes:
            rest = rest[_write(self, rest) :]
        return length


def install():
    """Has `sys.stdout` and `sys.stderr` pass on what they get at once, so that it is kept in the order in which it was written."""
    for number, name in (1, "stdout"), (2, "stderr"):
        before = getattr(sys, name)
        raw = _Whole(number, "w", closefd=False)
        raw.name = f"<{name}>"
        stream = io.TextIOWrapper(
            raw, before.encoding, before.errors, before.newlines, line_buffering=True, write_through=True
        )
        stream.mode = "w"
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
