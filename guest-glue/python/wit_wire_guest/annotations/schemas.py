"""JSON Schema (2020-12) of annotations: what `reading` accepts and `writing` produces."""

import inspect
import re
import types
import typing

from .. import wire_json
from .composer import Composer
from .generics import origin_of
from .kinds import classify, is_set, name_of, underlying
from .members import hints, parameters, required
from .resolve import unwrap
from .shapes import plain
from .writing import writer

_TYPES = {types.NoneType: "null", bool: "boolean", int: "integer", str: "string"}


def schema(annotation):
    """The schema of one annotation. Types with a name are in its `$defs`."""
    schemas = Schemas()
    return schemas.root(schemas.of(annotation))


def function_schema(function, parameter=None, exclude=()):
    """`input`, `output` and, if there is a docstring, `description` of a function.

    Its input is `parameter`, or if that is `None` an object with the values of all parameters but
    those in `exclude`.
    """
    known = hints(function)
    found = {"output": schema(known.get("return", typing.Any))}
    if parameter is None:
        schemas = Schemas()
        found["input"] = schemas.root(schemas.object(*parameters(function, exclude)))
    else:
        found["input"] = schema(known.get(parameter, typing.Any))
    return found | _description(unwrap(function))


class Schemas(Composer):
    def __init__(self):
        super().__init__()
        self._definitions = {}

    def root(self, schema):
        return schema | {"$defs": self._definitions} if self._definitions else schema

    def once(self, key, make):
        if key not in self._made:
            name = self._free_name(name_of(key))
            self._made[key] = {"$ref": f"#/$defs/{name}"}
            # Listed before what it contains.
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
        unique = {"uniqueItems": True} if is_set(origin) else {}
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
        """The schema of keys, which are strings."""
        match classify(underlying(key)):
            case "exact", kind if kind is int:
                return {"pattern": "^-?[0-9]+$"}
            case (("literal" | "enumeration"), values):
                return _one_of([_as_key(plain(value)) for value in values])
            case "form", form if form.schema["type"] == "string":
                return dict(form.schema)
        return {}

    def fields(self, annotation, found):
        cls = origin_of(annotation)
        return {"title": name_of(annotation)} | _description(cls) | self.object(found)

    def object(self, found, rest=None):
        properties = {name: self._property(member) for name, member in found.items()}
        names = required(found)
        others = False if rest is None else self.of(rest)
        schema = {"type": "object", "properties": properties} | (
            {"required": names} if names else {}
        )
        return schema if others == {} else schema | {"additionalProperties": others}

    def _property(self, member):
        schema = self.of(member.annotation)
        try:
            write = writer(member.annotation)
            default = write(member.default) if write else member.default
            return schema | {"default": wire_json.decode(wire_json.encode(default))}
        except Exception:
            # Not JSON, or JSON that does not fit: the schema says nothing of it.
            return schema


def _one_of(values):
    found = []
    for value in map(plain, values):
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
        # Else what `dataclass` and `NamedTuple` put there.
        text = None if str(text).startswith(f"{owner.__name__}(") else text
    if not isinstance(text, str) or not text.strip():
        return {}
    return {"description": " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())}
