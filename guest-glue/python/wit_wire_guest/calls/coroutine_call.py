"""A call of a coroutine function, which can be left while it waits.

All that a coroutine has while it waits is in memory, except the frames that wait: from `run` below
to the loop's `select`. Once they have returned, the call can go on wherever its memory is.
"""

import asyncio
import contextvars
from asyncio import base_events

from .loop import Loop

# What `run` returns for a call that waits.
PARKED = object()


class CoroutineCall:
    """A coroutine in a loop of its own, as `asyncio.run` would run it."""

    def __init__(self, awaitable, write=None, context=None):
        """`write` converts the result. `context` is a copy of the current one if not given."""
        self._write = write
        self._runner = asyncio.Runner(loop_factory=Loop)
        self._loop = self._runner.get_loop()
        coroutine = awaitable if asyncio.iscoroutine(awaitable) else _await(awaitable)
        if context is None:
            context = contextvars.copy_context()
        self._task = self._loop.create_task(coroutine, context=context)

    def bring(self, answers):
        """The call, which is parked and will go on with `answers`, the JSON of a batch's answer."""
        self._loop.hostcalls.bring(answers)
        return self

    def run(self, may_park):
        """The result, or `PARKED`: then the host has been told what the call waits for.

        Tasks that the coroutine leaves behind are cancelled.
        """
        is_parked = False
        try:
            is_parked = self._step(may_park)
            if is_parked:
                return PARKED
            if not self._task.done():
                raise RuntimeError("Event loop stopped before Future completed.")
            result = self._task.result()
        finally:
            if not is_parked:
                self._close()
        return result if self._write is None else self._write(result)

    def _close(self):
        # The runner would run the loop twice more, which takes longer than many calls.
        if self._loop._asyncgens or asyncio.all_tasks(self._loop):
            self._runner.close()
        else:
            self._loop.close()

    def _step(self, may_park):
        """Runs the loop until it is stopped, and tells whether that was to park."""
        loop, ended = self._loop, base_events._run_until_complete_cb
        loop.parks_for = CoroutineCall._step.__code__ if may_park else None
        loop.is_parked = False
        self._task.add_done_callback(ended)
        try:
            loop.run_forever()
            # Timers that were due as it parked have left something to do.
            while loop.is_parked and not loop.is_idle():
                loop.is_parked = False
                loop.run_forever()
            return loop.is_parked
        finally:
            self._task.remove_done_callback(ended)


async def _await(awaitable):
    return await awaitable
