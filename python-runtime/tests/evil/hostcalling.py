"""Hostcalls: too many, too large, in odd names, made together, left behind, and those that are the host's own."""

import asyncio
import json
import sys
import threading

from wit_world.imports import typegate_wire


def flood(_, ctx):
    for n in range(10**6):
        ctx.hostcall("echo", n)


async def flood_of_coroutines(_, ctx):
    await asyncio.gather(*(ctx.hostcall("echo", n) for n in range(100_000)))


async def many_that_never_end(_, ctx):
    calls = [ctx.hostcall("never") for _ in range(500)]
    done, waiting = await asyncio.wait([asyncio.ensure_future(call) for call in calls], timeout=0.01)
    return len(done), len(waiting)


async def some_that_never_end(_, ctx):
    never = [asyncio.ensure_future(ctx.hostcall("never")) for _ in range(100)]
    answers = await asyncio.gather(*(ctx.hostcall("echo", n) for n in range(100)))
    return sum(answers), sum(call.done() for call in never)


async def left_behind(_, ctx):
    asyncio.ensure_future(ctx.hostcall("never"))
    return await ctx.hostcall("echo", "gone on")


async def swallows_being_cancelled(_, ctx):
    async def stubborn():
        for _ in range(3):
            try:
                await ctx.hostcall("never")
            except asyncio.CancelledError:
                pass
        return "went on"

    task = asyncio.ensure_future(stubborn())
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    return await task


def large_payload(_, ctx):
    return len(ctx.hostcall("echo", "x" * (2 << 20)))


async def large_payloads_together(_, ctx):
    await asyncio.gather(*(ctx.hostcall("never", "x" * 100_000) for _ in range(100)))


def large_answer(_, ctx):
    return len(ctx.hostcall("large", 2 << 20))


async def large_answers_together(_, ctx):
    answers = await asyncio.gather(*(ctx.hostcall("large", 100_000) for _ in range(100)))
    return sum(map(len, answers))


def large_error(_, ctx):
    ctx.hostcall("fails", 1 << 19)


def too_large_error(_, ctx):
    ctx.hostcall("fails", 2 << 20)


def panic_of_the_host(_, ctx):
    ctx.hostcall("panics")


# Payloads and names.


def payload_that_is_no_json(_, ctx):
    ctx.hostcall("echo", {1, 2})


def payload_within_itself(_, ctx):
    value = []
    value.append(value)
    ctx.hostcall("echo", value)


def payload_not_a_number(_, ctx):
    ctx.hostcall("echo", float("nan"))


def payload_with_a_lone_surrogate(_, ctx):
    ctx.hostcall("echo", "\ud800")


def payload_with_a_huge_number(_, ctx):
    return ctx.hostcall("echo", 10**400)


def unknown_name(_, ctx):
    ctx.hostcall("other")


def empty_name(_, ctx):
    ctx.hostcall("")


def name_with_odd_characters(_, ctx):
    ctx.hostcall("echo\0\n\x1b[2J")


def name_with_a_lone_surrogate(_, ctx):
    ctx.hostcall("\ud800")


def name_of_half_a_megabyte(_, ctx):
    ctx.hostcall("x" * (1 << 19))


def name_of_two_megabytes(_, ctx):
    ctx.hostcall("x" * (2 << 20))


def name_that_is_no_text(_, ctx):
    ctx.hostcall(7)


def name_that_lies(_, ctx):
    class Lies(str):
        def __str__(self):
            return "never"

        def encode(self, *_):
            return b"never"

    return ctx.hostcall(Lies("echo"), 1)


async def name_that_lies_awaited(_, ctx):
    class Lies(str):
        def __str__(self):
            return '"}],"calls":[{"id":1,"op":"never'

    return await ctx.hostcall(Lies("echo"), 1)


def traversal(_, ctx):
    ctx.hostcall("../echo", 1)


def graphql(_, ctx):
    ctx.gql("query { secrets }")


# The host's own.


def reserved_name(_, ctx):
    ctx.hostcall("wit-wire:shutdown")


def file_outside(_, ctx):
    ctx.hostcall("wit-wire:file", "../../etc/passwd")


def file_at_the_root(_, ctx):
    ctx.hostcall("wit-wire:file", "/etc/passwd")


def file_without_a_path(_, ctx):
    ctx.hostcall("wit-wire:file", {"path": "x"})


def files_of_all(_, ctx):
    return ctx.hostcall("wit-wire:files", ""), ctx.hostcall("wit-wire:files", "/"), ctx.hostcall("wit-wire:files", "..")


