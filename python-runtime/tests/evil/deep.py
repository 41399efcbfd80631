"""Has C code recurse as deep as `depth`, by values that are nested so."""

import ast
import asyncio
import copy
import functools
import gc
import json
import marshal
import pickle
import pprint
import re
import sys
import typing


def _lists(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def _tuples(depth):
    value = ()
    for _ in range(depth - 1):
        value = (value,)
    return value


def _dicts(depth):
    value = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


# What the wire carries.


def returns_lists(depth):
    return _lists(depth)


def returns_dicts(depth):
    return _dicts(depth)


def returns_a_linked_list(depth):
    node = None
    for n in range(depth):
        node = {"value": n, "next": node}
    return node


def takes(value):
    depth = 1
    while value:
        value = value[0] if isinstance(value, list) else value["a"]
        depth += 1
    return depth


def takes_and_returns(value):
    return value


def asks_the_host(depth, ctx):
    return ctx.hostcall("length", _lists(depth))


def is_answered(depth, ctx):
    return takes(ctx.hostcall("nested", depth))


async def asks_the_host_and_awaits(depth, ctx):
    return await ctx.hostcall("length", _lists(depth))


async def is_answered_and_awaits(depth, ctx):
    return takes(await ctx.hostcall("nested", depth))


def raises_with_it(depth):
    raise ValueError(_lists(depth))


# JSON, pickles, marshalled.


def json_dumps(depth):
    return len(json.dumps(_lists(depth)))


def json_dumps_dicts(depth):
    return len(json.dumps(_dicts(depth), separators=(",", ":")))


def json_loads(depth):
    return takes(json.loads("[" * depth + "]" * depth))


def json_loads_dicts(depth):
    return takes(json.loads('{"a":' * depth + "[]" + "}" * depth)) - 1


def pickle_dumps(depth):
    return len(pickle.dumps(_lists(depth))) > depth


def pickle_loads(depth):
    # Appends are done from the innermost list out.
    return takes(pickle.loads(b"]" * depth + b"a" * (depth - 1) + b"."))


def marshal_dumps(depth):
    return len(marshal.dumps(_lists(depth))) > depth


def marshal_loads(depth):
    return takes(marshal.loads(b"[\1\0\0\0" * (depth - 1) + b"[\0\0\0\0"))


# Values.


def representation(depth):
    return len(repr(_lists(depth)))


def representation_of_dicts(depth):
    return len(repr(_dicts(depth)))


def printed(depth):
    print(_tuples(depth))


def pretty_printed(depth):
    return len(pprint.pformat(_lists(depth), compact=True)) > depth


def equality(depth):
    return _lists(depth) == _lists(depth)


def equality_of_dicts(depth):
    return _dicts(depth) == _dicts(depth)


def order(depth):
    return _tuples(depth) < _tuples(depth)


def hash_of_tuples(depth):
    return hash(_tuples(depth)) != 0


def deep_copy(depth):
    return takes(copy.deepcopy(_lists(depth)))


# What is taken down.


def freed_lists(depth):
    _lists(depth)


def freed_tuples_of_dicts(depth):
    value = None
    for _ in range(depth):
        value = ({"a": value},)


def freed_objects(depth):
    class Node:
        __slots__ = ("next",)

    node = None
    for _ in range(depth):
        new = Node()
        new.next = node
        node = new


def freed_objects_with_dicts(depth):
    class Node:
        pass

    node = None
    for _ in range(depth):
        new = Node()
        new.next = node
        node = new


def freed_closures(depth):
    def wrap(inner):
        return lambda: inner

    value = None
    for _ in range(depth):
        value = wrap(value)


def freed_methods(depth):
    value = print
    for _ in range(depth):
        value = functools.partial(map, value)
        value = (value,).__len__


def freed_generators(depth):
    def link(previous):
        yield previous

    chain = None
    for _ in range(depth):
        chain = link(chain)
        next(chain)


def freed_iterators(depth):
    value = iter([])
    for _ in range(depth):
        value = enumerate(value)


def freed_finalizers(depth):
    class Node:
        def __init__(self, next):
            self.next = next

        def __del__(self):
            pass

    node = None
    for _ in range(depth):
        node = Node(node)


def collected_cycle(depth):
    first = last = []
    for _ in range(depth):
        last = [last]
    first.append(last)
    del first, last
    return gc.collect() > depth


def freed_tracebacks(depth):
    error = None
    for _ in range(depth):
        try:
            raise ValueError from error
        except ValueError as raised:
            error = raised


# Exceptions.


def raises_chain_of_causes(depth):
    error = None
    for _ in range(depth):
        new = ValueError()
        new.__cause__ = error
        error = new
    raise error


def raises_chain_of_contexts(depth):
    error = None
    for _ in range(depth):
        new = ValueError()
        new.__context__ = error
        error = new
    raise error


def raises_nested_groups(depth):
    error = ValueError()
    for _ in range(depth):
        error = ExceptionGroup("", [error])
    raise error


def splits_nested_groups(depth):
    error = ValueError()
    for _ in range(depth):
        error = ExceptionGroup("", [error])
    return error.split(ValueError)[1] is None


# Calls.


def functions(depth):
    def down(n):
        return 0 if n == 0 else 1 + down(n - 1)

    return down(depth)


def functions_without_a_limit(depth):
    sys.setrecursionlimit(2**31 - 1)
    return functions(depth)


def functions_through_c(depth):
    sys.setrecursionlimit(2**31 - 1)

    def down(n):
        return 0 if n == 0 else 1 + max(map(down, [n - 1]))

    return down(depth)


def methods_of_operators(depth):
    sys.setrecursionlimit(2**31 - 1)

    class Down:
        def __init__(self, n):
            self.n = n

        def __add__(self, other):
            return Down(self.n - 1) + other if self.n else other

    return Down(depth) + 0


def attributes(depth):
    sys.setrecursionlimit(2**31 - 1)

    class Down:
        def __getattr__(self, name):
            return getattr(self, name + "x") if len(name) < depth else 0

    return Down().x


def partials(depth):
    function = functools.reduce(lambda inner, _: functools.partial(lambda f: f(), inner), range(depth), int)
    return function()


def partials_of_each_other(depth):
    function = int
    for n in range(depth):
        # One of the class itself would be taken into the new one.
        function = type("Partial", (functools.partial,), {})(function) if n < 100 else functools.partial(map, function)
    return callable(function)


def iterators(depth):
    value = iter([1])
    for _ in range(depth):
        value = map(abs, value)
    return sum(value)


def chained_generators(depth):
    def link(previous):
        yield from previous

    chain = iter([1])
    for _ in range(depth):
        chain = link(chain)
    return sum(chain)


async def coroutines(depth):
    async def down(n):
        return 0 if n == 0 else 1 + await down(n - 1)

    return await down(depth)


async def futures(depth):
    last = asyncio.get_running_loop().create_future()
    first = last
    for _ in range(depth):
        last = asyncio.ensure_future(asyncio.shield(last))
    first.set_result(1)
    return await last


def class_hierarchy(depth):
    cls = object
    for _ in range(depth):
        cls = type("C", (cls,), {})
    return len(cls.__mro__) - 2


def isinstance_of_nested_tuples(depth):
    kinds = int
    for _ in range(depth):
        kinds = (str, kinds)
    return isinstance(1, kinds)


def unions(depth):
    kind = int
    for _ in range(depth):
        kind = list[kind] | None
    return len(repr(kind)) > depth


def generic_parameters(depth):
    kind = typing.TypeVar("T")
    for _ in range(depth):
        kind = list[kind]
    return len(kind[int].__parameters__)


# Source.


def parsed(depth):
    return isinstance(ast.parse("(" * depth + ")" * depth), ast.Module)


def compiled_operators(depth):
    return eval("-" * depth + "1")


def compiled_sum(depth):
    return eval("1" + "+1" * depth)


def compiled_attributes(depth):
    return compile("a" + ".a" * depth, "", "eval") is not None


def compiled_blocks(depth):
    source = "".join(" " * n + "if 1:\n" for n in range(depth)) + " " * depth + "pass"
    return compile(source, "", "exec") is not None


def compiled_lambdas(depth):
    return callable(eval("lambda: " * depth + "1"))


def compiled_elifs(depth):
    return compile("if a: pass\n" + "elif a: pass\n" * depth, "", "exec") is not None


def compiled_tree(depth):
    tree = ast.Constant(1)
    for _ in range(depth):
        tree = ast.UnaryOp(ast.USub(), tree)
    return eval(compile(ast.fix_missing_locations(ast.Expression(tree)), "", "eval"))


def dumped_tree(depth):
    tree = ast.Constant(1)
    for _ in range(depth):
        tree = ast.UnaryOp(ast.USub(), tree)
    return len(ast.dump(tree)) > depth


def f_strings(depth):
    return eval("f'{" * depth + "1" + "}'" * depth)


def literals(depth):
    return ast.literal_eval("[" * depth + "]" * depth) is not None


def regex_groups(depth):
    return bool(re.fullmatch("(?:" * depth + "a" + ")" * depth, "a"))


def regex_captures(depth):
    return re.fullmatch("(" * depth + "a" + ")" * depth, "a").lastindex


def regex_recursion(depth):
    return bool(re.fullmatch("(?:ab?)*", "a" * depth))


def xml_elements(depth):
    from xml.etree import ElementTree

    return ElementTree.fromstring("<a>" * depth + "</a>" * depth).tag


def format_specifications(depth):
    return len(("{0:" * depth + "}" * depth).format(1))
