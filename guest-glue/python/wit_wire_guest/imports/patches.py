"""What of the standard library works otherwise than in CPython, since the guest does."""

from ..runtime import strftime
from ..runtime.threads import conditions, pools, starting
from . import posix_names


def _patch_queue(queue):
    # The one in C waits by itself.
    queue.SimpleQueue = queue._PySimpleQueue


# By module, which takes effect once it is imported.
PATCHES = {
    "concurrent.futures.thread": pools.patch_executor,
    "locale": posix_names.patch_locale,
    "multiprocessing.pool": pools.patch_pool,
    "queue": _patch_queue,
    "random": posix_names.patch_random,
    "signal": posix_names.patch_signal,
    "threading": conditions.patch,
}


def install():
    """Patches the modules that an interpreter begins with."""
    starting.install()
    posix_names.install()
    strftime.install()
