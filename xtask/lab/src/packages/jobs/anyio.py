import anyio


async def _main(n):
    done = []

    async def work(i):
        await anyio.sleep(0.001)
        done.append(i)

    async with anyio.create_task_group() as group:
        for i in range(n):
            group.start_soon(work, i)
    with anyio.move_on_after(0.01) as scope:
        await anyio.sleep(60)
    return [sorted(done), scope.cancelled_caught]


def groups(given=3):
    """Runs a group of tasks and cancels one by a scope."""
    return anyio.run(_main, given)


async def streams(given=["a", "b"]):
    """Passes objects between tasks, with a limit on how many run."""
    send, receive = anyio.create_memory_object_stream(1)
    limiter = anyio.CapacityLimiter(1)

    async def produce():
        async with send:
            for item in given:
                async with limiter:
                    await send.send(item)

    async with anyio.create_task_group() as group, receive:
        group.start_soon(produce)
        return [item async for item in receive]
