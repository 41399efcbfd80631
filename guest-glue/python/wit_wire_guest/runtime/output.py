"""Standard output and error: unbuffered, and written as a whole."""

import io
import sys

# Saved from user code, which may replace them.
_write, _view = io.FileIO.write, memoryview


class _Whole(io.FileIO):
    """Writes everything, in as many pieces as it takes: text streams would lose what is left."""

    def write(self, data):
        rest = _view(data).cast("B")
        length = rest.nbytes
        while rest.nbytes:
            rest = rest[_write(self, rest) :]
        return length


def install():
    """Makes `sys.stdout` and `sys.stderr` write through, so that their output stays in order."""
    for number, name in (1, "stdout"), (2, "stderr"):
        before = getattr(sys, name)
        raw = _Whole(number, "w", closefd=False)
        raw.name = f"<{name}>"
        stream = io.TextIOWrapper(
            raw,
            before.encoding,
            before.errors,
            before.newlines,
            line_buffering=True,
            write_through=True,
        )
        stream.mode = "w"
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
