"""The locks of `_thread`."""

from . import turns


class Lock:
    """`_thread.lock`."""

    __slots__ = ("__weakref__", "_owner")

    def __init__(self):
        self._owner = None

    def acquire(self, blocking=True, timeout=-1):
        if self._owner is not None and not _may_wait(self._is_free, blocking, timeout):
            return False
        self._owner = turns.running
        turns.running.held += 1
        return True

    __enter__ = acquire_lock = acquire

    def release(self):
        if self._owner is None:
            raise RuntimeError("release unlocked lock")
        self._owner.held -= 1
        self._owner = None

    release_lock = release

    def __exit__(self, *exception):
        self.release()

    def _is_free(self):
        return self._owner is None

    def __del__(self):
        if self._owner is not None:
            self._owner.held -= 1

    def locked(self):
        return self._owner is not None

    locked_lock = locked

    def _at_fork_reinit(self):
        self._owner = None

    def __reduce__(self):
        raise TypeError(f"cannot pickle '{type(self).__name__}' object")

    def __repr__(self):
        state = "locked" if self.locked() else "unlocked"
        return f"<{state} {type(self).__module__}.{type(self).__name__} object at {id(self):#x}>"


class RLock(Lock):
    """`_thread.RLock`."""

    __slots__ = ("_count",)

    def __init__(self):
        self._owner = None
        self._count = 0

    def acquire(self, blocking=True, timeout=-1):
        if self._owner is not turns.running:
            if not Lock.acquire(self, blocking, timeout):
                return False
        self._count += 1
        return True

    __enter__ = acquire

    def release(self):
        if self._owner is not turns.running:
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            Lock.release(self)

    def _is_owned(self):
        return self._owner is turns.running

    def _recursion_count(self):
        return self._count if self._is_owned() else 0

    def _release_save(self):
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        count, self._count = self._count, 0
        Lock.release(self)
        return count

    def _acquire_restore(self, count):
        Lock.acquire(self)
        self._count = count

    def _at_fork_reinit(self):
        self.__init__()


def _may_wait(is_free, blocking, timeout):
    if not blocking:
        if timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        return False
    if timeout < 0 and timeout != -1:
        raise ValueError("timeout value must be a non-negative number")
    return turns.wait(is_free, None if timeout == -1 else timeout)
