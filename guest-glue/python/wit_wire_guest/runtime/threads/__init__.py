"""Threads without threads: what one would do is done while the code that started it waits.

The names below take the place of those of `_thread` that would need threads; `threading`, `queue`
and what is built on them stay CPython's own. A thread that is started waits its turn. Code that
waits (for a thread, a lock, a queue, an event, or for time to pass) runs those that can go on, on
top of its own stack, until what it waits for has come. If nothing can bring it, that is an error
and no endless wait.

A thread on top can't give way to the code below it and go on later. So a thread that waits for
something to do (in `Queue.get`, `Event.wait` or `Condition.wait`) is left there: an exception ends
it, and once there is something for it to do, its target is called again. A thread that waits for
anything else which only the code below it could bring gets the error.
"""
