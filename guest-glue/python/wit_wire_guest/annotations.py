"""What annotations say of a function's input and result: JSON is checked and made into Python's objects, and back.

In reading order: `Mismatch` (a value that does not fit, and where), `hints` (a function's annotations, resolved),
`classify` (what one annotation is), `members` and `parameters` (what classes and functions consist of), `reader`,
`writer` and `keywords` (converters, composed once). What nothing is known of passes as it is.
"""

import dataclasses
import datetime
import decimal
import enum
import functools
import inspect
import json
import reprlib
import sys
import types
import typing
import uuid
from collections import abc

from . import wire_json

if sys.version_info >= (3, 14):
    # Annotations are evaluated when they are asked for: all but those that can't be, or each as text.
    from annotationlib import Format

    _FORMATS = [{"format": Format.FORWARDREF}, {"format": Format.STRING}]
    _SIGNATURE = {"annotation_format": Format.FORWARDREF}
else:
    _FORMATS, _SIGNATURE = [{}], {}

# In characters: what messages show of a value, and of what each member of a union wanted.
LONGEST_VALUE = 60
LONGEST_REASON = 120


class Mismatch(ValueError):
    """A value that does not fit its annotation."""

    def __init__(self, message, *steps, wanted=None):
        super().__init__(message)
        self.message = message
        # Keys and indexes from the innermost out: each level adds its own as the error passes through it.
        self.steps = list(steps)
        # Set if the value is of another kind altogether.
        self.wanted = wanted

    def __str__(self):
        return f"{self.path}: {self.message}"

    @property
    def path(self):
        return "$" + "".join(map(_step, reversed(self.steps)))


def _step(key):
    if isinstance(key, str) and key.isidentifier():
        return "." + _cut(key, LONGEST_VALUE)
    shown = json.dumps(key if isinstance(key, (int, float)) else str(key), ensure_ascii=False)
    return f"[{_cut(shown, LONGEST_VALUE)}]"


def _cut(text, longest):
    return text if len(text) <= longest else text[: longest - 3] + "..."


_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = LONGEST_VALUE
_JSON_WORDS = {int: "number", float: "number", str: "text", list: "list", dict: "object"}
_CONSTANTS = {None: "null", True: "true", False: "false"}


def unlike(wanted, value):
    """The `Mismatch` of a `value` that is none of what is `wanted`."""
    kind = type(value)
    if kind is bool or value is None:
        shown = _CONSTANTS[value]
    else:
        try:
            shown = _cut(_repr.repr(value), LONGEST_VALUE)
        except Exception:
            shown = "that can't be shown"
        name = _JSON_WORDS.get(kind, kind.__name__)
        shown = shown if shown.startswith(name) else f"{name} {shown}"
    return Mismatch(f"want {wanted}, got {shown}", wanted=wanted)


# Annotations, resolved.


_NO_VALUE = object()


def hints(function):
    """The annotations of a function by parameter, and `return`: resolved, and without those that can't be."""
    function = written(function)
    if isinstance(function, type):
        if not is_record(function):
            return hints(function.__init__) | {"return": function}
        found = members(function)
        return {name: hint for name, hint in _class_hints(function).items() if name in found} | {"return": function}
    if not isinstance(function, types.FunctionType):
        return {}
    found = _known(_resolved(function, function.__globals__, {}))
    return {name: _or_none(hint) if name in _none_by_default(function) else hint for name, hint in found.items()}


def _none_by_default(function):
    """The parameters that may be left out for `None`, and so may be null."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = dict(zip(reversed(names), reversed(function.__defaults__ or ()))) | (function.__kwdefaults__ or {})
    return {name for name, default in defaults.items() if default is None}


def _or_none(hint):
    try:
        return typing.Optional[hint]
    except TypeError:
        # It is no type, and stands for nothing.
        return hint


def signature(function):
    """As `inspect.signature`, also if annotations can't be evaluated."""
    try:
        return inspect.signature(function, **_SIGNATURE)
    except Exception:
        inner = written(function)
        if not _SIGNATURE or not isinstance(inner, types.FunctionType):
            raise
    # It has no format that would do without them.
    annotate, inner.__annotate__ = inner.__annotate__, None
    try:
        return inspect.signature(function)
    finally:
        inner.__annotate__ = annotate


