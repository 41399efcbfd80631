"""Annotations convert a function's input and result, and give its JSON Schema.

Runs under any Python from 3.11. What newer ones can write is in sources that are compiled where they can be.
"""

import collections
import copy
import dataclasses
import datetime
import decimal
import enum
import functools
import json
import pathlib
import sys
import textwrap
import types
import typing
import unittest
import uuid
from collections import abc
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, Union

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "fakes"), str(HERE.parent)]

from wit_wire_guest.annotations import Mismatch, hints, keywords, reader, writer  # noqa: E402
from wit_wire_guest.schemas import function_schema, schema  # noqa: E402

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

# Annotation, JSON, what it is read as. Written again it is the same JSON, unless a fourth says otherwise.
FITS = [
    (None, None, None),
    (bool, True, True),
    (int, 3, 3),
    (int, 10**30, 10**30),
    (float, 1.5, 1.5),
    (float, 2, 2.0, 2.0),
    (str, "é", "é"),
    (list, [1, "a"], [1, "a"]),
    (list[int], [1, 2], [1, 2]),
    (list[float], [1, 2.5], [1.0, 2.5], [1.0, 2.5]),
    (typing.List[Color], ["red"], [Color.RED]),
    (list[Any], [1, None], [1, None]),
    (list[Optional[int]], [1, None], [1, None]),
    (tuple, [1, "a"], (1, "a")),
    (tuple[int, str], [1, "a"], (1, "a")),
    (tuple[()], [], ()),
    (tuple[float, ...], [1, 2], (1.0, 2.0), [1.0, 2.0]),
    (tuple[int, typing.Unpack[tuple[str, ...]]], [1, "a"], (1, "a")),
    (set[int], [1, 1], {1}, [1]),
    (frozenset[Color], ["blue"], frozenset({Color.BLUE})),
    (typing.AbstractSet[int], [1], {1}),
    (typing.Sequence[Level], [1, 2], [Level.LOW, Level.HIGH]),
    (abc.Iterable[Size], ["s"], [Size.SMALL]),
    (abc.Collection, [1], [1]),
    (dict, {"a": 1}, {"a": 1}),
    (dict[str, Color], {"a": "red"}, {"a": Color.RED}),
    (dict[int, str], {"1": "a", "-2": "b"}, {1: "a", -2: "b"}, {1: "a", -2: "b"}),
    (dict[float, str], {"1": "a", "2.5": "b"}, {1.0: "a", 2.5: "b"}, {1.0: "a", 2.5: "b"}),
    (dict[Color, int], {"red": 1}, {Color.RED: 1}),
    (dict[Level, int], {"1": 1}, {Level.LOW: 1}, {1: 1}),
    (dict[Literal["a"], int], {"a": 1}, {"a": 1}),
    (dict[uuid.UUID, int], {str(ID): 1}, {ID: 1}),
    (typing.Mapping[str, float], {"a": 1}, {"a": 1.0}, {"a": 1.0}),
    (abc.MutableMapping[str, int], {"a": 1}, {"a": 1}),
    (Optional[int], None, None),
    (int | float, 1, 1),
    (float | int, 1, 1),
    (float | None, 1, 1.0, 1.0),
    (Union[datetime.date, str], "2024-02-29", "2024-02-29"),
    (datetime.date | int, "2024-02-29", DAY),
    (Item | None, {"name": "a"}, Item("a"), {"name": "a", "price": 1.0}),
    (Cat | Dog, {"kind": "dog", "owner": "b"}, Dog("dog", "b")),
    (list[int] | dict[str, int], {"a": 1}, {"a": 1}),
    (Item | Any, 3, 3),
    (Item | Unknown | None, {"name": "a", "price": 1.0}, Item("a")),
    (Literal[1, "a", None], "a", "a"),
    (Literal[Color.RED], "red", Color.RED),
    (Color, "blue", Color.BLUE),
    (Level, 2, Level.HIGH),
    (Size, "s", Size.SMALL),
    (Loose, "YES", Loose.YES, "yes"),
    (
        Order,
        {"items": [{"name": "a", "price": 2}], "tags": ["x"]},
        Order([Item("a", 2.0)], tags={"x"}),
        {"items": [{"name": "a", "price": 2.0}], "color": "red", "note": None, "tags": ["x"]},
    ),
    (Point, {"x": 1}, Point(x=1), {"x": 1, "y": 0}),
    (Sorted, {"values": [1, 3, 2], "reverse": True}, Sorted([3, 2, 1], True), {"values": [3, 2, 1]}),
    (
        Node,
        DEEP,
        Node(1, [Node(2, [Node(3)])]),
        {
            "value": 1,
            "children": [{"value": 2, "children": [{"value": 3, "children": [], "parent": None}], "parent": None}],
            "parent": None,
        },
    ),
    (Node, {"value": 1, "children": [], "parent": {"value": 2, "children": [], "parent": None}}, Node(1, [], Node(2))),
    (
        Page[Color],
        {"items": ["red"], "next": {"items": ["blue"], "next": None}},
        Page([Color.RED], Page([Color.BLUE])),
    ),
    (
        Root,
        {"node": {"value": 1}, "twin": {"node": {"value": 2}}},
        Root(Node(1), Root(Node(2))),
        {
            "node": {"value": 1, "children": [], "parent": None},
            "twin": {"node": {"value": 2, "children": [], "parent": None}, "twin": None},
        },
    ),
    (Page, {"items": ["red"], "next": None}, Page(["red"])),
    (Page[Annotated[int, []]], {"items": [1], "next": None}, Page([1])),
    (Movie, {"title": "a"}, {"title": "a"}),
    (Partial, {"a": 1, "b": "2024-02-29"}, {"a": 1, "b": DAY}),
    (Partial, {"a": 1}, {"a": 1}),
    (Pair, {"left": 1}, Pair(1), {"left": 1, "right": None}),
    (Pair, [1, "2024-02-29"], Pair(1, DAY), {"left": 1, "right": "2024-02-29"}),
    (Untyped, {"a": 1, "b": "x"}, Untyped(1, "x")),
    (Annotated[Color, "a color", 3], "red", Color.RED),
    (Annotated[Color, []], "red", Color.RED),
    (UserId, 3, 3),
    (Whole, 3, 3),
    (Final[Color], "red", Color.RED),
    (datetime.datetime, "2024-02-29T12:00:00Z", NOON, "2024-02-29T12:00:00+00:00"),
    (datetime.date, "2024-02-29", DAY),
    (datetime.time, "12:30:00", datetime.time(12, 30)),
    (datetime.timedelta, 90, datetime.timedelta(seconds=90), 90.0),
    (uuid.UUID, str(ID), ID),
    (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
    (decimal.Decimal, 1.1, decimal.Decimal("1.1"), "1.1"),
    (pathlib.PurePosixPath, "a/b", pathlib.PurePosixPath("a/b")),
    (Path, "a/b", Path("a/b")),
]

# Annotation, JSON, the error.
MISFITS = [
    (None, 0, "$: want null, got number 0"),
    (bool, 1, "$: want true or false, got number 1"),
    (int, "abc", "$: want an integer, got text 'abc'"),
    (int, True, "$: want an integer, got true"),
    (int, 1.0, "$: want an integer, got number 1.0"),
    (int, None, "$: want an integer, got null"),
    (float, "1", "$: want a number, got text '1'"),
    (float, False, "$: want a number, got false"),
    (float, 10**400, None),
    (str, [1], "$: want text, got list [1]"),
    (str, {"a": 1}, "$: want text, got object {'a': 1}"),
    (int, "x" * 70, "$: want an integer, got text '" + "x" * 27 + "..." + "x" * 28 + "'"),
    (list[int], {"a": 1}, "$: want a list, got object {'a': 1}"),
    (list[int], "ab", "$: want a list, got text 'ab'"),
    (list[int], [1, 2, "c"], "$[2]: want an integer, got text 'c'"),
    (list[list[Color]], [["red"], ["red", "pink"]], "$[1][1]: want one of 'red', 'blue', got text 'pink'"),
    (tuple[int, str], [1], "$: want a list of 2, got list [1]"),
    (tuple[int, str], [1, 2], "$[1]: want text, got number 2"),
    (set[dict], [{}], None),
    (dict[str, int], [1], "$: want an object, got list [1]"),
    (dict[str, int], {"a b": "c"}, "$[\"a b\"]: want an integer, got text 'c'"),
    (dict[str, int], {"é": None}, "$.é: want an integer, got null"),
    (dict[int, int], {"x": 1}, "$.x: want an integer, got text 'x'"),
    (dict[Color, int], {"x": 1}, "$.x: want one of 'red', 'blue', got text 'x'"),
    (Optional[int], "a", "$: want an integer or null, got text 'a'"),
    (str | int | None, [], "$: want text or an integer or null, got list []"),
    (list[int] | str, ["a"], "$[0]: want an integer, got text 'a'"),
    (Item | None, {"name": 1}, "$.name: want text, got number 1"),
    (None | Item, [], "$: want an object (Item) or null, got list []"),
    (
        list[Cat | Dog],
        [{"kind": "cat", "owner": "b"}],
        "$[0]: fits none of Cat (.owner: Cat has no such field; it has kind, lives), "
        "Dog (.kind: want 'dog', got text 'cat')",
    ),
    (Literal[1, "a"], True, "$: want one of 1, 'a', got true"),
    (Literal["a"], ["a"], "$: want 'a', got list ['a']"),
    (Level, "1", "$: want one of 1, 2, got text '1'"),
    (Level, True, "$: want one of 1, 2, got true"),
    (Order, {"items": [{"name": "a"}, {"name": "b", "price": "c"}]}, "$.items[1].price: want a number, got text 'c'"),
    (Order, {}, "$.items: missing"),
    (Order, {"items": [], "total": 1}, "$.total: Order has no such field; it has items, color, note, tags"),
    (Order, "a", "$: want an object (Order), got text 'a'"),
    (Sorted, {"values": []}, "$: no values"),
    (list[Sorted], [{"values": [1]}, {"values": []}], "$[1]: no values"),
    (
        Node,
        {"value": 1, "children": [{"value": 2, "children": [{"value": "x"}]}]},
        "$.children[0].children[0].value: want an integer, got text 'x'",
    ),
    (Node, {"value": 1, "parent": {"value": "x"}}, "$.parent.value: want an integer, got text 'x'"),
    (Page[int], {"items": [1], "next": {"items": ["a"]}}, "$.next.items[0]: want an integer, got text 'a'"),
    (Movie, {"title": "a", "yaer": 1}, "$.yaer: Movie has no such field; it has title, year"),
    (Movie, {"year": 1}, "$.title: missing"),
    (Partial, {"b": "2024-02-29"}, "$.a: missing"),
    (Pair, [], "$[0]: missing"),
    (Pair, ["a"], "$[0]: want an integer, got text 'a'"),
    (Pair, [1, None, 3], "$: want a list of 2, got list [1, None, 3]"),
    (UserId, "a", "$: want an integer, got text 'a'"),
    (Whole, "a", "$: want an integer, got text 'a'"),
    (datetime.datetime, "noon", "$: want a date and time such as '2024-12-31T23:59:00Z', got text 'noon'"),
    (datetime.date, "2024-02-30", "$: want a date such as '2024-12-31', got text '2024-02-30'"),
    (datetime.time, 12, "$: want a time such as '23:59:00', got number 12"),
    (datetime.timedelta, 1e300, "$: want a number of seconds, got number 1e+300"),
    (uuid.UUID, "abc", "$: want a UUID, got text 'abc'"),
    (decimal.Decimal, "NaN", "$: want a decimal number, got text 'NaN'"),
    (decimal.Decimal, True, "$: want a decimal number, got true"),
    (Path, 3, "$: want text, got number 3"),
]

# What nothing is known of, or nothing can be done about.
PASSING = [
    Any,
    object,
    Unknown,
    bytes,
    complex,
    T,
    5,
    [int],
    enum.Enum,
    typing.Callable[[int], str],
    Odd("Odd", (), {}),
]

# Annotation, result, JSON: what can't come from reading JSON.
WRITTEN = [
    (str, Size.SMALL, "s"),
    (int, Level.HIGH, 2),
    (list[int], (1, 2), [1, 2]),
    (set[int], frozenset({1}), [1]),
    (tuple[int, str], [1, "a"], [1, "a"]),
    (abc.Iterable[int], (n for n in (1, 2)), [1, 2]),
    (abc.Sequence[int], range(2), [0, 1]),
    (abc.Mapping[str, int], types.MappingProxyType({"a": 1}), {"a": 1}),
    (dict[int, int], {"1": 2}, {"1": 2}),
    (dict[Color, int], {"red": 1}, {"red": 1}),
    (Order, {"items": [Item("a")]}, {"items": [{"name": "a", "price": 1.0}]}),
    (list[Item], [Item("a"), {"name": "b"}], [{"name": "a", "price": 1.0}, {"name": "b"}]),
    (Item | Cat, Cat("cat", 9), {"kind": "cat", "lives": 9}),
    (Item | Priced, Priced("a"), {"name": "a", "price": 1.0, "tax": 0}),
    (Page[int] | Page[str], Page(["a"]), {"items": ["a"], "next": None}),
    (Page[int] | Page[str], Page([1]), {"items": [1], "next": None}),
    (str | Color, Color.RED, "red"),
    (Item | Any, Item("a"), {"name": "a", "price": 1.0}),
    (Literal[Color.RED], "red", "red"),
    (datetime.date | datetime.datetime, NOON, "2024-02-29T12:00:00+00:00"),
    (datetime.date, "2024-02-29", "2024-02-29"),
    (datetime.timedelta, 3, 3),
    (decimal.Decimal, 3, 3),
    (float, 3, 3),
]

UNWRITTEN = [
    (int, 1.5, "$: want an integer, got number 1.5"),
    (None, 0, "$: want null, got number 0"),
    (str, b"a", "$: want text, got bytes b'a'"),
    (str, Unknown(), None),
    (abc.Iterable[str], "ab", "$: want a list, got text 'ab'"),
    (abc.Iterable[str], {"a": 1}, "$: want a list, got object {'a': 1}"),
    (list[int], {1}, "$: want a list, got set {1}"),
    (list[Item], [Item("a"), Point(x=1)], "$[1]: want an object (Item), got Point(x=1, y=0)"),
    (Order, Order([Item(3)]), "$.items[0].name: want text, got number 3"),
    (Order, {"items": []} | {"a": 1}, "$.a: Order has no such field; it has items, color, note, tags"),
    (Movie, {"title": None}, "$.title: want text, got null"),
    (dict[str, int], {1: 2}, "$[1]: want text, got number 1"),
    (dict[int, int], {"a": 2}, "$.a: want an integer, got text 'a'"),
    (Optional[Item], Item(3), "$.name: want text, got number 3"),
    (Cat | Dog, Cat("cat", None), "$.lives: want an integer, got null"),
    (Color, "pink", "$: want one of 'red', 'blue', got text 'pink'"),
    (Literal["a"], "b", "$: want 'a', got text 'b'"),
    (datetime.date, NOON, None),
    (datetime.date, "soon", "$: want a date such as '2024-12-31', got text 'soon'"),
]


class Converters(unittest.TestCase):
    def test_what_fits_is_read_and_written(self):
        for annotation, value, expected, *written in FITS:
            with self.subTest(annotation=annotation, value=value):
                found = (reader(annotation) or same)(copy.deepcopy(value))
                self.assertEqual(found, expected)
                self.assertIs(type(found), type(expected))
                plain = (writer(annotation) or same)(found)
                self.assertEqual(plain, *(written or [value]))
                self.assertIs(type(plain), type(*(written or [value])))

    def test_members_are_of_their_types(self):
        self.assertIs(type(reader(list[float])([1])[0]), float)
        self.assertIs(type(reader(int | float)(1)), int)
        self.assertIs(type(writer(dict[str, Size])({"a": Size.SMALL})["a"]), str)

    def test_what_does_not_fit_is_told_with_its_place(self):
        for annotation, value, message in MISFITS:
            with self.subTest(annotation=annotation, value=value):
                self.check(reader(annotation), value, message)

    def test_results_are_held_to_their_annotations(self):
        for annotation, value, expected in WRITTEN:
            with self.subTest(annotation=annotation, value=value):
                self.assertEqual(writer(annotation)(value), expected)
        for number, (annotation, value, message) in enumerate(UNWRITTEN):
            with self.subTest(number, annotation=annotation):
                self.check(writer(annotation), value, message)

    def test_nothing_is_done_where_nothing_is_known(self):
        for annotation in PASSING:
            with self.subTest(annotation):
                self.assertIsNone(reader(annotation))
                self.assertIsNone(writer(annotation))
                self.assertEqual(schema(annotation), {})
        item = Item("a")
        self.assertIs(writer(list[Any])([item])[0], item)

    def test_a_mismatch_is_data(self):
        with self.assertRaises(Mismatch) as caught:
            reader(dict[str, list[int]])({"a b": [1, None]})
        self.assertEqual(caught.exception.path, '$["a b"][1]')
        self.assertEqual(caught.exception.message, "want an integer, got null")
        self.assertIsInstance(caught.exception, ValueError)

    def test_messages_are_short_and_keep_to_the_point(self):
        for annotation, value in [
            (int, ["x" * 1000] * 1000),
            (dict[str, int], {"x" * 10_000: None}),
            (Cat | Dog, {"kind": "x" * 1000, "lives": "x" * 1000, "owner": 1}),
            (enum.Enum("Many", [(f"m{n}", f"m{n}") for n in range(1000)]), "x"),
        ]:
            with self.subTest(annotation), self.assertRaises(Mismatch) as caught:
                reader(annotation)(value)
            self.assertLess(len(str(caught.exception)), 500)
            self.assertIsNone(caught.exception.__context__)

    def test_the_user_s_own_error_is_the_cause(self):
        with self.assertRaises(Mismatch) as caught:
            reader(Sorted)({"values": []})
        self.assertIsInstance(caught.exception.__cause__, ValueError)

    def test_errors_that_are_not_about_values_pass(self):
        @dataclasses.dataclass
        class Broken:
            def __post_init__(self):
                raise KeyError("a")

        with self.assertRaises(KeyError):
            reader(Broken)({})

    def test_failing_takes_no_longer_the_deeper_it_is(self):
        value = {"value": "x"}
        for _ in range(60):
            value = {"value": 1, "children": [value]}
        self.check(reader(Node), value, "$" + ".children[0]" * 60 + ".value: want an integer, got text 'x'")

    def test_lists_of_what_passes_are_not_copied(self):
        value = list(range(10_000))
        self.assertIs(reader(list[int])(value), value)

    def check(self, convert, value, message):
        with self.assertRaises(Mismatch) as caught:
            convert(value)
        if message is not None:
            self.assertEqual(str(caught.exception), message)


def same(value):
    return value


def module(source, name="annotated"):
    """A module of `source`, known to the import system as those of users are."""
    found = types.ModuleType(name)
    sys.modules[name] = found
    exec(compile(textwrap.dedent(source), f"<{name}>", "exec", dont_inherit=True), found.__dict__)
    return found


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


class Hints(unittest.TestCase):
    def tearDown(self):
        sys.modules.pop("annotated", None)

    def test_of_all_that_can_be_called(self):
        def function(a: int) -> str: ...

        expected = {"a": int, "return": str}
        for called in [
            function, Callable(), Callable().method, Callable.method, Callable.of, Callable.plain,
            vars(Callable)["of"], vars(Callable)["plain"], functools.partial(function), functools.lru_cache(function),
            decorate(function), decorate(decorate(Callable().method)), functools.partial(decorate(Callable())),
        ]:  # fmt: skip
            with self.subTest(called):
                self.assertEqual(hints(called), expected)
        for called in [len, dict.get, [].append, int.__add__, max, same, lambda x: x, 3, None]:
            with self.subTest(called):
                self.assertEqual(hints(called), {})
        self.assertEqual(hints(Item), {"name": str, "price": float, "return": Item})
        self.assertEqual(hints(Pair), {"left": int, "right": Optional[datetime.date], "return": Pair})

    def test_what_can_t_be_resolved_is_absent_and_nothing_else(self):
        for header in ["", "from __future__ import annotations\n"]:
            found = module(header + textwrap.dedent(self.SOURCE))
            with self.subTest(header):
                self.assertEqual(
                    hints(found.f),
                    {
                        "b": list[found.Order],
                        "c": int,
                        "d": Annotated[int, "a number"],
                        "f": type(None),
                        "return": found.Order,
                    },
                )
                self.assertEqual(
                    hints(found.Order), {"item": found.Item, "more": found.Item | None, "return": found.Order}
                )
                read = reader(found.Order)
                self.assertEqual(read({"missing": [1], "item": {"n": 1}}), found.Order([1], found.Item(1)))
                with self.assertRaisesRegex(Mismatch, r"^\$\.more\.n: want an integer, got text 'x'$"):
                    read({"missing": 1, "item": {"n": 1}, "more": {"n": "x"}})
                self.assertEqual(
                    keywords(found.f, ["b", "e"])({"a": 1, "c": 2, "d": 3, "f": None}),
                    {"a": 1, "c": 2, "d": 3, "f": None},
                )
                function_schema(found.f)

    SOURCE = """
        import dataclasses
        from typing import TYPE_CHECKING, Annotated, ClassVar
        if TYPE_CHECKING:
            from pandas import DataFrame

        @dataclasses.dataclass
        class Item:
            n: int

        @dataclasses.dataclass
        class Order:
            missing: "list[DataFrame]"
            item: "Item"
            more: "Item | None" = None
            count: ClassVar[int] = 3

        def f(a: "DataFrame", b: "list[Order]", c: int, d: Annotated[int, "a number"], e: "not code", f: None
              ) -> "Order": ...
    """

    def test_text_says_what_a_class_needs_to_know(self):
        found = module(
            """
            from __future__ import annotations
            import dataclasses
            from datetime import date
            from typing import Annotated, ClassVar, NamedTuple, NotRequired, Required, TypedDict

            @dataclasses.dataclass
            class Base:
                date: date | None = None
                seed: dataclasses.InitVar[int] = 3
                limit: ClassVar[int] = 3

            @dataclasses.dataclass
            class Derived(Base):
                below: list[Derived] = dataclasses.field(default_factory=list)

            class Movie(TypedDict):
                title: str
                year: NotRequired[Annotated[int, "when"]]

            class Pair(NamedTuple):
                left: date
            """
        )
        read = reader(found.Derived)
        self.assertEqual(
            read({"date": "2024-02-29", "below": [{}], "seed": 1}), found.Derived(DAY, below=[found.Derived()])
        )
        with self.assertRaisesRegex(Mismatch, r"^\$\.limit: Derived has no such field; it has date, seed, below$"):
            read({"limit": 1})
        with self.assertRaisesRegex(Mismatch, r"^\$\.seed: want an integer, got text 'x'$"):
            read({"seed": "x"})
        self.assertEqual(reader(found.Movie)({"title": "a"}), {"title": "a"})
        self.assertEqual(reader(found.Pair)(["2024-02-29"]), (DAY,))

    def test_the_inner_classes_of_functions(self):
        @dataclasses.dataclass
        class Local:
            n: int

        def f(a: Local, b: list[Local]) -> Local: ...

        self.assertEqual(hints(f), {"a": Local, "b": list[Local], "return": Local})

    # Type statements.
    if sys.version_info >= (3, 12):

        def test_type_statements_and_type_parameters(self):
            found = module(
                """
                import dataclasses
                from typing import TYPE_CHECKING

                type Json = None | bool | int | float | str | list[Json] | dict[str, Json]
                type Numbers = list[int]
                type Twice[T] = tuple[T, T]
                type Tree[T] = dict[str, T | "Tree[T]"]
                type Missing = list[DataFrame]

                @dataclasses.dataclass
                class Box[T]:
                    value: T
                    more: "list[Box[T]]" = dataclasses.field(default_factory=list)

                def f[T](a: "list[T]", b: T) -> "Twice[T]": ...
                """
            )
            for annotation, value, expected in [
                (found.Json, {"a": [1, None, {"b": 2.5}]}, {"a": [1, None, {"b": 2.5}]}),
                (found.Numbers, [1], [1]),
                (found.Twice[float], [1, 2], (1.0, 2.0)),
                (found.Box[float], {"value": 1, "more": [{"value": 2}]}, found.Box(1.0, [found.Box(2.0)])),
                (found.Box, {"value": "a"}, found.Box("a")),
            ]:
                with self.subTest(annotation):
                    self.assertEqual(reader(annotation)(value), expected)
            self.assertIsNone(reader(found.Missing))
            for annotation, value, message in [
                (found.Numbers, ["a"], "$[0]: want an integer, got text 'a'"),
                (found.Twice[int], [1, "a"], "$[1]: want an integer, got text 'a'"),
                (found.Box[int], {"value": 1, "more": [{"value": "a"}]}, "$.more[0].value: want an integer, got text 'a'"),
            ]:
                with self.subTest(annotation), self.assertRaises(Mismatch) as caught:
                    reader(annotation)(value)
                self.assertEqual(str(caught.exception), message)
            self.assertEqual(list(hints(found.f)), ["a", "b", "return"])
            self.assertEqual(schema(found.Twice[int])["$ref"], "#/$defs/Twice_int")

    # Annotations are evaluated late.
    if sys.version_info >= (3, 14):

        def test_annotations_that_are_evaluated_late(self):
            found = module(
                """
                import dataclasses
                from datetime import date
                from typing import NamedTuple, TypedDict

                def f(a: Missing, b: list[Order], c: list[Missing], d: int, e: Missing.More | None) -> Order: ...

                def make():
                    raise KeyError

                def raising(a: make(), b: Order, c: date.missing, d: list[int]) -> int: ...

                def hopeless(a: "Order" | None, b: int) -> int: ...

                @dataclasses.dataclass
                class Order:
                    node: Node
                    missing: Missing = 3
                    date: date = None

                @dataclasses.dataclass
                class Node:
                    children: list[Node]
                    more: Missing | Node | None = None

                class Movie(TypedDict):
                    node: Node
                    missing: Missing

                class Pair(NamedTuple):
                    node: Node
                    missing: Missing = 3

                def outer():
                    @dataclasses.dataclass
                    class Local:
                        n: int
                        next: Local | None = None

                    def inner(a: Local, b: list[Local], c: Missing, d: Unset): ...

                    if False:
                        Unset = 1
                    return Local, inner
                """
            )
            self.assertEqual(hints(found.f), {"b": list[found.Order], "d": int, "return": found.Order})
            self.assertEqual(hints(found.raising), {"b": found.Order, "d": list[int], "return": int})
            self.assertEqual(hints(found.hopeless), {})
            self.assertEqual(keywords(found.hopeless)({"a": 1, "b": "x"}), {"a": 1, "b": "x"})
            self.assertRaises(TypeError, lambda: found.hopeless.__annotations__)
            read = keywords(found.f)
            self.assertEqual(read(dict.fromkeys("ace") | {"b": [], "d": 1})["d"], 1)
            with self.assertRaisesRegex(
                Mismatch, r"^\$\.b\[0\]\.node\.children\[0\]: want an object \(Node\), got number 3$"
            ):
                read(dict.fromkeys("ace") | {"b": [{"node": {"children": [3]}}], "d": 1})
            function_schema(found.f)
            node = {"children": []}
            self.assertEqual(reader(found.Order)({"node": node, "date": "x"}), found.Order(found.Node([]), 3, "x"))
            self.assertEqual(reader(found.Movie)({"node": node, "missing": 1}), {"node": found.Node([]), "missing": 1})
            self.assertEqual(reader(found.Pair)([node]), (found.Node([]), 3))
            local, inner = found.outer()
            self.assertEqual(hints(inner), {"a": local, "b": list[local]})
            self.assertEqual(reader(local)({"n": 1, "next": {"n": 2}}), local(1, local(2)))


class Keywords(unittest.TestCase):
    def test_values_become_keyword_arguments(self):
        def f(a: Color, b: int = None, *rest, c: datetime.date = DAY, ctx): ...

        read = keywords(f, exclude=["ctx"])
        self.assertEqual(read({"a": "red"}), {"a": Color.RED})
        self.assertEqual(read({"c": "2024-02-29", "a": "red", "b": None}), {"a": Color.RED, "b": None, "c": DAY})
        for value, message in [
            ([], "$: want an object, got list []"),
            ({}, "$.a: missing"),
            ({"a": "red", "d": 1}, "$.d: the function has no such parameter; it has a, b, c"),
            ({"a": "red", "rest": 1}, "$.rest: the function has no such parameter; it has a, b, c"),
            ({"a": "red", "ctx": 1}, "$.ctx: the function has no such parameter; it has a, b, c"),
            ({"a": "pink"}, "$.a: want one of 'red', 'blue', got text 'pink'"),
        ]:
            with self.subTest(value):
                self.check(read, value, message)

    def test_further_keywords(self):
        def f(ctx, a: int, **more: float): ...

        read = keywords(f, exclude={"ctx"})
        self.assertEqual(read({"a": 1, "b": 2}), {"a": 1, "b": 2.0})
        self.check(read, {"a": 1, "b": "x"}, "$.b: want a number, got text 'x'")
        self.check(read, {"a": 1, "ctx": 1}, "$.ctx: the function has no such parameter; it has a")
        self.assertEqual(keywords(lambda **more: more)({"x": 1}), {"x": 1})

    def test_of_all_that_can_be_called(self):
        self.assertEqual(keywords(Callable().method)({"a": 1}), {"a": 1})
        self.assertEqual(keywords(Callable())({"a": 1}), {"a": 1})
        self.assertEqual(keywords(Item)({"name": "a", "price": 1}), {"name": "a", "price": 1.0})
        self.check(
            keywords(functools.partial(same, 1)), {"a": 1}, "$.a: the function has no such parameter; it has none"
        )

    def test_positional_parameters_are_refused(self):
        def f(a, /, b): ...

        with self.assertRaisesRegex(TypeError, "^parameter 'a' can't be given by name"):
            keywords(f)
        self.assertEqual(keywords(f, exclude=["a"])({"b": 1}), {"b": 1})

    check = Converters.check


SCHEMAS = [
    (None, {"type": "null"}),
    (bool, {"type": "boolean"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (str, {"type": "string"}),
    (list, {"type": "array"}),
    (list[int], {"type": "array", "items": {"type": "integer"}}),
    (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
    (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
    (
        tuple[int, str],
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
    ),
    (tuple[()], {"type": "array", "minItems": 0, "maxItems": 0}),
    (dict, {"type": "object"}),
    (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    (dict[int, Any], {"type": "object", "propertyNames": {"pattern": "^-?[0-9]+$"}}),
    (dict[Level, Any], {"type": "object", "propertyNames": {"enum": ["1", "2"]}}),
    (dict[uuid.UUID, Any], {"type": "object", "propertyNames": {"type": "string", "format": "uuid"}}),
    (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    (Literal["a", 1, None], {"enum": ["a", 1, None]}),
    (Literal["a"], {"const": "a"}),
    (Annotated[int, 3, "how many"], {"type": "integer", "description": "how many"}),
    (list[Annotated[int, 3]], {"type": "array", "items": {"type": "integer"}}),
    (UserId, {"type": "integer"}),
    (Whole, {"type": "integer"}),
    (datetime.datetime, {"type": "string", "format": "date-time"}),
    (datetime.date, {"type": "string", "format": "date"}),
    (datetime.time, {"type": "string", "format": "time"}),
    (datetime.timedelta, {"type": "number", "description": "seconds"}),
    (uuid.UUID, {"type": "string", "format": "uuid"}),
    (decimal.Decimal, {"type": ["string", "number"]}),
    (Path, {"type": "string"}),
    (
        Color,
        {
            "$ref": "#/$defs/Color",
            "$defs": {"Color": {"title": "Color", "description": "What it looks like.", "enum": ["red", "blue"]}},
        },
    ),
    (
        Order,
        {
            "$ref": "#/$defs/Order",
            "$defs": {
                "Order": {
                    "title": "Order",
                    "description": "An order of items.",
                    "type": "object",
                    "properties": {
                        "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
                        "color": {"$ref": "#/$defs/Color", "default": "red"},
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
                    },
                    "required": ["items"],
                    "additionalProperties": False,
                },
                "Item": {
                    "title": "Item",
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "price": {"type": "number", "default": 1.0}},
                    "required": ["name"],
                    "additionalProperties": False,
                },
                "Color": {"title": "Color", "description": "What it looks like.", "enum": ["red", "blue"]},
            },
        },
    ),
    (
        list[Page[int]],
        {
            "type": "array",
            "items": {"$ref": "#/$defs/Page_int"},
            "$defs": {
                "Page_int": {
                    "title": "Page[int]",
                    "type": "object",
                    "properties": {
                        "items": {"type": "array", "items": {"type": "integer"}},
                        "next": {"anyOf": [{"$ref": "#/$defs/Page_int"}, {"type": "null"}], "default": None},
                    },
                    "required": ["items"],
                    "additionalProperties": False,
                }
            },
        },
    ),
    (
        Movie,
        {
            "$ref": "#/$defs/Movie",
            "$defs": {
                "Movie": {
                    "title": "Movie",
                    "type": "object",
                    "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
                    "required": ["title"],
                    "additionalProperties": False,
                }
            },
        },
    ),
    (
        Pair,
        {
            "$ref": "#/$defs/Pair",
            "$defs": {
                "Pair": {
                    "title": "Pair",
                    "type": "object",
                    "properties": {
                        "left": {"type": "integer"},
                        "right": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
                    },
                    "required": ["left"],
                    "additionalProperties": False,
                }
            },
        },
    ),
]


class Schemas(unittest.TestCase):
    maxDiff = None

    def test_of_annotations(self):
        for annotation, expected in SCHEMAS:
            with self.subTest(annotation):
                found = schema(annotation)
                self.assertEqual(found, expected)
                self.assertEqual(list(found.get("$defs", {})), list(expected.get("$defs", {})))
                json.dumps(found)

    def test_two_classes_of_one_name(self):
        other = enum.Enum("Color", {"GREEN": "green"})
        found = schema(Union[Color, other])
        self.assertEqual(found["anyOf"], [{"$ref": "#/$defs/Color"}, {"$ref": "#/$defs/Color_2"}])
        self.assertEqual(found["$defs"]["Color_2"]["const"], "green")

    def test_schemas_do_not_share_what_may_be_changed(self):
        schema(datetime.date)["format"] = "x"
        self.assertEqual(schema(datetime.date), {"type": "string", "format": "date"})

    def test_of_a_function_of_one_input(self):
        def f(value: list[int], ctx) -> Optional[str]:
            """Does
            this.

            And more.
            """

        expected = {
            "input": {"type": "array", "items": {"type": "integer"}},
            "output": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "description": "Does this.",
        }
        self.assertEqual(function_schema(f, "value"), expected)
        self.assertEqual(function_schema(functools.partial(decorate(f)), "value"), expected)
        self.assertEqual(function_schema(lambda x: x, "x"), {"input": {}, "output": {}})

    def test_of_a_function_called_by_keywords(self):
        def f(
            a: int, ctx, b: Color = Color.RED, c=(1, 2), d=Unknown(), *rest, e: "Annotated[str, 'a name']", g: int = "x"
        ): ...

        self.assertEqual(
            function_schema(f, exclude=["ctx"])["input"],
            {
                "type": "object",
                "properties": {
                    "a": {"type": "integer"},
                    "b": {"$ref": "#/$defs/Color", "default": "red"},
                    "c": {"default": [1, 2]},
                    "d": {},
                    "e": {"type": "string", "description": "a name"},
                    "g": {"type": "integer"},
                },
                "required": ["a", "e"],
                "additionalProperties": False,
                "$defs": {"Color": SCHEMAS_BY[Color]["$defs"]["Color"]},
            },
        )
        open_ended = {"type": "object", "properties": {}}
        self.assertEqual(function_schema(lambda **more: more)["input"], open_ended)

        def typed(**more: int): ...

        self.assertEqual(function_schema(typed)["input"], open_ended | {"additionalProperties": {"type": "integer"}})
        with self.assertRaises(TypeError):
            function_schema(len)


SCHEMAS_BY = {annotation: expected for annotation, expected in SCHEMAS if annotation is Color}


if __name__ == "__main__":
    unittest.main()
