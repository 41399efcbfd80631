"""A coroutine that does what its seed says: a tree of what asyncio offers to wait with.

What it returns, prints and asks for depends on the seed alone, and not on which of several answers
comes first: tasks draw from series of their own, and what they did is put in order at the end.
"""

import asyncio
import contextvars
import os
import random
import sys
import time

count = 0
log = []
place = contextvars.ContextVar("place", default="")


class Own(Exception):
    pass


class Program:
    def __init__(self, seed, ctx):
        self.ctx = ctx
        self.kinds = [
            self.echo, self.fails, self.sleeps, self.late, self.gather, self.group, self.breaks,
            self.queue, self.first, self.lock, self.stream, self.shield, self.chain, self.keeps,
            self.event, self.many,
        ]  # fmt: skip

    async def node(self, draw, depth):
        kinds = self.kinds if depth > 0 else self.kinds[:4]
        kind = draw.choice(kinds)
        before = place.get()
        token = place.set(f"{before}/{kind.__name__}")
        try:
            return [kind.__name__, await kind(draw, depth - 1)]
        finally:
            log.append(place.get())
            place.reset(token)

    def forks(self, draw, depth, most=3):
        return [
            self.node(random.Random(draw.getrandbits(32)), depth) for _ in range(draw.randint(1, most))
        ]

    async def echo(self, draw, depth):
        value = draw.choice([None, "text", draw.random(), [draw.getrandbits(60)] * 50, "ä" * 500])
        answer = await self.ctx.hostcall("echo", [value, draw.choice([0, 1, 2, 9])])
        assert answer == value, (answer, value)
        return answer

    async def fails(self, draw, depth):
        try:
            await self.ctx.hostcall("fail", draw.randint(0, 9))
        except self.ctx.HostcallError as error:
            return [error.code, error.message]

    async def sleeps(self, draw, depth):
        began = time.monotonic()
        await asyncio.sleep(draw.choice([0, 0, 1e-6, 0.0005]))
        assert time.monotonic() >= began
        return "slept"

    async def late(self, draw, depth):
        try:
            async with asyncio.timeout(draw.choice([0, 0.0001, 0.0005])):
                await self.ctx.hostcall("never")
        except TimeoutError:
            return "late"

    async def gather(self, draw, depth):
        answers = await asyncio.gather(*self.forks(draw, depth), return_exceptions=True)
        return [repr(answer) for answer in answers]

    async def group(self, draw, depth):
        async with asyncio.timeout(1000):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(node) for node in self.forks(draw, depth)]
        return [task.result() for task in tasks]

    async def breaks(self, draw, depth):
        async def raises():
            await self.sleeps(draw, depth)
            raise Own(draw.randint(0, 9))

        async def cleans():
            try:
                await self.ctx.hostcall("never")
            finally:
                await self.ctx.hostcall("echo", [1, 1])

        found = None
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(draw.randint(1, 3)):
                    group.create_task(cleans())
                # They make their hostcalls first.
                await asyncio.sleep(0)
                group.create_task(raises())
        except* Own as errors:
            found = [repr(error) for error in errors.exceptions]
        return found

    async def queue(self, draw, depth):
        queue = asyncio.Queue(draw.randint(1, 2))
        values = [draw.getrandbits(16) for _ in range(draw.randint(1, 5))]

        async def put():
            for value in values:
                await queue.put(await self.ctx.hostcall("echo", [value, value % 3]))
            queue.shutdown() if hasattr(queue, "shutdown") else await queue.put(None)

        putting = asyncio.create_task(put())
        taken = []
        while True:
            try:
                value = await queue.get()
            except Exception:
                break
            if value is None:
                break
            taken.append(value)
        await putting
        assert taken == values
        return taken

    async def first(self, draw, depth):
        tasks = [
            asyncio.create_task(self.ctx.hostcall("never")),
            asyncio.create_task(self.node(draw, depth)),
        ]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return [task.result() for task in done]

    async def lock(self, draw, depth):
        lock, inside = asyncio.Lock(), []

        async def enter(node):
            async with lock:
                inside.append(1)
                assert len(inside) == 1
                answer = await node
                inside.pop()
                return answer

        return await asyncio.gather(*map(enter, self.forks(draw, depth)))

    async def stream(self, draw, depth):
        async def values():
            try:
                for node in self.forks(draw, depth):
                    yield await node
            finally:
                await self.ctx.hostcall("echo", ["end", 1])

        return [value async for value in values()]

    async def shield(self, draw, depth):
        inner = asyncio.ensure_future(self.node(draw, depth))
        outer = asyncio.ensure_future(asyncio.shield(inner))
        await asyncio.sleep(0)
        outer.cancel()
        try:
            await outer
        except asyncio.CancelledError:
            return ["cancelled", await inner]

    async def chain(self, draw, depth):
        value = draw.random()
        for _ in range(draw.randint(1, 4)):
            value = await self.ctx.hostcall("echo", [value, draw.randint(0, 3)])
        return value

    async def keeps(self, draw, depth):
        size = draw.choice([10, 1000, 100000])
        before = bytearray(draw.randbytes(size))
        total = sum(before)
        answer = await self.node(draw, depth)
        assert sum(before) == total
        return [answer, total]

    async def event(self, draw, depth):
        event = asyncio.Event()
        asyncio.get_running_loop().call_later(draw.choice([0, 0.0005]), event.set)
        answer, _ = await asyncio.gather(self.node(draw, depth), event.wait())
        return answer

    async def many(self, draw, depth):
        count = draw.choice([5, 40])
        calls = (self.ctx.hostcall("echo", [n, n % 3]) for n in range(count))
        return sum(await asyncio.gather(*calls))


def drawn():
    return [random.random(), os.urandom(3).hex(), time.time()]


async def run(input, ctx):
    global count
    count += 1
    seed, draws = input
    draw = random.Random(seed)
    out = [drawn()] if draws else []
    print("begins", seed)
    for step in range(draw.randint(2, 6)):
        out.append(await Program(seed, ctx).node(draw, draw.randint(1, 4)))
        print("step", step)
        print("to stderr", step, file=sys.stderr)
        if draws:
            out.append(drawn())
    if draw.random() < 0.2:
        raise Own(f"{count} {len(log)} {out!r}")
    asyncio.create_task(ctx.hostcall("never"))
    await asyncio.sleep(0)
    return {"count": count, "log": sorted(log), "out": out, "place": place.get()}
