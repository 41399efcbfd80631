"""JSON Schema (2020-12) of annotations: what `annotations` reads and writes."""

import inspect
import re
import types
import typing

from . import annotations, wire_json

_TYPES = {types.NoneType: "null", bool: "boolean", int: "integer", str: "string"}


def schema(annotation):
    """The schema of one annotation. What has a name is in its `$defs`."""
    schemas = Schemas()
    return schemas.whole(schemas.of(annotation))


def function_schema(function, parameter=None, exclude=()):
    """`input`, `output` and, if there is a docstring, `description` of a function.

    It is called with the input as `parameter`, or if that is `None` with an object's values by keyword, less `exclude`.
    """
    known = annotations.hints(function)
    found = {"output": schema(known.get("return", typing.Any))}
    if parameter is None:
        schemas = Schemas()
        found["input"] = schemas.whole(schemas.object(*annotations.parameters(function, exclude)))
    else:
        found["input"] = schema(known.get(parameter, typing.Any))
    return found | _description(annotations.written(function))


class Schemas(annotations.Composer):
    def __init__(self):
        super().__init__()
        self._definitions = {}

    def whole(self, schema):
        return schema | {"$defs": self._definitions} if self._definitions else schema

    def once(self, key, make):
        if key not in self._made:
            name = self._free_name(annotations.name_of(key))
            self._made[key] = {"$ref": f"#/$defs/{name}"}
            # Its place among the others is before what it contains.
            self._definitions[name] = None
            self._definitions[name] = make()
        return self._made[key]

    def _free_name(self, name):
        name = free = re.sub(r"\W+", "_", name, flags=re.ASCII).rstrip("_")
        count = 1
        while free in self._definitions:
            count += 1
            free = f"{name}_{count}"
        return free

    def anything(self):
        return {}

    def exact(self, kind):
        return {"type": _TYPES[kind]}

    def form(self, form):
        return dict(form.schema)

    def described(self, annotation, description):
        schema = self.of(annotation)
        return schema if description is None else schema | {"description": description}

    def union(self, members):
        return {"anyOf": [self.of(member) for member in members]}

    def literal(self, values):
        return _one_of(values)

    def enumeration(self, cls):
        return self.once(cls, lambda: {"title": cls.__name__} | _description(cls) | _one_of(cls))

    def items(self, origin, item):
        items = self.of(item)
        unique = {"uniqueItems": True} if annotations.is_set(origin) else {}
        return {"type": "array"} | ({"items": items} if items else {}) | unique

    def fixed(self, items):
        # An empty `prefixItems` is not allowed.
        prefix = {"prefixItems": [self.of(item) for item in items]} if items else {}
        return {"type": "array"} | prefix | {"minItems": len(items), "maxItems": len(items)}

    def mapping(self, key, item):
        names, items = self._names(key), self.of(item)
        schema = {"type": "object"} | ({"propertyNames": names} if names else {})
        return schema | ({"additionalProperties": items} if items else {})

    def _names(self, key):
        """The schema of keys, which are text."""
        match annotations.classify(annotations.underlying(key)):
            case "exact", kind if kind is int:
                return {"pattern": "^-?[0-9]+$"}
            case (("literal" | "enumeration"), values):
                return _one_of([_as_key(annotations.plain(value)) for value in values])
            case "form", form if form.schema["type"] == "string":
                return dict(form.schema)
        return {}

    def fields(self, annotation, found):
        cls = annotations.origin_of(annotation)
        return {"title": annotations.name_of(annotation)} | _description(cls) | self.object(found)

    def object(self, found, rest=None):
        properties = {name: self._property(member) for name, member in found.items()}
        required = [name for name, member in found.items() if member.default is annotations.REQUIRED]
        others = False if rest is None else self.of(rest)
        schema = {"type": "object", "properties": properties} | ({"required": required} if required else {})
        return schema if others == {} else schema | {"additionalProperties": others}

    def _property(self, member):
        schema = self.of(member.annotation)
        try:
            write = annotations.writer(member.annotation)
            default = write(member.default) if write else member.default
            return schema | {"default": wire_json.decode(wire_json.encode(default))}
        except Exception:
            # Not JSON, or none that fits: what it is stays with the user's code.
            return schema


def _one_of(values):
    found = []
    for value in map(annotations.plain, values):
        try:
            found.append(wire_json.decode(wire_json.encode(value)))
        except (TypeError, ValueError, RecursionError):
            return {}
    return {"const": found[0]} if len(found) == 1 else {"enum": found}


def _as_key(value):
    return value if isinstance(value, str) else wire_json.encode(value)


def _description(owner):
    """The first paragraph of the docstring that a user wrote."""
    text = getattr(owner, "__doc__", None)
    if isinstance(owner, type):
        text = vars(owner).get("__doc__")
        # What `dataclass` and `NamedTuple` put there.
        text = None if str(text).startswith(f"{owner.__name__}(") else text
    if not isinstance(text, str) or not text.strip():
        return {}
    return {"description": " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())}
