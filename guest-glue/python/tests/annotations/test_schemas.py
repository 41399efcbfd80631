"""JSON Schemas of annotations and functions."""

import datetime
import decimal
import enum
import functools
import json
import unittest
import uuid
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union

from wit_wire_guest.annotations.schemas import function_schema, schema

from .samples import (
    Color,
    Level,
    Movie,
    Order,
    Page,
    Pair,
    Unknown,
    UserId,
    Whole,
    decorate,
)

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
        {
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "minItems": 2,
            "maxItems": 2,
        },
    ),
    (tuple[()], {"type": "array", "minItems": 0, "maxItems": 0}),
    (dict, {"type": "object"}),
    (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    (dict[int, Any], {"type": "object", "propertyNames": {"pattern": "^-?[0-9]+$"}}),
    (dict[Level, Any], {"type": "object", "propertyNames": {"enum": ["1", "2"]}}),
    (
        dict[uuid.UUID, Any],
        {"type": "object", "propertyNames": {"type": "string", "format": "uuid"}},
    ),
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
            "$defs": {
                "Color": {
                    "title": "Color",
                    "description": "What it looks like.",
                    "enum": ["red", "blue"],
                }
            },
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
                    "properties": {
                        "name": {"type": "string"},
                        "price": {"type": "number", "default": 1.0},
                    },
                    "required": ["name"],
                    "additionalProperties": False,
                },
                "Color": {
                    "title": "Color",
                    "description": "What it looks like.",
                    "enum": ["red", "blue"],
                },
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
                        "next": {
                            "anyOf": [{"$ref": "#/$defs/Page_int"}, {"type": "null"}],
                            "default": None,
                        },
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
                        "right": {
                            "anyOf": [{"type": "string", "format": "date"}, {"type": "null"}],
                            "default": None,
                        },
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
            a: int,
            ctx,
            b: Color = Color.RED,
            c=(1, 2),
            d=Unknown(),
            *rest,
            e: "Annotated[str, 'a name']",
            g: int = "x",
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

        self.assertEqual(
            function_schema(typed)["input"],
            open_ended | {"additionalProperties": {"type": "integer"}},
        )
        with self.assertRaises(TypeError):
            function_schema(len)


SCHEMAS_BY = {annotation: expected for annotation, expected in SCHEMAS if annotation is Color}