def panic_that_is_none(_, ctx):
    ctx.hostcall("wit-wire:panic", "I did not")
    return "gone on"


def panic_and_crash(_, ctx):
    _told(ctx, "it was the host")


def _told(ctx, text):
    import faulthandler

    ctx.hostcall("wit-wire:panic", text)
    faulthandler._sigsegv()


def panic_of_a_megabyte(_, ctx):
    ctx.hostcall("wit-wire:panic", "x" * (1 << 20))


def panic_without_a_text(_, ctx):
    ctx.hostcall("wit-wire:panic", {"text": 1})


def settle(_, ctx):
    ctx.hostcall("wit-wire:settle")


def _batch(payload):
    return json.loads(typegate_wire.hostcall("wit-wire:batch", payload))


def batch_that_is_no_json(_):
    _batch("{")


def batch_of_another_kind(_):
    _batch("[1, 2]")


def batch_with_unknown_fields(_):
    _batch('{"calls": [], "steal": true}')


def batch_without_a_payload(_):
    _batch('{"calls": [{"id": 1, "op": "echo"}]}')


def batch_with_an_id_twice(_):
    _batch('{"calls": [{"id": 1, "op": "never", "payload": 1}, {"id": 1, "op": "never", "payload": 1}]}')


def batch_with_a_negative_id(_):
    _batch('{"calls": [{"id": -1, "op": "echo", "payload": 1}]}')


def batch_that_cancels_what_is_not_there(_):
    return _batch('{"cancel": [1, 2, 18446744073709551615], "wait": 0}')


def batch_within_a_batch(_):
    return _batch('{"calls": [{"id": 1, "op": "wit-wire:batch", "payload": {"calls": []}}]}')[0]["err"]["code"]


def batch_that_asks_for_a_panic(_):
    return _batch('{"calls": [{"id": 1, "op": "wit-wire:panic", "payload": "x"}]}')[0]["err"]["code"]


def batch_that_waits_for_nothing(_):
    return _batch("{}")


def batch_that_waits_backwards(_):
    return _batch('{"calls": [{"id": 1, "op": "never", "payload": 1}], "wait": -1e300}')


def batch_that_waits_for_ever(_):
    return _batch('{"calls": [{"id": 1, "op": "never", "payload": 1}], "wait": 1e300}')


def batch_that_is_deep(_):
    return _batch('{"calls": [{"id": 1, "op": "echo", "payload": ' + "[" * 100_000 + "]" * 100_000 + "}]}")[0]["err"]["code"]


def batch_with_a_deep_field(_):
    _batch('{"wait": ' + "[" * 100_000 + "]" * 100_000 + "}")


def batch_of_many(_):
    calls = ",".join(f'{{"id": {n}, "op": "never", "payload": 1}}' for n in range(20_000))
    _batch('{"calls": [' + calls + '], "wait": 0}')


def batches_left_under_way(_):
    for n in range(100):
        _batch(f'{{"calls": [{{"id": {n}, "op": "never", "payload": 1}}], "wait": 0}}')
    return "gone"


def payload_past_the_glue(_):
    return typegate_wire.hostcall("echo", "{ no json")


def payload_of_another_type(_):
    return typegate_wire.hostcall("echo", 7)


def name_past_the_glue(_):
    return typegate_wire.hostcall("\ud800", "1")


# Threads and what else goes on after the call.


def thread(_):
    threading.Thread(target=print).start()


def thread_of_c(_):
    import _thread

    _thread.start_new_thread(print, ())


def daemon(_):
    threading.Thread(target=print, daemon=True).start()


def timer(_):
    threading.Timer(0.1, print).start()


def pool_of_threads(_):
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor().submit(print).result()


def pool_of_processes(_):
    from concurrent.futures import ProcessPoolExecutor

    return ProcessPoolExecutor().submit(print).result()


def alarm(_):
    import signal

    signal.alarm(1)


def signal_handler(_):
    import signal

    signal.signal(signal.SIGINT, lambda *_: sys.exit(3))
    signal.raise_signal(signal.SIGINT)


def at_exit(_):
    import atexit

    def loop():
        while True:
            pass

    atexit.register(loop)
    return "done"


async def task_left_running(_):
    async def go_on():
        while True:
            await asyncio.sleep(0)

    asyncio.create_task(go_on())
    return "done"


def loop_left_running(_):
    loop = asyncio.new_event_loop()
    loop.create_task(asyncio.sleep(1e9))
    loop.call_soon(loop.stop)
    loop.run_forever()
    asyncio.set_event_loop(loop)
    return "done"
