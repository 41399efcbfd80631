from typing import Annotated

from beartype import beartype
from beartype.door import is_bearable
from beartype.roar import BeartypeCallHintViolation
from beartype.vale import Is


@beartype
def _half(n: Annotated[int, Is[lambda n: n % 2 == 0]]) -> int:
    return n // 2


def checked(given=[4, 3, "x"]):
    """Checks arguments by generated code."""
    results = []
    for value in given:
        try:
            results.append(_half(value))
        except BeartypeCallHintViolation as error:
            results.append(type(error).__name__)
    return [results, is_bearable({"a": [1]}, dict[str, list[int]]), is_bearable(["x"], list[int])]
