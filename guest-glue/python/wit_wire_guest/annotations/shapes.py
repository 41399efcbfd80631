"""Converters for one shape of JSON each, made from the converters of what is inside.

A converter is a function of a value that returns another or raises `Mismatch`. `None` is the
converter that returns every value as it is.
"""

import enum
from collections import abc

from .mismatch import LONGEST_REASON, Mismatch, mismatch, shortened

# As the `rest` of `object_of`: no other keys.
NO_OTHERS = object()

_NO_LISTS = (str, bytes, bytearray, abc.Mapping)


def exactly(kind, expected):
    def convert(value):
        # Instances of subclasses are JSON too, but a bool is not an integer.
        if type(value) is kind or isinstance(value, kind) and type(value) is not bool:
            return value
        raise mismatch(expected, value)

    return convert


def parsed(expected, kinds, parse):
    def convert(value):
        if type(value) in kinds:
            try:
                return parse(value)
            except (ValueError, TypeError, ArithmeticError):
                pass
        raise mismatch(expected, value)

    return convert


def one_of(table):
    """By a table whose keys hold the types too, since `1 == True`."""
    kinds = {kind for kind, _ in table}
    shown = list(dict.fromkeys(repr(plain(value)) for value in table.values()))
    expected = (
        f"one of {shortened(', '.join(shown), LONGEST_REASON)}" if len(shown) > 1 else shown[0]
    )

    def convert(value):
        kind = type(value)
        if kind in kinds and (kind, value) in table:
            return table[kind, value]
        raise mismatch(expected, value)

    return convert


def plain(member):
    """The value of an enumeration's member; anything else itself."""
    return member.value if isinstance(member, enum.Enum) else member


def list_of(accepted, step, passing, build):
    """A list of items that `step` converts, unless all are of the types `passing`."""

    def convert(value):
        if not isinstance(value, accepted) or isinstance(value, _NO_LISTS):
            raise mismatch("a list", value)
        found = value if type(value) is list else list(value)
        if step is not None and not (passing and passing.issuperset(map(type, found))):
            items, found = found, []
            try:
                # No `map`: what it calls would need C's stack, of which an instance has little.
                for item in items:
                    found.append(step(item))
            except Mismatch as error:
                error.steps.append(len(found))
                raise
        return found if build is list else built(build, found)

    return convert


def tuple_of(accepted, steps, build):
    """A list with a converter for each item."""
    expected = f"a list of length {len(steps)}"

    def convert(value):
        if not isinstance(value, accepted) or len(value) != len(steps):
            raise mismatch(expected, value)
        found = []
        try:
            for step, item in zip(steps, value):
                found.append(item if step is None else step(item))
        except Mismatch as error:
            error.steps.append(len(found))
            raise
        return build(found)

    return convert


def mapping_of(key_step, step):
    """An object with any keys."""

    def convert(value):
        if not isinstance(value, abc.Mapping):
            raise mismatch("an object", value)
        found = {}
        try:
            for key, item in value.items():
                new_key = key if key_step is None else key_step(key)
                found[new_key] = item if step is None else step(item)
        except Mismatch as error:
            error.steps.append(key)
            raise
        return found

    return convert


def object_of(expected, steps, required, no_such, rest=NO_OTHERS, discriminators=()):
    """An object with a converter for each key in `steps`, and `rest` for others if they are
    allowed.

    `discriminators` are the keys to begin with.
    """
    required = frozenset(required)

    def convert(value):
        if not isinstance(value, dict):
            raise mismatch(expected, value)
        if rest is NO_OTHERS and not value.keys() <= steps.keys():
            raise Mismatch(no_such, next(key for key in value if key not in steps))
        if not value.keys() >= required:
            raise Mismatch(
                "missing", next(name for name in steps if name in required and name not in value)
            )
        found = {}
        try:
            # Members of a union are told apart before their contents are read, which would be read
            # for each of them.
            for key in discriminators:
                if key in value:
                    steps[key](value[key])
            for key, item in value.items():
                step = steps.get(key, rest)
                found[key] = item if step is None else step(item)
        except Mismatch as error:
            error.steps.append(key)
            raise
        return found

    return convert


def in_order(names, convert):
    """The same for a list of an object's values."""
    expected = f"a list of length {len(names)}"

    def convert_list(value):
        if len(value) > len(names):
            raise mismatch(expected, value)
        try:
            return convert(dict(zip(names, value)))
        except Mismatch as error:
            error.steps[-1] = names.index(error.steps[-1])
            raise

    return convert_list


def built(make, /, *args, **kwargs):
    """What user code makes of values that fit. It may refuse them."""
    try:
        return make(*args, **kwargs)
    except (ValueError, TypeError) as error:
        raise Mismatch(str(error) or type(error).__name__) from error
