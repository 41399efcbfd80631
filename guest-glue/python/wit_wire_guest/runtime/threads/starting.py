"""How threads are started and joined, and what is a thread's own."""

import _thread
import functools
import sys
import time

from . import turns
from .locks import Lock, RLock
from .turns import Left, Strand


class ThreadHandle:
    """`_thread._ThreadHandle`: a thread as it is joined."""

    def __init__(self, strand=None):
        self._strand = strand

    @property
    def ident(self):
        return 0 if self._strand is None else self._strand.ident

    def is_done(self):
        return self._strand is not None and self._strand.is_done

    def _set_done(self):
        if self._strand is None:
            raise RuntimeError("thread not started")
        self._strand.is_done = True

    def join(self, timeout=None):
        if self._strand is None:
            raise RuntimeError("thread not started")
        if not self._strand.is_done:
            # A thread that waits for this one waits for a result, and is not left.
            turns.wait(self.is_done, timeout, first=self._strand)


def start_joinable_thread(function, handle=None, daemon=True):
    """`_thread.start_joinable_thread`: the thread runs when somebody waits."""
    thread = getattr(function, "__self__", None)
    threading = sys.modules.get("threading")
    is_thread = threading is not None and isinstance(thread, threading.Thread)
    strand = Strand(functools.partial(_body, thread) if is_thread else function, daemon, function)
    if is_thread:
        strand.target = getattr(thread, "_target", None) or type(thread).run
        note(threading, thread, strand)
        threading._limbo.pop(thread, None)
    if handle is None:
        handle = ThreadHandle()
    handle._strand = strand
    turns.new.append(strand)
    if not daemon:
        turns.joined.append(strand)
    return handle


def note(threading, thread, strand):
    """Has `thread` be one that runs, and be found as the current one."""
    thread._ident = thread._native_id = strand.ident
    thread._started.set()
    threading._active[strand.ident] = thread


def _body(thread):
    """What runs as a `threading.Thread`."""
    # `run` deletes these at its end, which is not the thread's if it is left.
    names = ("_target", "_args", "_kwargs")
    saved = {name: getattr(thread, name) for name in names if hasattr(thread, name)}
    try:
        thread._context.run(thread.run)
    except Left:
        vars(thread).update(saved)
        raise
    except BaseException:
        thread._invoke_excepthook(thread)
    thread._delete()


def start_new_thread(function, args, kwargs=None, /):
    """`_thread.start_new_thread`."""

    def run():
        try:
            function(*args, **(kwargs or {}))
        except Left:
            raise
        except SystemExit:
            pass
        except BaseException as error:
            unraisable = (type(error), error, error.__traceback__, None)
            _thread._excepthook(_thread._ExceptHookArgs(unraisable))

    strand = Strand(run)
    turns.new.append(strand)
    return strand.ident


def get_ident():
    return turns.running.ident


def _thread_count():
    return len(turns.new) + len(turns.left)


class local(_thread._local):  # noqa: N801
    """`_thread._local`: each thread has values of its own."""

    def __new__(cls, /, *args, **kwargs):
        self = super().__new__(cls, *args, **kwargs)
        try:
            turns.locals_of_threads[self] = (args, kwargs)
        except TypeError:
            # Of a class whose objects can't be hashed: all threads share its values.
            pass
        return self


def install():
    """Has `_thread` and `time` give these. Before `threading` is imported."""
    for kind, name in (
        (Lock, "lock"),
        (RLock, "RLock"),
        (local, "_local"),
        (ThreadHandle, "_ThreadHandle"),
    ):
        kind.__module__, kind.__name__, kind.__qualname__ = "_thread", name, name
        setattr(_thread, name, kind)
    _thread.LockType = _thread.allocate_lock = _thread.allocate = Lock
    _thread.start_joinable_thread = start_joinable_thread
    _thread.start_new_thread = _thread.start_new = start_new_thread
    _thread.get_ident = _thread.get_native_id = get_ident
    _thread._count = _thread_count
    time.sleep = turns.sleep
