"""Whose turn it is: threads as functions that run on top of whoever waits."""

import _thread
import itertools
import sys
import time
from weakref import WeakKeyDictionary

# How many threads may be on the stack for sleep to run yet another one.
DEEP = 32

DEADLOCK = (
    "deadlock: nothing that is left to run can end this wait. There are no threads in the "
    "sandbox: what a thread would do runs while the code that started it waits, and before "
    "that code goes on"
)

_sleep, _monotonic = time.sleep, time.monotonic


class Left(BaseException):
    """Ends a thread that waits for something to do, until there is something."""


class Strand:
    """What runs as a thread: the call itself, a thread, or a worker of an executor."""

    # A thread's first, so that no two have one.
    _idents = itertools.count(_thread.get_ident(), 16)

    def __init__(self, function=None, is_daemon=True, target=None):
        self.ident = next(self._idents)
        self.function = function
        # What the program had the thread run.
        self.target = target
        self.is_daemon = is_daemon
        self.is_done = False
        # How many locks it holds.
        self.held = 0
        # The values of `local` objects, while it does not run.
        self.locals = WeakKeyDictionary()
        # Where in its code it has slept.
        self.places = set()
        # The wait in which it was left: where, what for, and until when.
        self.place = self.can_go_on = self.deadline = None
        # The place of a wait whose time passed while it was left.
        self.timed_out = None

    def is_ready(self):
        if self.can_go_on():
            return True
        if self.deadline is None or _monotonic() < self.deadline:
            return False
        self.timed_out = self.place
        return True


_call = running = Strand()

# Threads that have not begun, and those that were left, in the order in which they run.
new = []
left = []

# What the code below waits for: whether it has come, and until when.
waits = []

# The threads that the call waits for at its end.
joined = []

# All `local` objects, with the arguments that they were made with.
locals_of_threads = WeakKeyDictionary()


def wait(
    is_over,
    timeout=None,
    can_go_on=None,
    first=None,
    runs=lambda strand: True,
    place=None,
    yields=False,
):
    """Runs threads until `is_over()`, for `timeout` seconds at most. Whether it is over.

    A thread that waits for something to do may be left here: `can_go_on` then says when there is
    something. `place` is where in its code it waits. If it `yields`, it runs no others before.
    """
    current = running
    if place is not None and place == current.timed_out:
        # It was left in this wait, has begun again, and comes here again.
        current.timed_out = None
        return is_over()
    deadline = None if timeout is None else _monotonic() + timeout
    below = waits[:] if can_go_on is not None and current.function is not None else []
    if below and yields and not is_over():
        raise _leave(place, can_go_on, deadline)
    waits.append((is_over, deadline))
    try:
        while True:
            strand = _next(first, runs)
            if strand is not None:
                _run(strand)
            if is_over():
                return True
            now = _monotonic()
            # However short the time is, those that were started before have their turn.
            if deadline is not None and now >= deadline and not any(map(runs, new)):
                return False
            if strand is not None:
                continue
            if below and (deadline is None or any(_is_over(below, now))):
                raise _leave(place, can_go_on, deadline)
            times = [deadline, *(one.deadline for one in left if runs(one))]
            times += [until for _, until in below]
            times = [until for until in times if until is not None]
            if not times:
                raise RuntimeError(DEADLOCK)
            _sleep(max(0, min(times) - now))
    finally:
        waits.pop()


def _leave(*wait):
    running.place, running.can_go_on, running.deadline = wait
    return Left()


def _is_over(waits, now):
    return (over() or (until is not None and now >= until) for over, until in waits)


def _next(first, runs):
    """The thread that runs next, if any can."""
    if first in new:
        new.remove(first)
        return first
    for strand in new:
        if runs(strand):
            new.remove(strand)
            return strand
    for strand in left:
        if runs(strand) and strand.is_ready():
            left.remove(strand)
            return strand
    return None


def _run(strand):
    """Runs a thread to its end, or until it is left."""
    strand.places.clear()
    try:
        run_as(strand, strand.function)
    except Left:
        left.append(strand)
    else:
        strand.is_done = True


def run_as(strand, function, *args):
    """Calls `function` at once, as if it were called in a thread."""
    global running
    before, running = running, strand
    _swap(before, strand)
    loop = _leave_loop()
    try:
        return function(*args)
    finally:
        _enter_loop(*loop)
        _swap(strand, before)
        running = before


def _leave_loop():
    """The event loop that runs, and its task: another thread would not be in it."""
    events = sys.modules.get("asyncio.events")
    loop = events and events._get_running_loop()
    if loop is None:
        return None, None
    task = sys.modules["asyncio.tasks"]._swap_current_task(loop, None)
    events._set_running_loop(None)
    return loop, task


def _enter_loop(loop, task):
    if loop is not None:
        sys.modules["asyncio.events"]._set_running_loop(loop)
        sys.modules["asyncio.tasks"]._swap_current_task(loop, task)


def are_there():
    """Whether there is a thread that has not ended."""
    return bool(new or left)


def run_next():
    """Runs a thread that can run, for an event loop that waits. Whether there was one."""
    strand = _next(None, lambda strand: True)
    if strand is None:
        return False
    # The loop may have something to do at any time.
    waits.append((lambda: True, None))
    try:
        _run(strand)
    finally:
        waits.pop()
    return True


def finish():
    """Ends a call as a program ends: with the threads that are no daemons."""
    if not joined:
        return
    try:
        wait(lambda: all(strand.is_done for strand in joined))
    except RuntimeError:
        # They wait for what does not come.
        pass
    forget()


def forget():
    """Has no call wait for the threads that were started until now."""
    joined.clear()


def sleep(seconds):
    """`time.sleep`, while which others run.

    A program that sleeps once gives its services time; one that sleeps in a loop waits for what
    others do. Threads with the same target sleep at the same time. None runs that might wait for a
    lock that the sleeper holds.
    """
    if not (new or left or waits) or running.held or len(waits) >= DEEP or not seconds > 0:
        _sleep(seconds)
        return
    current = running
    frame = sys._getframe(1)
    place = (frame.f_code, frame.f_lasti)
    is_again = place in current.places
    current.places.add(place)

    def runs(strand):
        if is_again:
            return True
        return strand.is_daemon if current is _call else strand.target == current.target

    may_leave = is_again and current.is_daemon
    wait(_never, seconds, can_go_on=_never if may_leave else None, runs=runs)


def _never():
    return False


def _swap(before, after):
    """Puts the values of `local` objects aside, and has them be those of the thread `after`."""
    for one, (args, kwargs) in list(locals_of_threads.items()):
        values = one.__dict__
        before.locals[one] = dict(values)
        values.clear()
        if one in after.locals:
            values.update(after.locals[one])
        elif type(one).__init__ is not object.__init__:
            one.__init__(*args, **kwargs)
