"""Standard output and error: unbuffered, and written as a whole."""

import io
import logging
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


def flush_logs():
    """Has handlers of `logging` that hold records back, such as `MemoryHandler`, let go of them."""
    # The first is logging's own.
    if len(logging._handlerList) > 1:
        for handler in logging._handlerList[1:]:
            try:
                handler().flush()
            except Exception:
                # It is gone, or its stream closed. What it logs is not worth a result.
                pass
