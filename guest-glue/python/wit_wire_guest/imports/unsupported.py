"""Modules of the standard library that can't work in a guest: why not, and what to use instead."""

import sys

HOSTCALL = "use a hostcall instead"
NO_TERMINAL = "there is no terminal"
NO_PROCESSES = (
    "there are no processes; functions that wait can be coroutines, "
    "and the host can run several calls at once"
)
WINDOWS = "it is part of Windows"
NOT_BUILT = "CPython for WASI is built without it"

# Of what can be imported, and not used.
PROCESSES = (
    "there are no processes in the sandbox: the host can run several calls at once or do it in a "
    "hostcall, and ThreadPoolExecutor and multiprocessing.pool.ThreadPool run what they are given"
)

# By name: why it is missing, and what to do.
REASONS = {
    "_posixshmem": NO_PROCESSES,
    "_remote_debugging": NO_PROCESSES,
    "concurrent.interpreters": "there is one interpreter; the host can run several calls at once",
    "curses": NO_TERMINAL,
    "dbm.gnu": f"{NOT_BUILT}; use sqlite3",
    "dbm.ndbm": f"{NOT_BUILT}; use sqlite3",
    "encodings.mbcs": WINDOWS,
    "encodings.oem": WINDOWS,
    "ensurepip": "packages come with the program, or are part of the image",
    "idlelib": NO_TERMINAL,
    "msvcrt": WINDOWS,
    "multiprocessing.popen_fork": NO_PROCESSES,
    "multiprocessing.popen_forkserver": NO_PROCESSES,
    "multiprocessing.popen_spawn_posix": NO_PROCESSES,
    "multiprocessing.popen_spawn_win32": NO_PROCESSES,
    "nt": WINDOWS,
    "pydoc_data": "it is part of the interactive help",
    "readline": NO_TERMINAL,
    "tkinter": "there is no screen",
    "turtle": "there is no screen",
    "turtledemo": "there is no screen",
    "venv": "packages come with the program, or are part of the image",
    "winreg": WINDOWS,
    "winsound": WINDOWS,
}  # fmt: skip


class Finder:
    """Raises an error with the reason where such a module is imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        reason = REASONS.get(name)
        # `importlib.util.find_spec` only asks whether there is one, which is not an error.
        if reason is not None and sys._getframe(2).f_code.co_name != "find_spec":
            # `from compression import zstd` swallows an error that has the name.
            known = {} if "." in name else {"name": name}
            raise ModuleNotFoundError(f"No module named {name!r} in the sandbox: {reason}", **known)
        return None


# What can be imported but not used: the type of error that CPython raises, a helpful message, and
# the functions that raise it.
UNUSABLE = {
    "socket": (
        OSError,
        f"there are no sockets in the sandbox; {HOSTCALL}",
        ["socket.__init__", "getaddrinfo", "gethostbyname"],
    ),
    "subprocess": (
        OSError,
        f"there are no processes in the sandbox; {HOSTCALL}",
        ["Popen.__init__"],
    ),
    "concurrent.futures.process": (OSError, PROCESSES, ["ProcessPoolExecutor.__init__"]),
    "multiprocessing.context": (
        OSError,
        PROCESSES,
        ["BaseContext.Manager", "BaseContext.Pipe", "BaseContext.Pool"],
    ),
    "multiprocessing.process": (OSError, PROCESSES, ["BaseProcess.start"]),
}


def patch(module):
    """Makes functions that can't work raise an error with the reason."""
    kind, text, places = UNUSABLE.get(module.__name__, (None, None, ()))
    for place in places:
        owner, _, name = place.rpartition(".")
        setattr(getattr(module, owner) if owner else module, name, refuse(kind, text))


def refuse(kind, text, name=None):
    """A function that raises an error: it is not available, and why."""
    reason = text if name is None else f"{name} is not available: {text}"

    def refuse(*args, **kwargs):
        raise kind(reason)

    return refuse
