"""Modules of the standard library that can't work in a guest: why not, and what to use instead."""

import sys

HOSTCALL = "use a hostcall instead"
NO_TERMINAL = "there is no terminal"
NO_PROCESSES = (
    "there are no processes; functions that wait can be coroutines, "
    "and the host can run several calls at once"
)
NO_USERS = "there are no users"
WINDOWS = "it is part of Windows"
NOT_BUILT = "CPython for WASI is built without it"

# By name: why it is missing, and what to do.
REASONS = {
    "_multiprocessing": NO_PROCESSES,
    "_remote_debugging": NO_PROCESSES,
    "concurrent.interpreters": "there is one interpreter; the host can run several calls at once",
    "curses": NO_TERMINAL,
    "dbm.gnu": f"{NOT_BUILT}; use sqlite3",
    "dbm.ndbm": f"{NOT_BUILT}; use sqlite3",
    "encodings.mbcs": WINDOWS,
    "encodings.oem": WINDOWS,
    "ensurepip": "packages come with the program, or are part of the image",
    "fcntl": "there are no files",
    "grp": NO_USERS,
    "idlelib": NO_TERMINAL,
    "mmap": "there are no files; use bytearray or memoryview",
    "msvcrt": WINDOWS,
    "multiprocessing.popen_fork": NO_PROCESSES,
    "multiprocessing.popen_forkserver": NO_PROCESSES,
    "multiprocessing.popen_spawn_posix": NO_PROCESSES,
    "multiprocessing.popen_spawn_win32": NO_PROCESSES,
    "nt": WINDOWS,
    "pty": NO_TERMINAL,
    "pwd": NO_USERS,
    "pydoc_data": "it is part of the interactive help",
    "readline": NO_TERMINAL,
    "resource": "the host sets the limits",
    "ssl": f"there are no sockets; {HOSTCALL}",
    "syslog": "there is no system log: print and logging reach the host",
    "termios": NO_TERMINAL,
    "tkinter": "there is no screen",
    "tty": NO_TERMINAL,
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
    "threading": (
        RuntimeError,
        "can't start new thread: there are no threads in the sandbox; "
        "coroutines can wait concurrently, and asyncio.to_thread calls the function at once",
        ["Thread.start"],
    ),
}


def patch(module):
    """Makes functions that can't work raise an error with the reason."""
    kind, text, places = UNUSABLE.get(module.__name__, (None, None, ()))
    for place in places:
        owner, _, name = place.rpartition(".")
        setattr(getattr(module, owner) if owner else module, name, _refuse(kind, text))


def _refuse(kind, text):
    def refuse(*args, **kwargs):
        raise kind(text)

    return refuse