def written(function):
    """What a user wrote, below decorators, partials, bound methods and objects with `__call__`."""
    ends = (type, types.BuiltinFunctionType, types.WrapperDescriptorType)
    for _ in range(sys.getrecursionlimit()):
        if isinstance(function, ends):
            break
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, (types.MethodType, staticmethod, classmethod)):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif isinstance(function, types.FunctionType):
            break
        else:
            function = getattr(type(function), "__call__", None)
    return function


def _class_hints(cls):
    found = {}
    for base in reversed(cls.__mro__):
        own = dict(vars(base))
        # Names of the module come first, as in `typing.get_type_hints`: `date: date = None` means the module's.
        found |= _resolved(base, own, _globals(base), own)
    return _known(found)


def _known(resolved):
    return {name: hint for name, hint in resolved.items() if hint is not None}


def _globals(owner):
    return getattr(sys.modules.get(owner.__module__), "__dict__", {})


def _resolved(owner, globalns, localns, values=types.MappingProxyType({})):
    """An owner's own annotations by name, `None` if they can't be resolved."""
    localns, found = _with_type_params(owner, localns), {}
    for name, annotation in _annotations(owner).items():
        # Evaluated late, `date: date = None` is annotated with its own value: not what was meant.
        is_itself = annotation is values.get(name, _NO_VALUE)
        found[name] = None if is_itself else _resolve(annotation, globalns, localns)
    return found


def _with_type_params(owner, localns):
    params = getattr(owner, "__type_params__", ())
    return {**localns, **{param.__name__: param for param in params}} if params else localns


def _annotations(owner):
    for how in _FORMATS:
        try:
            return inspect.get_annotations(owner, **how)
        except Exception:
            # User code, which may raise anything.
            continue
    return {}


def _resolve(annotation, globalns, localns):
    if isinstance(annotation, type):
        return annotation
    # One by one: a single one that can't be resolved would take all others with it.
    probe = type("probe", (), {"__annotations__": {"it": annotation}})
    try:
        return typing.get_type_hints(probe, globalns, localns, include_extras=True)["it"]
    except Exception:
        return None


# What an annotation is.


class Form(typing.NamedTuple):
    """A type that JSON holds in another form."""

    cls: type
    wanted: str
    kinds: tuple
    parse: abc.Callable
    format: abc.Callable
    schema: dict


def _decimal(value):
    number = decimal.Decimal(str(value))
    if not number.is_finite():
        raise ValueError("not finite")
    return number


def _iso(cls, wanted, format):
    return Form(cls, wanted, (str,), cls.fromisoformat, cls.isoformat, {"type": "string", "format": format})


_FORMS = {
    form.cls: form
    for form in (
        Form(float, "a number", (float, int), float, float, {"type": "number"}),
        _iso(datetime.datetime, "a date and time such as '2024-12-31T23:59:00Z'", "date-time"),
        _iso(datetime.date, "a date such as '2024-12-31'", "date"),
        _iso(datetime.time, "a time such as '23:59:00'", "time"),
        Form(
            datetime.timedelta,
            "a number of seconds",
            (float, int),
            lambda seconds: datetime.timedelta(seconds=seconds),
            datetime.timedelta.total_seconds,
            {"type": "number", "description": "seconds"},
        ),
        Form(uuid.UUID, "a UUID", (str,), uuid.UUID, str, {"type": "string", "format": "uuid"}),
        Form(decimal.Decimal, "a decimal number", (str, int, float), _decimal, str, {"type": ["string", "number"]}),
    )
}
_EXACT = {types.NoneType: "null", bool: "true or false", int: "an integer", str: "text"}
_LISTS = {
    list: list, tuple: tuple, set: set, frozenset: frozenset, abc.Set: set, abc.MutableSet: set,
    abc.Sequence: list, abc.MutableSequence: list, abc.Collection: list, abc.Iterable: list,
}  # fmt: skip
_OBJECTS = (dict, abc.Mapping, abc.MutableMapping)
_UNIONS = (typing.Union, types.UnionType)
_QUALIFIERS = (
    typing.Final,
    typing.ClassVar,
    typing.Required,
    typing.NotRequired,
    getattr(typing, "ReadOnly", typing.Final),
)
_ALIAS = getattr(typing, "TypeAliasType", ())
_NO_LISTS = (str, bytes, bytearray, abc.Mapping)


