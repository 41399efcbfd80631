"""Types as users write them, and how tests look at converters."""

import collections
import dataclasses
import datetime
import enum
import functools
import typing
import unittest
import uuid
from typing import (
    Annotated,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    Optional,
    TypedDict,
)

from wit_wire_guest.annotations.mismatch import Mismatch

T = typing.TypeVar("T")
Whole = typing.TypeVar("Whole", bound=int)
UserId = NewType("UserId", int)


class Color(enum.Enum):
    """What it looks like.

    Not part of the description.
    """

    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Size(enum.StrEnum):
    SMALL = "s"


class Loose(enum.Enum):
    YES = "yes"

    @classmethod
    def _missing_(cls, value):
        return cls.YES if value == "YES" else None


@dataclasses.dataclass
class Item:
    name: str
    price: float = 1.0


@dataclasses.dataclass
class Priced(Item):
    tax: int = 0


@dataclasses.dataclass
class Order:
    """An order
    of items.

    More about orders.
    """

    items: list[Item]
    color: Color = Color.RED
    note: str = None
    tags: set[str] = dataclasses.field(default_factory=set)
    total: float = dataclasses.field(init=False, default=0.0)
    known: ClassVar[int] = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    x: int
    y: int = 0


@dataclasses.dataclass
class Sorted:
    values: list[int]
    reverse: dataclasses.InitVar[bool] = False

    def __post_init__(self, reverse):
        if not self.values:
            raise ValueError("no values")
        self.values.sort(reverse=reverse)


@dataclasses.dataclass
class Node:
    value: int
    children: "list[Node]" = dataclasses.field(default_factory=list)
    parent: "typing.Self | None" = None


@dataclasses.dataclass
class Root:
    node: Node
    twin: Optional[typing.Self] = None


@dataclasses.dataclass
class Cat:
    kind: Literal["cat"]
    lives: int


@dataclasses.dataclass
class Dog:
    kind: Literal["dog"]
    owner: str


@dataclasses.dataclass
class Page(Generic[T]):
    items: list[T]
    next: "Page[T] | None" = None


class Movie(TypedDict):
    title: str
    year: typing.NotRequired[int]


class Partial(TypedDict, total=False):
    a: typing.Required[int]
    b: Annotated["typing.NotRequired[datetime.date]", "a day"]


class Pair(NamedTuple):
    left: int
    right: Optional[datetime.date] = None


Untyped = collections.namedtuple("Untyped", "a b")


class Unknown:
    def __repr__(self):
        raise RuntimeError("no")


class Odd(type):
    __hash__ = None


DAY = datetime.date(2024, 2, 29)
NOON = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)
ID = uuid.UUID(int=5)
DEEP = {"value": 1, "children": [{"value": 2, "children": [{"value": 3}]}]}


class TestCase(unittest.TestCase):
    def assertMismatch(self, convert, value, message):
        with self.assertRaises(Mismatch) as caught:
            convert(value)
        if message is not None:
            self.assertEqual(str(caught.exception), message)


def same(value):
    return value


class Callable:
    def __call__(self, a: int) -> str: ...

    def method(self, a: int) -> str: ...

    @classmethod
    def of(cls, a: int) -> str: ...

    @staticmethod
    def plain(a: int) -> str: ...


def decorate(function):
    @functools.wraps(function)
    def wrapper(*args: float, **kwargs: float) -> float: ...

    return wrapper
