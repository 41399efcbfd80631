"""asyncio, where hostcalls and time are all that there is to wait for.

Hostcalls that are awaited together go to the host as one batch, which runs them concurrently and
returns with the first answers. A host that does not know batches runs them one after the other.

A loop that waits can be left: the host asks for that, and the loop stops. It is as if it were still
waiting, and run again it goes on with the answers that were brought to it.
"""

import asyncio
import itertools
import sys
import time
from asyncio import base_events

from componentize_py_types import Err
from wit_world.imports import typegate_wire

from .. import wire_json
from ..errors import hostcall_error
from ..errors.hostcall_error import HostcallError
from ..protocol import BATCH, PARK
from ..runtime.threads import pools, turns

NO_PROCESSES = "there are no processes in the sandbox; use a hostcall instead"

# Shared by all loops, so that no loop takes the answer to a call that another one left behind.
_ids = itertools.count(1)

# Whether the host may know how to park.
_offers_park = True


class Loop(base_events.BaseEventLoop):
    """An event loop without file descriptors, threads and signals."""

    def __init__(self):
        super().__init__()
        # What `BaseEventLoop` waits with.
        self._selector = self.hostcalls = Hostcalls(self)
        # The code that may find the loop parked when `run_forever` returns to it; to all other
        # code, the loop waits.
        self.parks_for = None
        self.is_parked = False

    def park(self):
        """Stops the loop, so that it can be run again as if it had not been stopped."""
        super().stop()
        self.is_parked = True

    def stop(self):
        # Also if it is about to park: somebody else wants it stopped.
        self.is_parked = False
        super().stop()

    def is_idle(self):
        """Whether there is nothing to do before an answer comes or a timer is due."""
        return not self._ready and self.hostcalls.are_begun()

    def run_in_executor(self, executor, func, *args):
        """Calls `func` at once, since there are no threads: other tasks wait."""
        executor = executor or self._default_executor
        if executor is not None:
            return asyncio.wrap_future(executor.submit(func, *args), loop=self)
        future = self.create_future()
        try:
            future.set_result(pools.Worker("asyncio_0").run(func, *args))
        except Exception as error:
            future.set_exception(error)
        return future

    async def subprocess_exec(self, *args, **kwargs):
        raise OSError(NO_PROCESSES)

    subprocess_shell = subprocess_exec

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass

    def close(self):
        if not self.is_closed():
            self.hostcalls.end()
        super().close()


class Hostcalls:
    """The hostcalls that are awaited, by id."""

    def __init__(self, loop):
        self._loop = loop
        self._new = {}
        self._futures = {}
        self._cancelled = []
        # JSON.
        self._brought = None

    def start(self, op, payload):
        """A future of the host's answer."""
        id = next(_ids)
        # First, since it may fail: a payload that can't be encoded leaves no call behind.
        self._new[id] = (op, wire_json.encode(payload))
        self._futures[id] = future = self._loop.create_future()
        future.add_done_callback(lambda future: self._forget(id) if future.cancelled() else None)
        return future

    def _forget(self, id):
        if self._futures.pop(id, None) and not self._new.pop(id, None):
            self._cancelled.append(id)

    def are_begun(self):
        """Whether the host knows of all of them."""
        return not self._new

    def bring(self, answers):
        """Has the loop, which is parked, find `answers` where it goes on."""
        self._brought = answers

    def select(self, timeout):
        """Waits for an answer, for `timeout` seconds at most."""
        if turns.are_there() and turns.run_next():
            return ()
        if self._brought is not None:
            answers, self._brought = self._brought, None
            self._take(answers)
            return ()
        # With neither a time nor a call, there is nothing that a host could wait for.
        waits = self._futures if timeout is None else timeout > 0
        parks = waits and self._may_park()
        if self._futures or self._cancelled or parks:
            self._exchange(timeout, parks)
        elif turns.are_there():
            turns.wait(lambda: bool(self._loop._ready), timeout)
        elif timeout is None:
            raise RuntimeError(
                "deadlock: every task waits for another one, and no hostcall or timer is pending"
            )
        elif timeout > 0:
            time.sleep(timeout)
        return ()

    def _may_park(self):
        """Whether all frames that would have to return are the loop's own, and `parks_for`."""
        code = self._loop.parks_for
        return code is not None and _offers_park and sys._getframe(4).f_code is code

    def _exchange(self, timeout, parks=False):
        new, self._new = self._new, {}
        cancelled, self._cancelled = self._cancelled, []
        calls = ",".join(
            f'{{"id":{id},"op":{wire_json.encode(op)},"payload":{payload}}}'
            for id, (op, payload) in new.items()
        )
        wait = "null" if timeout is None else repr(float(timeout))
        try:
            answers = _batch(f'"calls":[{calls}],"cancel":{cancelled},"wait":{wait}', parks)
        except HostcallError as error:
            if error.code != "op_404":
                raise
            self._one_by_one(new)
            return
        if parks and answers == PARK:
            self._loop.park()
        else:
            self._take(answers)

    def _take(self, answers):
        try:
            answers = wire_json.decode(answers)
        except wire_json.NotJson as error:
            # An answer that Python can't represent. Which call it belongs to is unknown.
            for future in self._futures.values():
                if not future.done():
                    future.set_exception(error)
            self._futures.clear()
            return
        for answer in answers:
            future = self._futures.pop(answer["id"], None)
            if future is None or future.done():
                continue
            if "ok" in answer:
                future.set_result(answer["ok"])
            else:
                error = answer["err"]
                future.set_exception(
                    HostcallError(error["code"], error["message"], error.get("cause"))
                )

    def _one_by_one(self, new):
        for id, (op, payload) in new.items():
            future = self._futures.pop(id, None)
            if future is None or future.done():
                continue
            try:
                future.set_result(wire_json.decode(typegate_wire.hostcall(op, payload)))
            except Err as error:
                future.set_exception(hostcall_error.from_json(error.value))
            except wire_json.NotJson as error:
                future.set_exception(error)

    def end(self):
        """Has the host drop the calls that are still running."""
        self._cancelled += [id for id in self._futures if id not in self._new]
        self._new = {}
        if self._cancelled:
            self._exchange(0)

    def close(self):
        pass


def _batch(fields, parks):
    """The host's answer to a batch; with `parks`, it may ask the guest to park."""
    global _offers_park
    if parks:
        try:
            return _ask(f'{{{fields},"park":true}}')
        except HostcallError as error:
            # From a host that does not know the field, and has begun nothing; or no batches.
            if error.code not in ("op_400", "op_404"):
                raise
            _offers_park = False
            if error.code == "op_404":
                raise
    return _ask(f"{{{fields}}}")


def _ask(payload):
    try:
        return typegate_wire.hostcall(BATCH, payload)
    except Err as error:
        raise hostcall_error.from_json(error.value) from None


def forget():
    """Begins to count hostcalls again, once no loop is left that has made some."""
    global _ids
    _ids = itertools.count(1)


def install():
    """Makes `Loop` the event loop of `asyncio.run` and similar functions."""
    asyncio.EventLoop = asyncio.SelectorEventLoop = Loop
    asyncio.unix_events._UnixDefaultEventLoopPolicy._loop_factory = Loop