def classify(annotation):
    """What an annotation is: the name of the `Composer`'s method for it, and what that is given."""
    if annotation is None:
        annotation = types.NoneType
    origin = origin_of(annotation)
    args = typing.get_args(annotation)
    if not _is_hashable(origin):
        return ("anything",)
    if origin in _EXACT:
        return "exact", origin
    if origin in _FORMS:
        return "form", _FORMS[origin]
    if origin in _UNIONS and args:
        return "union", args
    if origin in _LISTS:
        return _list(annotation, origin, args)
    if origin in _OBJECTS:
        return "mapping", *(args or (typing.Any, typing.Any))
    if origin is typing.Annotated:
        return "described", args[0], next((extra for extra in args[1:] if isinstance(extra, str)), None)
    if origin is typing.Literal:
        return "literal", args
    if origin in _QUALIFIERS and args:
        return "same", args[0]
    if origin is typing.Self:
        return ("itself",)
    if isinstance(origin, _ALIAS):
        return "alias", annotation if _is_hashable(annotation) else origin
    if isinstance(origin, typing.NewType):
        return "same", origin.__supertype__
    if isinstance(origin, dataclasses.InitVar):
        return "same", origin.type
    if isinstance(origin, typing.TypeVar):
        return "same", _bound(origin)
    if isinstance(origin, type):
        return _class(annotation, origin)
    return ("anything",)


def origin_of(annotation):
    """What is below the brackets: `list` of `list[int]`."""
    return typing.get_origin(annotation) or annotation


def name_of(annotation):
    """What users call it."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    name = getattr(origin or annotation, "__name__", str(annotation))
    if isinstance(origin, (type, _ALIAS)) and origin not in _UNIONS:
        return f"{name}[{', '.join(map(name_of, args))}]"
    return name if origin is None else str(annotation)


def _is_hashable(annotation):
    try:
        hash(annotation)
    except TypeError:
        return False
    return True


def _list(annotation, origin, args):
    if origin is not tuple or not args and annotation != tuple[()]:
        return "items", origin, args[0] if args else typing.Any
    if args[1:] == (Ellipsis,):
        return "items", tuple, args[0]
    if any(typing.get_origin(arg) is typing.Unpack or getattr(arg, "__unpacked__", False) for arg in args):
        return "items", tuple, typing.Any
    return "fixed", args


def is_set(origin):
    return issubclass(origin, abc.Set)


def _class(annotation, cls):
    if issubclass(cls, enum.Enum) and len(cls):
        return "enumeration", cls
    if is_record(cls):
        return "record", annotation if _is_hashable(annotation) else cls
    # Too slow to be imported for nothing; whoever names its classes has it.
    pathlib = sys.modules.get("pathlib")
    if pathlib and issubclass(cls, pathlib.PurePath):
        return "form", Form(cls, "text", (str,), cls, str, {"type": "string"})
    return ("anything",)


def underlying(annotation):
    """What an alias or a description is about."""
    kind, *details = classify(annotation)
    while kind in ("same", "described", "alias"):
        annotation = alias_value(details[0]) if kind == "alias" else details[0]
        kind, *details = classify(annotation)
    return annotation


def _bound(variable):
    try:
        return typing.Any if variable.__bound__ is None else variable.__bound__
    except Exception:
        # Evaluated only now, and user code.
        return typing.Any


def alias_value(annotation):
    """What a `type` statement's alias stands for."""
    alias = origin_of(annotation)
    try:
        value = _resolve(alias.__value__, _globals(alias), _with_type_params(alias, {}))
    except Exception:
        return typing.Any
    return _substitute(value, _variables(annotation))


def _variables(annotation):
    """What the type variables of a generic class or alias stand for."""
    origin = origin_of(annotation)
    parameters = getattr(origin, "__type_params__", ()) or getattr(origin, "__parameters__", ())
    args = typing.get_args(annotation)
    return dict(zip(parameters, args)) if len(parameters) == len(args) else {}


def _substitute(annotation, variables):
    if isinstance(annotation, typing.TypeVar):
        return variables.get(annotation, annotation)
    parameters = () if isinstance(annotation, type) else getattr(annotation, "__parameters__", ())
    try:
        return annotation[tuple(variables.get(p, p) for p in parameters)] if parameters else annotation
    except TypeError:
        return typing.Any


# What classes and functions consist of.

REQUIRED = inspect.Parameter.empty
_OPTIONAL = object()


class Member(typing.NamedTuple):
    """A field or a parameter: its annotation, and its default or `REQUIRED`."""

    annotation: object
    default: object


def is_record(cls):
    """Whether `cls` is a dataclass, a `TypedDict` or a `NamedTuple`."""
    return dataclasses.is_dataclass(cls) or typing.is_typeddict(cls) or is_named_tuple(cls)


