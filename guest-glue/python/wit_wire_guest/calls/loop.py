"""asyncio, where hostcalls and time are all that there is to wait for.

Hostcalls that are awaited together go to the host as one batch, which runs them concurrently and
returns with the first answers. A host that does not know batches runs them one after the other.
"""

import asyncio
import itertools
import time
from asyncio import base_events

from componentize_py_types import Err
from wit_world.imports import typegate_wire

from .. import wire_json
from ..errors import hostcall_error
from ..errors.hostcall_error import HostcallError
from ..protocol import BATCH

# Shared by all loops, so that no loop takes the answer to a call that another one left behind.
_ids = itertools.count(1)


class Loop(base_events.BaseEventLoop):
    """An event loop without file descriptors, threads and signals."""

    def __init__(self):
        super().__init__()
        # What `BaseEventLoop` waits with.
        self._selector = self.hostcalls = Hostcalls(self)

    def run_in_executor(self, executor, func, *args):
        """Calls `func` at once, since there are no threads: other tasks wait."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

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

    def select(self, timeout):
        """Waits for an answer, for `timeout` seconds at most."""
        if self._futures or self._cancelled:
            self._exchange(timeout)
        elif timeout is None:
            raise RuntimeError(
                "deadlock: every task waits for another one, and no hostcall or timer is pending"
            )
        elif timeout > 0:
            time.sleep(timeout)
        return ()

    def _exchange(self, timeout):
        new, self._new = self._new, {}
        cancelled, self._cancelled = self._cancelled, []
        calls = ",".join(
            f'{{"id":{id},"op":{wire_json.encode(op)},"payload":{payload}}}'
            for id, (op, payload) in new.items()
        )
        wait = "null" if timeout is None else repr(float(timeout))
        try:
            answers = typegate_wire.hostcall(
                BATCH, f'{{"calls":[{calls}],"cancel":{cancelled},"wait":{wait}}}'
            )
        except Err as error:
            refused = hostcall_error.from_json(error.value)
            if refused.code != "op_404":
                raise refused from None
            self._one_by_one(new)
            return
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


def run(coroutine):
    """Runs `coroutine` and returns its result. Tasks that it leaves behind are cancelled."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(coroutine)


def install():
    """Makes `Loop` the event loop of `asyncio.run` and similar functions."""
    asyncio.EventLoop = asyncio.SelectorEventLoop = Loop
    asyncio.unix_events._UnixDefaultEventLoopPolicy._loop_factory = Loop
