import warnings

from deprecated import deprecated
from deprecated.sphinx import versionadded


def warned(given=2):
    """Warns of old functions."""

    @deprecated(version="1.2", reason="use new()")
    def old(n):
        return n + 1

    @versionadded(version="1.3", reason="good")
    def new():
        """Does."""

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        result = old(given)
    return [result, [str(one.message) for one in seen], new.__doc__]
