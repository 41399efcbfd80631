"""An object's values become keyword arguments."""

import datetime
import functools

from wit_wire_guest.annotations.reading import keywords

from .samples import DAY, Callable, Color, Item, TestCase, same


class Keywords(TestCase):
    def test_values_become_keyword_arguments(self):
        def f(a: Color, b: int = None, *rest, c: datetime.date = DAY, ctx): ...

        read = keywords(f, exclude=["ctx"])
        self.assertEqual(read({"a": "red"}), {"a": Color.RED})
        self.assertEqual(
            read({"c": "2024-02-29", "a": "red", "b": None}), {"a": Color.RED, "b": None, "c": DAY}
        )
        for value, message in [
            ([], "$: expected an object, got the list []"),
            ({}, "$.a: missing"),
            ({"a": "red", "d": 1}, "$.d: the function has no such parameter; it has a, b, c"),
            ({"a": "red", "rest": 1}, "$.rest: the function has no such parameter; it has a, b, c"),
            ({"a": "red", "ctx": 1}, "$.ctx: the function has no such parameter; it has a, b, c"),
            ({"a": "pink"}, "$.a: expected one of 'red', 'blue', got the string 'pink'"),
        ]:
            with self.subTest(value):
                self.assertMismatch(read, value, message)

    def test_further_keywords(self):
        def f(ctx, a: int, **more: float): ...

        read = keywords(f, exclude={"ctx"})
        self.assertEqual(read({"a": 1, "b": 2}), {"a": 1, "b": 2.0})
        self.assertMismatch(read, {"a": 1, "b": "x"}, "$.b: expected a number, got the string 'x'")
        self.assertMismatch(
            read, {"a": 1, "ctx": 1}, "$.ctx: the function has no such parameter; it has a"
        )
        self.assertEqual(keywords(lambda **more: more)({"x": 1}), {"x": 1})

    def test_of_all_that_can_be_called(self):
        self.assertEqual(keywords(Callable().method)({"a": 1}), {"a": 1})
        self.assertEqual(keywords(Callable())({"a": 1}), {"a": 1})
        self.assertEqual(keywords(Item)({"name": "a", "price": 1}), {"name": "a", "price": 1.0})
        self.assertMismatch(
            keywords(functools.partial(same, 1)),
            {"a": 1},
            "$.a: the function has no such parameter; it has none",
        )

    def test_positional_parameters_are_refused(self):
        def f(a, /, b): ...

        with self.assertRaisesRegex(TypeError, "^parameter 'a' is positional-only"):
            keywords(f)
        self.assertEqual(keywords(f, exclude=["a"])({"b": 1}), {"b": 1})
