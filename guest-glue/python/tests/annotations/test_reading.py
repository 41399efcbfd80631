"""What does not fit its annotation is refused, and the message says where and why."""

import dataclasses
import datetime
import decimal
import enum
import uuid
from pathlib import Path
from typing import Literal, Optional

from wit_wire_guest.annotations.mismatch import Mismatch
from wit_wire_guest.annotations.reading import reader

from .samples import (
    Cat,
    Color,
    Dog,
    Item,
    Level,
    Movie,
    Node,
    Order,
    Page,
    Pair,
    Partial,
    Sorted,
    TestCase,
    UserId,
    Whole,
)

# Annotation, JSON, the error.
MISFITS = [
    (None, 0, "$: expected null, got the number 0"),
    (bool, 1, "$: expected true or false, got the number 1"),
    (int, "abc", "$: expected an integer, got the string 'abc'"),
    (int, True, "$: expected an integer, got true"),
    (int, 1.0, "$: expected an integer, got the number 1.0"),
    (int, None, "$: expected an integer, got null"),
    (float, "1", "$: expected a number, got the string '1'"),
    (float, False, "$: expected a number, got false"),
    (float, 10**400, None),
    (str, [1], "$: expected a string, got the list [1]"),
    (str, {"a": 1}, "$: expected a string, got the object {'a': 1}"),
    (int, "x" * 70, "$: expected an integer, got the string '" + "x" * 27 + "..." + "x" * 28 + "'"),
    (list[int], {"a": 1}, "$: expected a list, got the object {'a': 1}"),
    (list[int], "ab", "$: expected a list, got the string 'ab'"),
    (list[int], [1, 2, "c"], "$[2]: expected an integer, got the string 'c'"),
    (
        list[list[Color]],
        [["red"], ["red", "pink"]],
        "$[1][1]: expected one of 'red', 'blue', got the string 'pink'",
    ),
    (tuple[int, str], [1], "$: expected a list of length 2, got the list [1]"),
    (tuple[int, str], [1, 2], "$[1]: expected a string, got the number 2"),
    (set[dict], [{}], None),
    (dict[str, int], [1], "$: expected an object, got the list [1]"),
    (dict[str, int], {"a b": "c"}, "$[\"a b\"]: expected an integer, got the string 'c'"),
    (dict[str, int], {"é": None}, "$.é: expected an integer, got null"),
    (dict[int, int], {"x": 1}, "$.x: expected an integer, got the string 'x'"),
    (dict[Color, int], {"x": 1}, "$.x: expected one of 'red', 'blue', got the string 'x'"),
    (Optional[int], "a", "$: expected an integer or null, got the string 'a'"),
    (str | int | None, [], "$: expected a string or an integer or null, got the list []"),
    (list[int] | str, ["a"], "$[0]: expected an integer, got the string 'a'"),
    (Item | None, {"name": 1}, "$.name: expected a string, got the number 1"),
    (None | Item, [], "$: expected an object (Item) or null, got the list []"),
    (
        list[Cat | Dog],
        [{"kind": "cat", "owner": "b"}],
        "$[0]: matches none of Cat (.owner: Cat has no such field; it has kind, lives), "
        "Dog (.kind: expected 'dog', got the string 'cat')",
    ),
    (Literal[1, "a"], True, "$: expected one of 1, 'a', got true"),
    (Literal["a"], ["a"], "$: expected 'a', got the list ['a']"),
    (Level, "1", "$: expected one of 1, 2, got the string '1'"),
    (Level, True, "$: expected one of 1, 2, got true"),
    (
        Order,
        {"items": [{"name": "a"}, {"name": "b", "price": "c"}]},
        "$.items[1].price: expected a number, got the string 'c'",
    ),
    (Order, {}, "$.items: missing"),
    (
        Order,
        {"items": [], "total": 1},
        "$.total: Order has no such field; it has items, color, note, tags",
    ),
    (Order, "a", "$: expected an object (Order), got the string 'a'"),
    (Sorted, {"values": []}, "$: no values"),
    (list[Sorted], [{"values": [1]}, {"values": []}], "$[1]: no values"),
    (
        Node,
        {"value": 1, "children": [{"value": 2, "children": [{"value": "x"}]}]},
        "$.children[0].children[0].value: expected an integer, got the string 'x'",
    ),
    (
        Node,
        {"value": 1, "parent": {"value": "x"}},
        "$.parent.value: expected an integer, got the string 'x'",
    ),
    (
        Page[int],
        {"items": [1], "next": {"items": ["a"]}},
        "$.next.items[0]: expected an integer, got the string 'a'",
    ),
    (Movie, {"title": "a", "yaer": 1}, "$.yaer: Movie has no such field; it has title, year"),
    (Movie, {"year": 1}, "$.title: missing"),
    (Partial, {"b": "2024-02-29"}, "$.a: missing"),
    (Pair, [], "$[0]: missing"),
    (Pair, ["a"], "$[0]: expected an integer, got the string 'a'"),
    (Pair, [1, None, 3], "$: expected a list of length 2, got the list [1, None, 3]"),
    (UserId, "a", "$: expected an integer, got the string 'a'"),
    (Whole, "a", "$: expected an integer, got the string 'a'"),
    (
        datetime.datetime,
        "noon",
        "$: expected a date and time such as '2024-12-31T23:59:00Z', got the string 'noon'",
    ),
    (
        datetime.date,
        "2024-02-30",
        "$: expected a date such as '2024-12-31', got the string '2024-02-30'",
    ),
    (datetime.time, 12, "$: expected a time such as '23:59:00', got the number 12"),
    (datetime.timedelta, 1e300, "$: expected a number of seconds, got the number 1e+300"),
    (uuid.UUID, "abc", "$: expected a UUID, got the string 'abc'"),
    (decimal.Decimal, "NaN", "$: expected a decimal number, got the string 'NaN'"),
    (decimal.Decimal, True, "$: expected a decimal number, got true"),
    (Path, 3, "$: expected a string, got the number 3"),
]


class Reading(TestCase):
    def test_a_mismatch_has_its_place(self):
        for annotation, value, message in MISFITS:
            with self.subTest(annotation=annotation, value=value):
                self.assertMismatch(reader(annotation), value, message)

    def test_a_mismatch_is_data(self):
        with self.assertRaises(Mismatch) as caught:
            reader(dict[str, list[int]])({"a b": [1, None]})
        self.assertEqual(caught.exception.path, '$["a b"][1]')
        self.assertEqual(caught.exception.message, "expected an integer, got null")
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
        self.assertMismatch(
            reader(Node),
            value,
            "$" + ".children[0]" * 60 + ".value: expected an integer, got the string 'x'",
        )

    def test_lists_of_what_passes_are_not_copied(self):
        value = list(range(10_000))
        self.assertIs(reader(list[int])(value), value)
