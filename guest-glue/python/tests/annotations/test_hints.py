"""Annotations as users write them: those that can be resolved are, under any Python from 3.11.

What newer ones can write is in sources that are compiled where they can be.
"""

import dataclasses
import datetime
import functools
import sys
import textwrap
import types
import unittest
from typing import (
    Annotated,
    Optional,
)

from wit_wire_guest.annotations.members import hints
from wit_wire_guest.annotations.mismatch import Mismatch
from wit_wire_guest.annotations.reading import keywords, reader
from wit_wire_guest.annotations.schemas import function_schema, schema

from .samples import DAY, Callable, Item, Pair, decorate, same


def module(source, name="annotated"):
    """A module of `source`, known to the import system as those of users are."""
    found = types.ModuleType(name)
    sys.modules[name] = found
    exec(compile(textwrap.dedent(source), f"<{name}>", "exec", dont_inherit=True), found.__dict__)
    return found


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
        self.assertEqual(
            hints(Pair), {"left": int, "right": Optional[datetime.date], "return": Pair}
        )

    def test_only_annotations_that_can_t_be_resolved_are_left_out(self):
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
                    hints(found.Order),
                    {"item": found.Item, "more": found.Item | None, "return": found.Order},
                )
                read = reader(found.Order)
                self.assertEqual(
                    read({"missing": [1], "item": {"n": 1}}), found.Order([1], found.Item(1))
                )
                with self.assertRaisesRegex(
                    Mismatch, r"^\$\.more\.n: expected an integer, got the string 'x'$"
                ):
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

    def test_annotations_of_classes_as_strings(self):
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
            read({"date": "2024-02-29", "below": [{}], "seed": 1}),
            found.Derived(DAY, below=[found.Derived()]),
        )
        with self.assertRaisesRegex(
            Mismatch, r"^\$\.limit: Derived has no such field; it has date, seed, below$"
        ):
            read({"limit": 1})
        with self.assertRaisesRegex(
            Mismatch, r"^\$\.seed: expected an integer, got the string 'x'$"
        ):
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
                (
                    found.Box[float],
                    {"value": 1, "more": [{"value": 2}]},
                    found.Box(1.0, [found.Box(2.0)]),
                ),
                (found.Box, {"value": "a"}, found.Box("a")),
            ]:
                with self.subTest(annotation):
                    self.assertEqual(reader(annotation)(value), expected)
            self.assertIsNone(reader(found.Missing))
            for annotation, value, message in [
                (found.Numbers, ["a"], "$[0]: expected an integer, got the string 'a'"),
                (found.Twice[int], [1, "a"], "$[1]: expected an integer, got the string 'a'"),
                (
                    found.Box[int],
                    {"value": 1, "more": [{"value": "a"}]},
                    "$.more[0].value: expected an integer, got the string 'a'",
                ),
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
            self.assertEqual(
                hints(found.f), {"b": list[found.Order], "d": int, "return": found.Order}
            )
            self.assertEqual(
                hints(found.raising), {"b": found.Order, "d": list[int], "return": int}
            )
            self.assertEqual(hints(found.hopeless), {})
            self.assertEqual(keywords(found.hopeless)({"a": 1, "b": "x"}), {"a": 1, "b": "x"})
            self.assertRaises(TypeError, lambda: found.hopeless.__annotations__)
            read = keywords(found.f)
            self.assertEqual(read(dict.fromkeys("ace") | {"b": [], "d": 1})["d"], 1)
            with self.assertRaisesRegex(
                Mismatch,
                r"^\$\.b\[0\]\.node\.children\[0\]: expected an object \(Node\), got the number 3$",
            ):
                read(dict.fromkeys("ace") | {"b": [{"node": {"children": [3]}}], "d": 1})
            function_schema(found.f)
            node = {"children": []}
            self.assertEqual(
                reader(found.Order)({"node": node, "date": "x"}),
                found.Order(found.Node([]), 3, "x"),
            )
            self.assertEqual(
                reader(found.Movie)({"node": node, "missing": 1}),
                {"node": found.Node([]), "missing": 1},
            )
            self.assertEqual(reader(found.Pair)([node]), (found.Node([]), 3))
            local, inner = found.outer()
            self.assertEqual(hints(inner), {"a": local, "b": list[local]})
            self.assertEqual(reader(local)({"n": 1, "next": {"n": 2}}), local(1, local(2)))
