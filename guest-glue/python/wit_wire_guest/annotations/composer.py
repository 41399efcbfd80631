"""Visits an annotation: makes something of it from what it makes of the annotations inside."""

import typing

from .generics import alias_value
from .kinds import classify
from .members import members


class Composer:
    """Has a method for each kind of annotation; subclasses add those whose result is their own."""

    def __init__(self):
        self._made = {}
        self._self = typing.Any

    def of(self, annotation):
        kind, *details = classify(annotation)
        return getattr(self, kind)(*details)

    def same(self, annotation):
        return self.of(annotation)

    def described(self, annotation, _description):
        return self.of(annotation)

    def itself(self):
        return self.of(self._self)

    def alias(self, annotation):
        return self.once(annotation, lambda: self.of(alias_value(annotation)))

    def record(self, annotation):
        return self.once(annotation, lambda: self._record(annotation))

    def _record(self, annotation):
        outer, self._self = self._self, annotation
        try:
            return self.fields(annotation, members(annotation))
        finally:
            self._self = outer

    def once(self, key, make):
        """What `make` makes. It may contain itself, as something that looks it up when called."""
        if key not in self._made:
            self._made[key] = lambda value: self._made[key](value)
            self._made[key] = make()
        return self._made[key]
