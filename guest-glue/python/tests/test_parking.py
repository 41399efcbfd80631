"""Coroutines that give their instance back while they wait, on a host that parks them at random."""

import gc
import json
import logging
import random
import sys
import unittest
from pathlib import Path
from unittest import mock

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "fakes"), str(HERE.parent)]

from parking_host import FIELDS, Host, ask  # noqa: E402
from wit_world.exports import mat_wire  # noqa: E402

from wit_wire_guest import app  # noqa: E402
from wit_wire_guest.runtime import randomness  # noqa: E402


def load(source, ty="def"):
    app.forget()
    data = {"ty": ty, "func_name": "f", "source": source}
    ops = [mat_wire.MatInfo("f", "f", json.dumps(data))]
    app.MatWire().init(mat_wire.InitArgs(ops, "0.0.1"))


def call(host, value=3):
    """The outcome of a call, which is resumed as often as it takes."""
    answer = ask("f", json.dumps(value))
    while answer == "wit-wire:parked":
        answer = ask("wit-wire:resume", host.answers())
    if isinstance(answer, str):
        return json.loads(answer)
    failure = json.loads(answer.value)
    return {key: failure.get(key) for key in ("type", "message", "traceback", "exceptions")}


# Each logs what happens in which order.
PROGRAMS = {
    "one after the other": """
async def f(n, ctx):
    return [await ctx.hostcall('same', i) for i in range(n)]
""",
    "together": """
async def f(n, ctx):
    return await asyncio.gather(*(ctx.hostcall('same', n - i) for i in range(n)))
""",
    "sleep": """
async def f(n):
    before = asyncio.get_running_loop().time()
    await asyncio.sleep(n)
    return asyncio.get_running_loop().time() - before
""",
    "sleeps that end in the middle": """
async def f(n, ctx):
    log = []
    async def tick(seconds):
        for i in range(n):
            await asyncio.sleep(seconds)
            log.append([seconds, i])
    async def ask(seconds):
        log.append(await ctx.hostcall('same', seconds))
    async with asyncio.TaskGroup() as group:
        for seconds in (1, 0.75, 0.3):
            group.create_task(tick(seconds))
            group.create_task(ask(seconds * 1.4))
    return log
""",
    "a group that fails": """
async def f(n, ctx):
    async def ask(op, seconds):
        try:
            return await ctx.hostcall(op, seconds)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
            raise
    async with asyncio.TaskGroup() as group:
        group.create_task(ask('never', 0))
        group.create_task(ask('fail', 1))
        group.create_task(ask('fail', 1))
""",
    "timeouts inside each other": """
async def f(n, ctx):
    log = []
    try:
        async with asyncio.timeout(3):
            for seconds in (1, 1.5, 9):
                try:
                    async with asyncio.timeout(1.2):
                        log.append(await ctx.hostcall('same', seconds))
                except TimeoutError:
                    log.append('inner')
    except TimeoutError:
        log.append('outer')
    try:
        await asyncio.wait_for(ctx.hostcall('never'), 1)
    except TimeoutError:
        log.append('wait_for')
    return log
""",
    "queue, lock, condition": """
async def f(n, ctx):
    queue, lock, log = asyncio.Queue(1), asyncio.Lock(), []
    async def produce():
        for i in range(n):
            async with lock:
                await queue.put(await ctx.hostcall('same', i))
        await queue.put(None)
    async def consume():
        while (item := await queue.get()) is not None:
            await asyncio.sleep(0.5)
            log.append(item)
    await asyncio.gather(produce(), consume())
    return log
""",
    "cancelling": """
async def f(n, ctx):
    log = []
    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            log.append(await ctx.hostcall('same', 1))
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(1)
    task.cancel()
    await task
    waiting = asyncio.create_task(ctx.hostcall('never'))
    done, pending = await asyncio.wait([waiting, asyncio.create_task(asyncio.sleep(1))],
                                       return_when=asyncio.FIRST_COMPLETED)
    return log + [len(done), len(pending)]
""",
    "cancelled itself": """
async def f(n, ctx):
    asyncio.get_running_loop().call_later(1, asyncio.current_task().cancel)
    await ctx.hostcall('never')
""",
    "an exception": """
async def inner(ctx):
    await ctx.hostcall('fail', 1)

async def f(n, ctx):
    await asyncio.gather(inner(ctx), asyncio.sleep(n))
""",
    "async generators": """
log = []
async def count(n, ctx):
    try:
        for i in range(n):
            yield await ctx.hostcall('same', i)
    finally:
        await asyncio.sleep(1)
        log.append('closed')

async def f(n, ctx):
    async for i in count(n, ctx):
        log.append(i)
        if i == 1:
            break
    return log
""",
    "what is left behind": """
log = []
async def later(ctx):
    try:
        await ctx.hostcall('never')
    finally:
        await asyncio.sleep(1)
        log.append('ended')

async def f(n, ctx):
    asyncio.create_task(later(ctx))
    await asyncio.sleep(1)
    return log
""",
    "contexts": """
import contextvars
var = contextvars.ContextVar('var', default=0)

async def f(n, ctx):
    async def set(value):
        var.set(value)
        await ctx.hostcall('same', value)
        return var.get()
    var.set(9)
    return await asyncio.gather(*(set(i) for i in range(n))) + [var.get()]
""",
    "an eager task that a timer starts": """
async def f(n, ctx):
    loop, found = asyncio.get_running_loop(), []
    async def ask():
        found.append(await ctx.hostcall('same', 1))
    if hasattr(asyncio, 'eager_task_factory'):
        loop.set_task_factory(asyncio.eager_task_factory)
    loop.call_later(1, lambda: found.append(asyncio.ensure_future(ask())))
    await asyncio.sleep(3)
    return found[1:]
""",
    "a timer that is due at once": """
async def f(n, ctx):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_later(1e-9, future.set_result, 'done')
    return await future
""",
    "stopping the loop": """
async def f(n, ctx):
    await asyncio.sleep(1)
    asyncio.get_running_loop().stop()
    await asyncio.sleep(1)
""",
    "stopping the loop by a timer": """
async def f(n, ctx):
    asyncio.get_running_loop().call_later(1, asyncio.get_running_loop().stop)
    await ctx.hostcall('never')
""",
    "exit": """
async def f(n):
    await asyncio.sleep(1)
    raise SystemExit(3)
""",
    "interrupt in a task": """
async def f(n):
    async def inner():
        await asyncio.sleep(1)
        raise KeyboardInterrupt
    await asyncio.gather(inner(), asyncio.sleep(5))
""",
    "a deadlock": """
async def f(n, ctx):
    await ctx.hostcall('same', 1)
    await asyncio.Event().wait()
""",
    "a deadlock after cancelling": """
async def f(n, ctx):
    task = asyncio.create_task(ctx.hostcall('never'))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.Event().wait()
""",
    "annotations": """
async def f(n: float, ctx) -> list[str]:
    return [await ctx.hostcall('same', n)]
""",
    "no JSON": """
async def f(n, ctx):
    await ctx.hostcall('same', 1)
    return {1, 2}
""",
    "a future": """
def f(n, ctx):
    class Later:
        def __await__(self):
            return (yield from ctx.hostcall('same', n).__await__())
    return Later()

import inspect
f = inspect.markcoroutinefunction(f) if hasattr(inspect, 'markcoroutinefunction') else f
""",
}


