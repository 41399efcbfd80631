"""Results and errors that are no JSON, or lie about what they are."""

import collections
import enum
import types


def not_a_number(_):
    return float("nan")


def infinity_within(_):
    return {"deep": [1, {"down": float("-inf")}]}


def lone_surrogate(_):
    return "\ud800"


def lone_surrogate_as_a_key(_):
    return {"\udfff": 1}


def lone_surrogate_in_an_error(_):
    raise ValueError("\ud800")


def null_character(_):
    return "a\0b"


def bytes_as_a_result(_):
    return b"bytes"


def set_as_a_result(_):
    return {1, 2}


def function_as_a_result(_):
    return function_as_a_result


def type_as_a_result(_):
    return int


def module_as_a_result(_):
    return collections


def complex_number(_):
    return 1j


def generator_as_a_result(_):
    return (n for n in range(3))


async def coroutine_in_a_coroutine(_):
    async def inner():
        return 1

    return inner()


def list_within_itself(_):
    value = []
    value.append(value)
    return value


def dict_within_itself(_):
    value = {}
    value["itself"] = [value]
    return value


def keys_that_are_no_text(_):
    return {1: "int", 2.5: "float", True: "bool", None: "none"}


def keys_that_are_the_same_as_text(_):
    return {1: "int", "1": "text"}


def key_that_is_a_tuple(_):
    return {(1, 2): 3}


def huge_number(_):
    return 10**4000


def number_of_too_many_digits(_):
    return 10**5000


def largest_float(_):
    return [1.7976931348623157e308, 5e-324, -0.0]


# What lies.


def text_that_lies(_):
    class Lies(str):
        def __str__(self):
            return '", "injected": "'

        __repr__ = __format__ = encode = __str__

        def __len__(self):
            return 10**9

    return {"key": Lies("honest"), Lies("name"): 1}


def number_that_lies(_):
    class Lies(int):
        def __repr__(self):
            return "], 'injected'"

        __str__ = __format__ = __repr__

    return [Lies(7)]


def float_that_lies(_):
    class Lies(float):
        def __repr__(self):
            return '"injected"'

        __str__ = __repr__

    return [Lies(0.5)]


def truth_that_lies(_):
    class Lies(int):
        def __bool__(self):
            raise ValueError("neither")

    return Lies(1)


def dict_that_lies(_):
    class Lies(dict):
        def items(self):
            return [("a", 1), ("a", 2), "no pair"]

    return Lies(b=1)


def dict_with_items_that_fail(_):
    class Fails(dict):
        def items(self):
            raise KeyError("no items")

    return Fails(b=1)


def dict_with_items_that_are_none(_):
    class Odd(dict):
        items = None

    return Odd(b=1)


def dict_that_changes_meanwhile(_):
    class Changes(dict):
        def items(self):
            for n in range(100):
                self[n] = n
                yield str(n), self.clear() or n

    return len(Changes(a=1)), Changes(a=1)


def list_that_lies(_):
    class Lies(list):
        def __iter__(self):
            return iter(["other"])

        def __len__(self):
            return 10**9

        def __getitem__(self, index):
            return 1 / 0

    return Lies(["honest"])


def list_that_shrinks_meanwhile(_):
    values = []

    class Shrinks(dict):
        def items(self):
            values.clear()
            return []

    values += [Shrinks(a=1)] + [1] * 1000
    return values


def enumeration(_):
    return enum.IntEnum("Number", {"ONE": 1}).ONE


def named_tuple(_):
    return collections.namedtuple("Point", "x y")(1, 2)


def read_only_mapping(_):
    return types.MappingProxyType({"a": 1})


def class_that_lies(_):
    class Lies:
        __class__ = dict

        def items(self):
            return [("a", 1)]

    return Lies()


def result_that_fails_when_freed(_):
    class Fails(dict):
        def __del__(self):
            raise ValueError("when freed")

    return Fails(a=1)


# Errors that lie.


def error_text_fails(_):
    class Fails(Exception):
        def __str__(self):
            raise ValueError("no text")

        __repr__ = __str__

    raise Fails


def error_text_is_no_text(_):
    class Odd(Exception):
        def __str__(self):
            return 7

    raise Odd


def error_text_raises_exit(_):
    class Odd(Exception):
        def __str__(self):
            raise SystemExit(3)

    raise Odd


def error_text_lies(_):
    class Lies(str):
        def __len__(self):
            return -1

        def encode(self, *_):
            return 7

        __getitem__ = __str__ = encode

    class Odd(Exception):
        def __str__(self):
            return Lies("honest")

    raise Odd


def error_class_lies(_):
    class Lies(Exception):
        __class__ = int
        __cause__ = 7
        __context__ = "context"
        __traceback__ = None
        __notes__ = 7
        __suppress_context__ = property(lambda self: 1 / 0)

    raise Lies("honest")


def error_without_arguments(_):
    class Odd(Exception):
        args = property(lambda self: 1 / 0)

    raise Odd("text")


def error_with_odd_name(_):
    raise type("Odd", (Exception,), {"__module__": 7, "__qualname__": '\ud800"\n\0'})("text")


def error_with_odd_notes(_):
    error = ValueError("noted")
    error.__notes__ = [7, None, "\ud800", error]
    raise error


def group_that_lies(_):
    class Lies(ExceptionGroup):
        exceptions = property(lambda self: 1 / 0)

    raise Lies("group", [ValueError(1)])


def stop_iteration(_):
    raise StopIteration({"value": 1})


def key_error_with_an_object(_):
    class Fails:
        def __repr__(self):
            raise ValueError

    raise KeyError(Fails())


def hostcall_error_of_its_own(_, ctx):
    raise ctx.HostcallError(7, None, {1: object()})


def error_of_the_glue(_):
    from componentize_py_types import Err

    raise Err("not what the protocol has")


def error_of_the_glue_as_an_answer(_):
    from componentize_py_types import Ok

    return Ok("x")
