"""From JSON to what annotations ask for."""

import typing

from .. import wire_json
from .converting import Converters, passing_types
from .generics import origin_of
from .kinds import LISTS, classify, is_named_tuple, underlying
from .members import parameters, required
from .mismatch import LONGEST_REASON, Mismatch, shortened
from .shapes import built, in_order, list_of, mapping_of, object_of, one_of, parsed, plain, tuple_of


def reader(annotation):
    """A function from JSON to what `annotation` asks for, or `None` if every value fits.

    It raises `Mismatch`.
    """
    return Readers().of(annotation)


def keywords(function, exclude=()):
    """A function from a JSON object to `function`'s keyword arguments, less those in `exclude`."""
    found, rest = parameters(function, exclude)
    readers = Readers()
    no_such = f"the function has no such parameter; it has {', '.join(found) or 'none'}"
    steps = {name: readers.of(member.annotation) for name, member in found.items()}
    if rest is None:
        return object_of("an object", steps, required(found), no_such)

    def refuse(_):
        raise Mismatch(no_such)

    return object_of(
        "an object",
        steps | dict.fromkeys(exclude, refuse),
        required(found),
        no_such,
        readers.of(rest),
    )


class Readers(Converters):
    def owners(self, _annotations, _steps):
        return {}

    def form(self, form):
        return parsed(form.expected, form.kinds, form.parse)

    def literal(self, values):
        return one_of({(type(plain(value)), plain(value)): value for value in values})

    def enumeration(self, cls):
        shown = shortened(", ".join(repr(member.value) for member in cls), LONGEST_REASON)
        # Called, since a class may accept more than its members' values.
        return parsed(f"one of {shown}", {type(member.value) for member in cls}, cls)

    def items(self, origin, item):
        return list_of(list, self.of(item), passing_types([item]), LISTS[origin])

    def fixed(self, items):
        return tuple_of(list, [self.of(item) for item in items], tuple)

    def mapping(self, key, item):
        return mapping_of(self.key(key), self.of(item))

    def key(self, annotation):
        read = self.of(annotation)
        kind, *details = classify(underlying(annotation))
        if details == [str]:
            return None
        is_string = kind == "form" and str in details[0].kinds
        if is_string or kind not in ("exact", "form", "enumeration", "literal"):
            return read

        def read_key(key):
            try:
                # As a key, a number is a string.
                return read(wire_json.decode(key))
            except (wire_json.NotJson, Mismatch):
                pass
            return read(key)

        return read_key

    def fields(self, annotation, found):
        cls = origin_of(annotation)
        read_fields = self.object(cls, found, required(found))
        if typing.is_typeddict(cls):
            return read_fields
        read_list = in_order(list(found), read_fields) if is_named_tuple(cls) else read_fields

        def read(value):
            fields = read_list(value) if type(value) is list else read_fields(value)
            return built(cls, **fields)

        return read