class Parking(unittest.TestCase):
    def setUp(self):
        self.addCleanup(app.forget)
        # What asyncio says of tasks that were interrupted.
        logger = logging.getLogger("asyncio")
        self.addCleanup(logger.setLevel, logger.level)
        self.addCleanup(gc.collect)
        logger.setLevel(logging.CRITICAL + 1)
        modules = dict(sys.modules)
        finders = list(sys.meta_path), list(sys.path_hooks)
        self.addCleanup(lambda: [sys.modules.pop(n) for n in set(sys.modules) - set(modules)])
        self.addCleanup(lambda: sys.meta_path.__setitem__(slice(None), finders[0]))
        self.addCleanup(lambda: sys.path_hooks.__setitem__(slice(None), finders[1]))

    def outcome(self, source, host):
        load(f"import asyncio\n{source}")
        with host:
            return call(host)

    def test_a_call_that_is_parked_goes_on_as_if_nothing_had_been(self):
        for name, source in PROGRAMS.items():
            if name == "a future" and sys.version_info < (3, 12):
                continue
            never = Host()
            expected = self.outcome(source, never)
            for seed in range(12):
                chance = random.Random(seed)
                often = seed / 11
                host = Host(lambda: chance.random() <= often)
                with self.subTest(name, seed=seed):
                    self.assertEqual(self.outcome(source, host), expected)
                    self.assertEqual((host.now, host.slept), (never.now, never.slept))
            with self.subTest(name, host="always parks"):
                self.assertGreater(host.parked, 0)
                # While it cleans up, which does not park.
                cleans_up = name in ("what is left behind", "async generators")
                self.assertEqual(host.slept, 1 if cleans_up else 0)
            with self.subTest(name, host="knows no parking"):
                older = Host(fields=FIELDS - {"park"})
                self.assertEqual(self.outcome(source, older), expected)
                self.assertEqual(older.now, never.now)

    def test_results(self):
        # That the comparison above compares something.
        for name, expected in {
            "one after the other": [0, 1, 2],
            "timeouts inside each other": [1, "inner", "outer", "wait_for"],
            "an eager task that a timer starts": [1],
            "cancelling": [1, 1, 1],
        }.items():
            with self.subTest(name):
                self.assertEqual(self.outcome(PROGRAMS[name], Host(lambda: True)), expected)
        for name, kind, message in [
            ("stopping the loop", "RuntimeError", "Event loop stopped before Future completed."),
            ("stopping the loop by a timer", "RuntimeError", "Event loop stopped before"),
            ("a deadlock", "RuntimeError", "deadlock"),
            ("a deadlock after cancelling", "RuntimeError", "deadlock"),
            ("exit", "SystemExit", "3"),
            ("interrupt in a task", "KeyboardInterrupt", ""),
            ("cancelled itself", "CancelledError", ""),
            ("annotations", "ResultError", "$[0]: expected a string"),
            ("no JSON", "TypeError", "set"),
        ]:
            with self.subTest(name):
                failure = self.outcome(PROGRAMS[name], Host(lambda: True))
                self.assertEqual(failure["type"], kind)
                self.assertIn(message, failure["message"])
                self.assertNotIn("wit_wire_guest", failure["traceback"])

    def test_a_host_without_batches(self):
        for name in ("one after the other", "together", "sleep"):
            with self.subTest(name):
                host = Host(has_batches=False)
                expected = self.outcome(PROGRAMS[name], Host())
                self.assertEqual(self.outcome(PROGRAMS[name], host), expected)

    def test_a_host_that_does_not_know_the_field_is_asked_once(self):
        load(f"import asyncio\n{PROGRAMS['sleeps that end in the middle']}")
        host = Host(fields=FIELDS - {"park"})
        with host, mock.patch.object(host, "batch", wraps=host.batch) as batch:
            call(host)
        offered = [args[0][0] for args in batch.call_args_list if "park" in args[0][0]]
        self.assertEqual(len(offered), 1)
        self.assertGreater(host.slept, 0)

    def test_a_sleep_is_a_batch(self):
        host = Host()
        self.assertEqual(self.outcome(PROGRAMS["sleep"], host), 3)
        batch = {"calls": [], "cancel": [], "wait": 3.0, "park": True}
        self.assertEqual(host.batches, [batch])

    def test_parking_is_offered_only_where_the_loop_is_the_calls_own(self):
        for name, source in {
            "a loop in an ordinary function": """
def f(n):
    from wit_wire_guest.calls.loop import Loop
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(asyncio.sleep(n, 'slept'))
""",
            "a loop of the user's own": """
def f(n):
    from wit_wire_guest.calls.loop import Loop
    loop = Loop()
    try:
        return loop.run_until_complete(asyncio.sleep(n, 'slept'))
    finally:
        loop.close()
""",
            "cleaning up": """
async def f(n, ctx):
    async def stubborn():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(n)
            await ctx.hostcall('same', n)
    asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    return 'slept'
""",
            "a loop that is run inside itself": """
async def f(n, ctx):
    # As the package nest_asyncio does it.
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    asyncio._leave_task(loop, task)
    inner = loop.create_task(asyncio.sleep(n, 'slept'))
    while not inner.done():
        loop._run_once()
    asyncio._enter_task(loop, task)
    return inner.result()
""",
        }.items():
            with self.subTest(name):
                host = Host(lambda: True)
                self.assertEqual(self.outcome(source, host), "slept")
                self.assertEqual([b for b in host.batches if "park" in b], [])
                self.assertGreaterEqual(host.now, 3)

    def test_a_profile_is_not_parked(self):
        load(f"import asyncio\n{PROGRAMS['sleep']}")
        with Host(lambda: True) as host:
            profile = json.loads(ask("wit-wire:profile", '{"op": "f", "input": "3"}'))
        self.assertEqual((profile["output"], host.parked), ("3.0", 0))

    def test_the_request_to_park_is_void_if_there_is_something_to_do(self):
        host = Host()
        source = PROGRAMS["a timer that is due at once"]

        def parks():
            # Meanwhile the time has come.
            host.now += 1
            return True

        host.parks = parks
        load(f"import asyncio\n{source}")
        with host:
            self.assertEqual(ask("f", "3"), '"done"')
        self.assertEqual(host.parked, 1)

    def test_only_what_is_parked_can_be_resumed(self):
        no_handler = mat_wire.HandleErr_NoHandler()
        app.forget()
        self.assertEqual(ask("wit-wire:resume", "[]"), no_handler)
        self.assertEqual(ask("wit-wire:reseed", "null"), no_handler)
        load(f"import asyncio\n{PROGRAMS['sleep']}")
        self.assertEqual(ask("wit-wire:resume", "[]"), no_handler)
        with Host(lambda: True) as host:
            self.assertEqual(call(host), 3)
            self.assertEqual(ask("wit-wire:resume", "[]"), no_handler)

    def test_answers_that_python_cannot_represent_fail_the_calls(self):
        load(PROGRAMS["one after the other"])
        with Host(lambda: True):
            self.assertEqual(ask("f", "3"), "wit-wire:parked")
            failure = json.loads(ask("wit-wire:resume", '[{"id": 1, "ok": 1e999}]').value)
        self.assertEqual(failure["type"], "NotJson")

    def test_being_resumed_too_early_is_waiting_once_more(self):
        load(f"import asyncio\n{PROGRAMS['sleep']}")
        with Host(lambda: True) as host:
            self.assertEqual(ask("f", "3"), "wit-wire:parked")
            host.now += 1
            self.assertEqual(ask("wit-wire:resume", "[]"), "wit-wire:parked")
            self.assertEqual(host.waits_for["wait"], 2)
            host.now += 2
            self.assertEqual(ask("wit-wire:resume", "[]"), "3.0")

    def test_other_calls_are_served_meanwhile_and_do_not_park(self):
        load(f"import asyncio\n{PROGRAMS['one after the other']}")
        with Host(lambda: True) as host:
            self.assertEqual(ask("f", "3"), "wit-wire:parked")
            waits_for, first = host.waits_for, dict(host.in_flight)
            host.in_flight.clear()
            self.assertEqual(ask("f", "2"), "[0,1]")
            host.in_flight, host.waits_for = first, waits_for
            answer = ask("wit-wire:resume", host.answers())
            while answer == "wit-wire:parked":
                answer = ask("wit-wire:resume", host.answers())
            self.assertEqual(answer, "[0,1,2]")

    def test_a_guest_that_is_reseeded_draws_other_numbers(self):
        source = """
import asyncio, random
async def f(n):
    await asyncio.sleep(n)
    return random.random()
"""
        with mock.patch.object(randomness, "renew") as renew, Host(lambda: True) as host:
            load(source)
            self.assertEqual(ask("f", "3"), "wit-wire:parked")
            renew.reset_mock()
            self.assertEqual(ask("wit-wire:resume", "[]"), "wit-wire:parked")
            renew.assert_not_called()
            self.assertEqual(ask("wit-wire:reseed", "null"), "null")
            host.now += 3
            renew.assert_not_called()
            ask("wit-wire:resume", "[]")
            renew.assert_called_once_with()

    def test_output_is_flushed_when_a_call_parks(self):
        load("import asyncio\nasync def f(n):\n    print('before')\n    await asyncio.sleep(n)\n")
        with Host(lambda: True) as host, mock.patch.object(sys, "stdout") as stdout:
            self.assertEqual(ask("f", "3"), "wit-wire:parked")
            stdout.flush.assert_called_once_with()
            host.now += 3
            self.assertEqual(ask("wit-wire:resume", "[]"), "null")


if __name__ == "__main__":
    unittest.main()
