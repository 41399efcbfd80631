"""What is read from JSON is written as the same JSON."""

import copy
import datetime
import decimal
import enum
import pathlib
import typing
import uuid
from collections import abc
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Optional, Union

from wit_wire_guest.annotations.reading import reader
from wit_wire_guest.annotations.schemas import schema
from wit_wire_guest.annotations.writing import writer

from .samples import (
    DAY,
    DEEP,
    ID,
    NOON,
    Cat,
    Color,
    Dog,
    Item,
    Level,
    Loose,
    Movie,
    Node,
    Odd,
    Order,
    Page,
    Pair,
    Partial,
    Point,
    Root,
    Size,
    Sorted,
    T,
    TestCase,
    Unknown,
    Untyped,
    UserId,
    Whole,
    same,
)

# Annotation, JSON, what it is read as. Written again it is the same JSON, unless a fourth says
# otherwise.
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
    (
        Sorted,
        {"values": [1, 3, 2], "reverse": True},
        Sorted([3, 2, 1], True),
        {"values": [3, 2, 1]},
    ),
    (
        Node,
        DEEP,
        Node(1, [Node(2, [Node(3)])]),
        {
            "value": 1,
            "children": [
                {
                    "value": 2,
                    "children": [{"value": 3, "children": [], "parent": None}],
                    "parent": None,
                }
            ],
            "parent": None,
        },
    ),
    (
        Node,
        {"value": 1, "children": [], "parent": {"value": 2, "children": [], "parent": None}},
        Node(1, [], Node(2)),
    ),
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


class RoundTrips(TestCase):
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

    def test_nothing_is_done_for_unknown_types(self):
        for annotation in PASSING:
            with self.subTest(annotation):
                self.assertIsNone(reader(annotation))
                self.assertIsNone(writer(annotation))
                self.assertEqual(schema(annotation), {})
        item = Item("a")
        self.assertIs(writer(list[Any])([item])[0], item)
