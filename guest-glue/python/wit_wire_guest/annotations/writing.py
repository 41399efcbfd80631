"""From results to JSON. What is JSON already is checked by the same rules, and passed on."""

import typing
from collections import abc

from .converting import Converters, passing_types
from .forms import FORMS
from .generics import origin_of
from .kinds import classify, is_named_tuple, is_set
from .members import attributes, required
from .reading import Readers
from .shapes import in_order, list_of, mapping_of, one_of, parsed, plain, tuple_of


def writer(annotation):
    """A function from a result to JSON, or `None` if every value fits.

    It raises `Mismatch`.
    """
    return Writers().of(annotation)


class Writers(Converters):
    def owners(self, annotations, steps):
        found = [_owner(annotation) for annotation in annotations]
        return {
            cls: step
            for cls, step in zip(found, steps)
            if found.count(cls) == 1 and cls is not None
        }

    def form(self, form):
        check = parsed(form.expected, form.kinds, form.parse)

        def write(value):
            # A datetime is a date for `isinstance`, and has its own form.
            if isinstance(value, form.cls) and FORMS.get(type(value), form) is form:
                return form.format(value)
            check(value)
            return value

        return write

    def literal(self, values):
        table = {(type(value), value): plain(value) for value in values}
        return one_of(table | {(type(value), value): value for value in table.values()})

    def enumeration(self, cls):
        check = Readers().enumeration(cls)

        def write(value):
            return value.value if isinstance(value, cls) else check(value).value

        return write

    def items(self, origin, item):
        accepted = (abc.Set if is_set(origin) else origin, list, tuple)
        return list_of(accepted, self.of(item), passing_types([item]), list)

    def fixed(self, items):
        return tuple_of((list, tuple), [self.of(item) for item in items], list)

    def mapping(self, key, item):
        return mapping_of(self.key(key), self.of(item))

    def key(self, annotation):
        write = self.of(annotation)
        read = Readers().key(annotation)
        if read is None or write is None:
            return write

        def write_key(key):
            if type(key) is not str:
                return write(key)
            read(key)
            return key

        return write_key

    def fields(self, annotation, found):
        cls = origin_of(annotation)
        write_fields = self.object(cls, found, required(found))
        if typing.is_typeddict(cls):
            return write_fields
        write_list = in_order(list(found), write_fields) if is_named_tuple(cls) else write_fields
        names = attributes(cls, found)
        write_attributes = self.object(cls, found, set())

        def write(value):
            if isinstance(value, cls):
                return write_attributes({name: getattr(value, name) for name in names})
            return write_list(value) if isinstance(value, (list, tuple)) else write_fields(value)

        return write


def _owner(annotation):
    """The class whose instances are written by `annotation`'s rules and no other's."""
    match classify(annotation):
        case "record", record:
            return origin_of(record)
        case "enumeration", cls:
            return cls
        case "form", form:
            return form.cls