def is_named_tuple(cls):
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def _member(known, name, default):
    annotation = known.get(name, typing.Any)
    if default is None and name in known:
        # `x: int = None` is what people write.
        try:
            annotation = typing.Optional[annotation]
        except TypeError:
            annotation = typing.Any
    return Member(annotation, default)


def members(annotation):
    """The members of a record by name."""
    cls = origin_of(annotation)
    variables = _variables(annotation)
    known = {name: _substitute(hint, variables) for name, hint in _class_hints(cls).items()}
    if typing.is_typeddict(cls):
        defaults = {name: REQUIRED if _is_in(cls, name, known.get(name)) else _OPTIONAL for name in _annotations(cls)}
    elif is_named_tuple(cls):
        defaults = {name: cls._field_defaults.get(name, REQUIRED) for name in cls._fields}
    else:
        fields = cls.__dataclass_fields__.values()
        kinds = (dataclasses._FIELD, dataclasses._FIELD_INITVAR)
        defaults = {field.name: _default(field) for field in fields if field.init and field._field_type in kinds}
    return {name: _member(known, name, default) for name, default in defaults.items()}


def attributes(cls, found):
    """Those of a record's members that its instances have: a dataclass may be given more."""
    kept = [field.name for field in dataclasses.fields(cls)] if dataclasses.is_dataclass(cls) else found
    return [name for name in found if name in kept]


def _is_in(cls, name, hint):
    """Whether a `TypedDict` requires a key. It does not see what is said in annotations that are text."""
    while hint is not None:
        origin = typing.get_origin(hint)
        if origin in (typing.Required, typing.NotRequired):
            return origin is typing.Required
        hint = typing.get_args(hint)[0] if origin is typing.Annotated or origin in _QUALIFIERS else None
    return name in cls.__required_keys__


def _default(field):
    if field.default is not dataclasses.MISSING:
        return field.default
    # A factory stands for what it makes: it is no JSON, and so in no schema.
    return REQUIRED if field.default_factory is dataclasses.MISSING else field.default_factory


def parameters(function, exclude=()):
    """The parameters by name, less those in `exclude`, and the annotation of `**kwargs` or `None`.

    `TypeError` if one can't be given by name.
    """
    known, found, rest = hints(function), {}, None
    for parameter in signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            rest = known.get(parameter.name, typing.Any)
        elif parameter.kind is not parameter.VAR_POSITIONAL and parameter.name not in exclude:
            if parameter.kind is parameter.POSITIONAL_ONLY:
                raise TypeError(f"parameter {parameter.name!r} can't be given by name: take the `/` after it away")
            found[parameter.name] = _member(known, parameter.name, parameter.default)
    return found, rest


# Converters.


def reader(annotation):
    """A function from JSON to what `annotation` asks for, or `None` if anything will do. It raises `Mismatch`."""
    return Readers().of(annotation)


def writer(annotation):
    """From a result to JSON, or `None` if anything will do. What is JSON already is checked, and passed on."""
    return Writers().of(annotation)


def keywords(function, exclude=()):
    """A function from a JSON object to the keyword arguments of `function`, of which `exclude` are given otherwise."""
    found, rest = parameters(function, exclude)
    readers = Readers()
    no_such = f"the function has no such parameter; it has {', '.join(found) or 'none'}"
    steps = {name: readers.of(member.annotation) for name, member in found.items()}
    if rest is None:
        return _object("an object", steps, _required(found), no_such)

    def refuse(_):
        raise Mismatch(no_such)

    return _object("an object", steps | dict.fromkeys(exclude, refuse), _required(found), no_such, readers.of(rest))


def _required(found):
    return {name for name, member in found.items() if member.default is REQUIRED}


class Composer:
    """Makes something of an annotation, from what it makes of those inside: by a method for each kind of `classify`."""

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
        """What `make` makes. It may contain itself: until it is there, as something that looks for it when called."""
        if key not in self._made:
            self._made[key] = lambda value: self._made[key](value)
            self._made[key] = make()
        return self._made[key]


