import trio


async def _main(n):
    done = []
    async with trio.open_nursery() as nursery:
        send, receive = trio.open_memory_channel(0)

        async def produce():
            async with send:
                for i in range(n):
                    await send.send(i)

        nursery.start_soon(produce)
        async for i in receive:
            done.append(i)
    with trio.move_on_after(0.01) as scope:
        await trio.sleep(60)
    return [done, scope.cancelled_caught]


def nurseries(given=3):
    """Runs tasks in a nursery with its own loop."""
    return trio.run(_main, given)
