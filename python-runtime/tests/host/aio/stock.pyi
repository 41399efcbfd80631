

async def count(payload: str) -> int:
    """How many there are."""


async def counts() -> dict[str, int]: ...


async def add(payload: tuple[str, int]) -> None: ...