class _Converter(Composer):
    """What reading and writing have in common. A converter is `None` if there is nothing to do."""

    def anything(self):
        return None

    def exact(self, kind):
        wanted = _EXACT[kind]

        def convert(value):
            # Instances of subclasses are JSON too, but a bool is no integer.
            if type(value) is kind or isinstance(value, kind) and type(value) is not bool:
                return value
            raise unlike(wanted, value)

        return convert

    def union(self, annotations):
        passing = _passing(annotations)
        # In the user's order, but for those that are covered by `passing`.
        annotations = sorted(annotations, key=lambda annotation: classify(annotation)[0] == "exact")
        steps = [self.of(annotation) for annotation in annotations]
        names = [name_of(annotation) for annotation in annotations]
        owners = self.owners(annotations, steps)

        def convert(value):
            kind = type(value)
            if kind in passing:
                return value
            if kind in owners:
                return owners[kind](value)
            errors = []
            for step in steps:
                if step is not None:
                    try:
                        return step(value)
                    except Mismatch as error:
                        errors.append(error)
            if None in steps:
                return value
            raise _fits_none(value, names, errors)

        return convert


def _passing(annotations):
    """The types whose instances are taken, and left as they are."""
    found = set()
    for annotation in annotations:
        match classify(annotation):
            case "exact", kind:
                found.add(kind)
            case "form", form if form.cls is float:
                found.add(float)
            case "union", inner:
                found |= _passing(inner)
            case ("same", inner) | ("described", inner, _):
                found |= _passing([inner])
    return found


def _fits_none(value, names, errors):
    """The error of a union: of the one member that came near, or of all."""
    near = [(name, error) for name, error in zip(names, errors) if error.steps or error.wanted is None]
    if len(near) == 1:
        return near[0][1]
    if not near:
        return unlike(" or ".join(dict.fromkeys(error.wanted for error in errors)), value)
    reasons = (f"{name} ({_cut(str(error)[1:].removeprefix(': '), LONGEST_REASON)})" for name, error in near)
    return Mismatch(f"fits none of {', '.join(reasons)}")


def _object(wanted, steps, required, no_such, rest=REQUIRED, telling=()):
    """By key: with `steps`, and what they have not with `rest`, if it is given; `telling` are the keys to begin with."""

    def convert(value):
        if not isinstance(value, dict):
            raise unlike(wanted, value)
        if rest is REQUIRED and not value.keys() <= steps.keys():
            raise Mismatch(no_such, next(key for key in value if key not in steps))
        if not value.keys() >= required:
            raise Mismatch("missing", next(name for name in steps if name in required and name not in value))
        found = {}
        try:
            # Members of a union are told apart before what they contain is read, which would be read for each of them.
            for key in telling:
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


def _in_order(names, convert):
    """The same for a list of the values."""

    def convert_list(value):
        if len(value) > len(names):
            raise unlike(f"a list of {len(names)}", value)
        try:
            return convert(dict(zip(names, value)))
        except Mismatch as error:
            error.steps[-1] = names.index(error.steps[-1])
            raise

    return convert_list


def _mapping(key_step, step):
    def convert(value):
        if not isinstance(value, abc.Mapping):
            raise unlike("an object", value)
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


def _items(accepted, step, passing, build):
    def convert(value):
        if not isinstance(value, accepted) or isinstance(value, _NO_LISTS):
            raise unlike("a list", value)
        found = value if type(value) is list else list(value)
        if step is not None and not (passing and passing.issuperset(map(type, found))):
            items, found = found, []
            try:
                # No `map`: what it calls would need C's stack, which an instance has little of.
                for item in items:
                    found.append(step(item))
            except Mismatch as error:
                error.steps.append(len(found))
                raise
        return found if build is list else _built(build, found)

    return convert


def _fixed(accepted, steps, build):
    def convert(value):
        if not isinstance(value, accepted) or len(value) != len(steps):
            raise unlike(f"a list of {len(steps)}", value)
        found = []
        try:
            for step, item in zip(steps, value):
                found.append(item if step is None else step(item))
        except Mismatch as error:
            error.steps.append(len(found))
            raise
        return build(found)

    return convert


def _built(make, /, *args, **kwargs):
    try:
        return make(*args, **kwargs)
    except (ValueError, TypeError) as error:
        raise Mismatch(str(error) or type(error).__name__) from error


def plain(member):
    return member.value if isinstance(member, enum.Enum) else member


def _one_of(table):
    """By a table that also has the types, since `1 == True`."""
    kinds = {kind for kind, _ in table}
    shown = list(dict.fromkeys(repr(plain(value)) for value in table.values()))
    wanted = f"one of {_cut(', '.join(shown), LONGEST_REASON)}" if len(shown) > 1 else shown[0]

    def convert(value):
        kind = type(value)
        if kind in kinds and (kind, value) in table:
            return table[kind, value]
        raise unlike(wanted, value)

    return convert


