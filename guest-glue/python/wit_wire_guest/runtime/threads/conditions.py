"""Conditions, on which events, queues, semaphores and futures are built."""

import sys

from . import turns


def patch(threading):
    """Has conditions wait with `wait`."""
    threading.Condition.wait = _wait_for_notice
    threading.Condition.notify = _notify


class _Waiter:
    """In a condition's list of those who wait: told once, as a lock that is released would be."""

    is_told = False

    def release(self):
        self.is_told = True

    def told(self):
        return self.is_told


def _wait_for_notice(self, timeout=None):
    if not self._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    waiter = _Waiter()
    self._waiters.append(waiter)
    saved = self._release_save()
    is_told = False
    try:
        place, gets, is_idle = _place(sys._getframe(1))
        seen = self.__dict__.get("_notices", 0)
        can_go_on = (lambda: self.__dict__.get("_notices", 0) != seen) if is_idle else None
        timeout = timeout and max(timeout, 0)
        # One that waits for a time may have gathered what it got until now.
        yields = gets and timeout is None
        is_told = turns.wait(waiter.told, timeout, can_go_on, place=place, yields=yields)
        return is_told
    finally:
        self._acquire_restore(saved)
        if not is_told and waiter in self._waiters:
            self._waiters.remove(waiter)


def _notify(self, n=1):
    if not self._is_owned():
        raise RuntimeError("cannot notify on un-acquired lock")
    # Also if nobody waits: threads that were left do.
    self._notices = self.__dict__.get("_notices", 0) + 1
    for _ in range(min(n, len(self._waiters))):
        self._waiters.popleft().release()


def _place(frame):
    """Where code waits; whether it does in a queue's `get`, and for something to do."""
    within = set()
    while frame.f_globals.get("__name__") == "threading":
        within.add(frame.f_code.co_name)
        frame = frame.f_back
    module = frame.f_globals.get("__name__")
    gets = module == "queue" and frame.f_code.co_name == "get"
    while frame.f_globals.get("__name__") == "queue":
        frame = frame.f_back
    # Semaphores and barriers are made of conditions, too.
    is_own = module not in ("queue", "concurrent.futures._base") and within.isdisjoint(
        {"acquire", "_wait", "_enter"}
    )
    return (frame.f_code, frame.f_lasti), gets, gets or is_own
