

def count(payload: str) -> int:
    """How many there are."""


def counts() -> dict[str, int]: ...


def add(payload: tuple[str, int]) -> None: ...