def _parsed(wanted, kinds, parse):
    def convert(value):
        if type(value) in kinds:
            try:
                return parse(value)
            except (ValueError, TypeError, ArithmeticError):
                pass
        raise unlike(wanted, value)

    return convert


class Readers(_Converter):
    """From JSON."""

    def owners(self, _annotations, _steps):
        return {}

    def form(self, form):
        return _parsed(form.wanted, form.kinds, form.parse)

    def literal(self, values):
        return _one_of({(type(plain(value)), plain(value)): value for value in values})

    def enumeration(self, cls):
        shown = _cut(", ".join(repr(member.value) for member in cls), LONGEST_REASON)
        # Called, since a class may know more than its members.
        return _parsed(f"one of {shown}", {type(member.value) for member in cls}, cls)

    def items(self, origin, item):
        return _items(list, self.of(item), _passing([item]), _LISTS[origin])

    def fixed(self, items):
        return _fixed(list, [self.of(item) for item in items], tuple)

    def mapping(self, key, item):
        return _mapping(self.key(key), self.of(item))

    def key(self, annotation):
        read = self.of(annotation)
        kind, *details = classify(underlying(annotation))
        if details == [str]:
            return None
        is_text = kind == "form" and str in details[0].kinds
        if is_text or kind not in ("exact", "form", "enumeration", "literal"):
            return read

        def read_key(text):
            try:
                # As a key, a number is its text.
                return read(wire_json.decode(text))
            except (wire_json.NotJson, Mismatch):
                pass
            return read(text)

        return read_key

    def fields(self, annotation, found):
        cls = origin_of(annotation)
        read_fields = _fields(self, cls, found, _required(found))
        if typing.is_typeddict(cls):
            return read_fields
        read_list = _in_order(list(found), read_fields) if is_named_tuple(cls) else read_fields

        def read(value):
            fields = read_list(value) if type(value) is list else read_fields(value)
            return _built(cls, **fields)

        return read


class Writers(_Converter):
    """To JSON. What is JSON already is held to the same rules."""

    def owners(self, annotations, steps):
        found = [_owner(annotation) for annotation in annotations]
        return {cls: step for cls, step in zip(found, steps) if found.count(cls) == 1 and cls is not None}

    def form(self, form):
        check = _parsed(form.wanted, form.kinds, form.parse)

        def write(value):
            # A datetime is a date for `isinstance`, and has its own form.
            if isinstance(value, form.cls) and _FORMS.get(type(value), form) is form:
                return form.format(value)
            check(value)
            return value

        return write

    def literal(self, values):
        table = {(type(value), value): plain(value) for value in values}
        return _one_of(table | {(type(value), value): value for value in table.values()})

    def enumeration(self, cls):
        check = Readers().enumeration(cls)

        def write(value):
            return value.value if isinstance(value, cls) else check(value).value

        return write

    def items(self, origin, item):
        accepted = (abc.Set if is_set(origin) else origin, list, tuple)
        return _items(accepted, self.of(item), _passing([item]), list)

    def fixed(self, items):
        return _fixed((list, tuple), [self.of(item) for item in items], list)

    def mapping(self, key, item):
        return _mapping(self.key(key), self.of(item))

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
        write_fields = _fields(self, cls, found, _required(found))
        if typing.is_typeddict(cls):
            return write_fields
        write_list = _in_order(list(found), write_fields) if is_named_tuple(cls) else write_fields
        kept = attributes(cls, found)
        write_kept = _fields(self, cls, found, set())

        def write(value):
            if isinstance(value, cls):
                return write_kept({name: getattr(value, name) for name in kept})
            return write_list(value) if isinstance(value, (list, tuple)) else write_fields(value)

        return write


def _fields(composer, cls, found, required):
    steps = {name: composer.of(member.annotation) for name, member in found.items()}
    no_such = f"{cls.__name__} has no such field; it has {', '.join(found) or 'none'}"
    telling = [name for name, member in found.items() if classify(member.annotation)[0] == "literal" and steps[name]]
    return _object(f"an object ({cls.__name__})", steps, required, no_such, telling=telling)


def _owner(annotation):
    """The class whose instances are written by `annotation`'s rules and no other's."""
    match classify(annotation):
        case "record", record:
            return origin_of(record)
        case "enumeration", cls:
            return cls
        case "form", form:
            return form.cls
