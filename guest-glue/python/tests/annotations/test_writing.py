"""Results are held to their annotations."""

import datetime
import decimal
import types
from collections import abc
from typing import Any, Literal, Optional

from wit_wire_guest.annotations.writing import writer

from .samples import (
    NOON,
    Cat,
    Color,
    Dog,
    Item,
    Level,
    Movie,
    Order,
    Page,
    Point,
    Priced,
    Size,
    TestCase,
    Unknown,
)

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
    (int, 1.5, "$: expected an integer, got the number 1.5"),
    (None, 0, "$: expected null, got the number 0"),
    (str, b"a", "$: expected a string, got bytes b'a'"),
    (str, Unknown(), None),
    (abc.Iterable[str], "ab", "$: expected a list, got the string 'ab'"),
    (abc.Iterable[str], {"a": 1}, "$: expected a list, got the object {'a': 1}"),
    (list[int], {1}, "$: expected a list, got set {1}"),
    (list[Item], [Item("a"), Point(x=1)], "$[1]: expected an object (Item), got Point(x=1, y=0)"),
    (Order, Order([Item(3)]), "$.items[0].name: expected a string, got the number 3"),
    (
        Order,
        {"items": []} | {"a": 1},
        "$.a: Order has no such field; it has items, color, note, tags",
    ),
    (Movie, {"title": None}, "$.title: expected a string, got null"),
    (dict[str, int], {1: 2}, "$[1]: expected a string, got the number 1"),
    (dict[int, int], {"a": 2}, "$.a: expected an integer, got the string 'a'"),
    (Optional[Item], Item(3), "$.name: expected a string, got the number 3"),
    (Cat | Dog, Cat("cat", None), "$.lives: expected an integer, got null"),
    (Color, "pink", "$: expected one of 'red', 'blue', got the string 'pink'"),
    (Literal["a"], "b", "$: expected 'a', got the string 'b'"),
    (datetime.date, NOON, None),
    (datetime.date, "soon", "$: expected a date such as '2024-12-31', got the string 'soon'"),
]


class Writing(TestCase):
    def test_results_are_held_to_their_annotations(self):
        for annotation, value, expected in WRITTEN:
            with self.subTest(annotation=annotation, value=value):
                self.assertEqual(writer(annotation)(value), expected)
        for number, (annotation, value, message) in enumerate(UNWRITTEN):
            with self.subTest(number, annotation=annotation):
                self.assertMismatch(writer(annotation), value, message)
