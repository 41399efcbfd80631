from wit_wire_guest.calls.context import hostcall_async as _hostcall_async


async def count(payload: str) -> int:
    """How many there are."""
    return await _hostcall_async("stock.count", payload)


async def counts() -> dict[str, int]:
    return await _hostcall_async("stock.counts", None)


async def add(payload: tuple[str, int]) -> None:
    return await _hostcall_async("stock.add", payload)
