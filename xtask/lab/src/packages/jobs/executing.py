import sys

import executing


def node(given=3):
    """Finds the call that runs, in its own source."""

    def caller():
        return executing.Source.executing(sys._getframe(1))

    found = list(map(lambda _: caller(), range(given)))[0]
    return [found.code_qualname().rpartition(".")[2] or None, found.node is not None]
