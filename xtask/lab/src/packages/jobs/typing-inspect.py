from typing import Callable, Dict, Generic, List, TypeVar, Union

import typing_inspect

T = TypeVar("T")


def inspected(given=0):
    """Takes annotations apart."""
    hints = [
        Union[int, None],
        List[int],
        Dict[str, T],
        Callable[[int], str],
        Generic[T],
    ]
    return [
        [
            typing_inspect.is_union_type(hint),
            typing_inspect.is_generic_type(hint),
            typing_inspect.is_callable_type(hint),
            [str(one) for one in typing_inspect.get_parameters(hint)],
        ]
        for hint in hints
    ]
