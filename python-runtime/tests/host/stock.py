from wit_wire_guest.calls.context import hostcall as _hostcall


def count(payload: str) -> int:
    """How many there are."""
    return _hostcall("stock.count", payload)


def counts() -> dict[str, int]:
    return _hostcall("stock.counts", None)


def add(payload: tuple[str, int]) -> None:
    return _hostcall("stock.add", payload)
