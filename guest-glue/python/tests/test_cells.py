"""Cells, on a host that parks those that wait."""

import builtins
import inspect
import json
import linecache
import logging
import sys
import unittest
from pathlib import Path
from unittest import mock

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "fakes"), str(HERE.parent)]

from componentize_py_types import Err  # noqa: E402
from parking_host import Host, ask  # noqa: E402
from wit_world.exports import mat_wire  # noqa: E402

from wit_wire_guest import app  # noqa: E402


class Cells(unittest.TestCase):
    def setUp(self):
        for patch in (
            mock.patch.dict(sys.modules),
            mock.patch.object(inspect, "getfile", inspect.getfile),
            mock.patch.object(builtins, "_", None, create=True),
            mock.patch.object(sys, "meta_path", list(sys.meta_path)),
            mock.patch.object(sys, "path_hooks", list(sys.path_hooks)),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        self.addCleanup(app.forget)
        logger = logging.getLogger("asyncio")
        self.addCleanup(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL + 1)
        self.host = Host(lambda: True)
        self.host.__enter__()
        self.addCleanup(self.host.__exit__)
        self.number = 0
        app.forget()
        init([{"ty": "cells", "library": []}])

    def cell(self, source):
        """What the guest answers but for the number, or the failure."""
        self.number += 1
        answer = ask("cells", json.dumps({"source": source}))
        while answer == "wit-wire:parked":
            answer = ask("wit-wire:resume", self.host.answers())
        if isinstance(answer, mat_wire.HandleErr_HandlerErr):
            answer = answer.value
        answer = json.loads(answer)
        if "traceback" not in answer:
            self.assertEqual(answer.pop("number"), self.number)
        return answer

    def value(self, source):
        return self.cell(source)["value"]

    def failure(self, source, kind):
        failure = self.cell(source)
        self.assertEqual(failure.get("type"), kind, failure)
        self.assertNotIn("wit_wire_guest", failure["traceback"])
        return failure

    def test_what_comes_back(self):
        for source, expected in [
            ("", {}),
            ("# nothing\n", {}),
            ("x = 1", {}),
            ("x", {"value": 1}),
            ("x;", {"value": 1}),
            ("y = 2\nx + y", {"value": 3}),
            ("None", {}),
            ("print", {"repr": "<built-in function print>"}),
            ('"docstring"', {"value": "docstring"}),
            ("if x: x", {}),
            ("[True, None, 1.5, 'é', {'a': [{}]}, []]",) * 2,
            ("2**63", {"value": 2**63}),
            ("(1, 2)", {"repr": "(1, 2)"}),
            ("[(1, 2)]", {"repr": "[(1, 2)]"}),
            ("{1: 2}", {"repr": "{1: 2}"}),
            ("[{'a': {1: 2}}]", {"repr": "[{'a': {1: 2}}]"}),
            ("float('nan')", {"repr": "nan"}),
            ("[1e999]", {"repr": "[inf]"}),
            ("'\\ud800'", {"repr": "'\\ud800'"}),
            ("type('S', (str,), {})('a')", {"repr": "'a'"}),
            ("import enum\nenum.IntEnum('E', 'A').A", {"repr": "<E.A: 1>"}),
            ("import collections\ncollections.Counter('a')", {"repr": "Counter({'a': 1})"}),
            ("a = []\na.append(a)\na", {"repr": "[[...]]"}),
            ("type('R', (), {'__repr__': lambda s: '\\ud800'})()", {"repr": "\\ud800"}),
            ("b'x' * 10_000", {"repr": "b'" + "x" * 9_998 + "[... 3 more characters]"}),
            ("b'x' * 20_000", {"repr": "b'" + "x" * 9_998 + "[... 10003 more characters]"}),
        ]:
            with self.subTest(source):
                if isinstance(expected, str):
                    expected = {"value": eval(expected)}
                if "value" in expected:
                    expected = {"repr": repr(expected["value"])} | expected
                answer = self.cell(source)
                self.assertEqual(json.dumps(answer), json.dumps(expected))
        self.assertEqual(self.value("d = [[0]] * 2\nd"), [[0], [0]])

    def test_what_is_too_much_for_the_host_is_no_value(self):
        self.cell("""
def deep(levels, kind=list):
    value = kind()
    for _ in range(levels - 1):
        value = kind([value])
    return value
laughs = ["ha"]
for _ in range(17):
    laughs = [laughs, laughs]
""")
        for source, is_value in [
            ("deep(120)", True),
            ("deep(121)", False),
            ("[0] * 249_899", True),
            ("[0] * 249_900", False),
            ("dict.fromkeys(map(str, range(124_950)), 0)", False),
            ("'x' * ((8 << 20) - 2)", True),
            ("'x' * ((8 << 20) - 1)", False),
            ("'\\0' * (2 << 20)", False),
            ("[2**64 - 1, -2**63]", True),
            ("[2**64]", False),
            ("-2**63 - 1", False),
            ("laughs[0][0]", True),
            ("laughs", False),
        ]:
            with self.subTest(source):
                answer = self.cell(source)
                self.assertEqual("value" in answer, is_value)
                self.assertLess(len(answer["repr"]), 10_100)
        for kind, source in [
            ("list", "deep(100_000)"),
            ("tuple", "deep(100_000, tuple)"),
            ("dict", "deep(100_000, lambda parts=(): dict.fromkeys('k', next(iter(parts), 0)))"),
            ("list", "[0, deep(100_000)]"),
        ]:
            with self.subTest(source):
                expected = {"repr": f"<{kind} of more than 2000 levels>"}
                self.assertEqual(self.cell(source), expected)

    def test_names_last_and_the_last_value_is_bound_as_in_the_repl(self):
        self.cell("def f(x):\n    return x + y\ny = 1")
        self.assertEqual(self.value("f(2)"), 3)
        self.assertEqual(self.value("_ * 2"), 6)
        self.cell("y = 5\nNone")
        self.assertEqual(self.value("_"), 6)
        self.assertEqual(self.value("f(2)"), 7)
        self.assertEqual(self.value("__name__"), "__main__")
        self.cell("del y")
        self.failure("f(2)", "NameError")

    def test_top_level_await_and_its_relatives(self):
        self.assertEqual(self.value("import asyncio\nawait asyncio.sleep(1, 'slept')"), "slept")
        self.assertEqual(self.cell("x = await asyncio.sleep(1, 5)"), {})
        self.assertEqual(self.value("x"), 5)
        source = """
import contextlib
@contextlib.asynccontextmanager
async def opened(value):
    yield await ctx.hostcall_async('same', value)
async def count(n):
    for i in range(n):
        yield await ctx.hostcall_async('same', i)
found = []
async with opened(7) as value:
    found.append(value)
async for i in count(3):
    found.append(i)
[*found, *[i async for i in count(2)]]
"""
        self.assertEqual(self.value(source), [7, 0, 1, 2, 0, 1])
        self.assertEqual(
            self.value("await asyncio.gather(*(count(i).__anext__() for i in [1]))"), [0]
        )
        self.assertGreater(self.host.parked, 5)

    def test_tasks_end_with_their_cell(self):
        self.cell("""
import asyncio
log = []
async def later():
    try:
        await asyncio.sleep(60)
    finally:
        log.append('ended')
task = asyncio.create_task(later())
await asyncio.sleep(0)
""")
        self.assertEqual(self.value("[*log, task.cancelled()]"), ["ended", True])

    def test_asking_the_host(self):
        self.assertEqual(self.value("ctx.hostcall('same', 2)"), 2)
        self.assertEqual(self.value("await ctx.hostcall_async('same', 2)"), 2)
        self.assertEqual(
            self.value("[ctx.hostcall('same', 1), await ctx.hostcall_async('same', 2)]"), [1, 2]
        )
        failure = self.failure("ctx.hostcall('fail', 2)", "HostcallError")
        self.assertEqual(failure["hostcall"]["code"], "refused")
        source = "try:\n    await ctx.hostcall_async('fail', 0)\nexcept ctx.HostcallError as e:\n    code = e.code\ncode"
        self.assertEqual(self.value(source), "refused")

    def test_contexts_last(self):
        self.cell("import decimal, contextvars\nvar = contextvars.ContextVar('var')")
        self.cell("decimal.getcontext().prec = 5\nvar.set(1)")
        self.cell("import asyncio\nawait asyncio.sleep(1)\nvar.set(var.get() + 1)")
        self.assertEqual(self.value("var.get()"), 2)
        self.assertEqual(self.cell("decimal.Decimal(1) / 3"), {"repr": "Decimal('0.33333')"})

    def test_errors_point_into_the_cell(self):
        self.cell("def f(x):\n    return 1 / x")
        failure = self.failure("changed = 1\nf(0)", "ZeroDivisionError")
        places = [(f["file"], f["line"], f["text"]) for f in failure["frames"]]
        self.assertEqual(places, [("<cell 2>", 2, "f(0)"), ("<cell 1>", 2, "return 1 / x")])
        self.assertEqual(self.value("changed"), 1)
        failure = self.failure(
            "import asyncio\nasync def g():\n    await asyncio.sleep(1)\n    f(0)\nawait g()",
            "ZeroDivisionError",
        )
        self.assertEqual([f["line"] for f in failure["frames"]], [5, 4, 2])
        for source, line, text in [
            ("x = 1\ny = = 2\n", 2, "y = = 2"),
            ("x = 1\nreturn 1\n", 2, "return 1"),
            ("def f():\n    nonlocal a\n", 2, "nonlocal a"),
            ("x = 1\nbreak", 2, "break"),
            ("(\n", 1, "("),
        ]:
            with self.subTest(source):
                failure = self.failure(source, "SyntaxError")
                frame = failure["frames"][-1]
                file = f"<cell {self.number}>"
                self.assertEqual((frame["file"], frame["line"], frame["text"]), (file, line, text))
                self.assertEqual(len(failure["frames"]), 1)
                self.assertIn("^", failure["traceback"])
        self.failure("x\0", "SyntaxError")
        self.failure("if x:\ny", "IndentationError")
        self.failure(
            "class R:\n    def __repr__(self):\n        return 1 / 0\nR()", "ZeroDivisionError"
        )
        for source in (
            "exit()",
            "import sys\nsys.exit(3)",
            "import asyncio\nawait asyncio.sleep(1)\nsys.exit(3)",
        ):
            if source != "exit()" or hasattr(builtins, "exit"):
                self.failure(source, "SystemExit")
        self.failure("raise KeyboardInterrupt", "KeyboardInterrupt")
        self.assertEqual(self.value("changed"), 1)

    def test_future_imports_last(self):
        self.assertEqual(
            self.value(
                "from __future__ import annotations\ndef f(x: absent): pass\nf.__annotations__"
            ),
            {"x": "absent"},
        )
        self.assertEqual(self.value("def f(x: absent): pass\nf.__annotations__"), {"x": "absent"})
        self.assertEqual(
            self.value(
                "(lambda: (yield))\nasync def f(x: absent): return 1\n[await f(1), f.__annotations__]"
            ),
            [1, {"x": "absent"}],
        )

    def test_what_cells_define_is_like_that_of_a_module(self):
        self.cell("""
import pickle, dataclasses, functools, typing, inspect, enum

def logged(f):
    @functools.wraps(f)
    def call(*args):
        return f(*args)
    return call

@dataclasses.dataclass
class Point:
    x: int
    y: 'int' = 2

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)
""")
        self.assertEqual(
            self.value("dataclasses.asdict(pickle.loads(pickle.dumps(Point(1))))"), {"x": 1, "y": 2}
        )
        self.assertEqual(self.cell("Point(1) + Point(2)"), {"repr": "Point(x=3, y=4)"})
        self.assertEqual(self.value("typing.get_type_hints(Point)['y'].__name__"), "int")
        self.assertEqual(self.value("Point.__module__"), "__main__")
        self.cell("@logged\ndef double(x):\n    return 2 * x\n\nhalve = lambda x: x / 2")
        self.assertEqual(self.value("[double(2), halve(3)]"), [4, 1.5])
        self.assertEqual(self.value("x: int = 3\nx"), 3)
        self.cell("import sys\nimport __main__ as main")
        self.assertTrue(self.value("main.__dict__ is globals()"))

    def test_sources_of_earlier_cells(self):
        self.cell("import inspect\n\ndef f(x):\n    return x  # one\n")
        self.cell("def g(x):\n    return x  # two\n")
        self.assertEqual(self.value("inspect.getsource(f)"), "def f(x):\n    return x  # one\n")
        self.assertEqual(self.value("inspect.getsource(g)"), "def g(x):\n    return x  # two\n")
        if sys.version_info >= (3, 13):
            self.cell("class A:\n    a = 1\n")
            self.cell("\nclass A:\n    a = 2\n\n    class B:\n        b = 3\n")
            self.assertEqual(
                self.value("inspect.getsource(A)"),
                "class A:\n    a = 2\n\n    class B:\n        b = 3\n",
            )
            self.assertEqual(self.value("inspect.getsource(A.B)"), "    class B:\n        b = 3\n")
            self.failure("inspect.getsource(type('A', (), {}))", "OSError")
        self.assertIn("<cell 1>", linecache.cache)

    def test_input_is_a_cell_and_nothing_else(self):
        for text in (
            "1",
            "{}",
            '{"source": 1}',
            '{"source": "1", "more": 1}',
        ):
            with self.subTest(text):
                failure = json.loads(ask("cells", text).value)
                self.assertEqual(failure["type"], "InputError")

    def test_a_program_has_one_namespace(self):
        app.forget()
        with self.assertRaises(Err) as caught:
            init([{"ty": "cells"}, {"ty": "cells"}])
        failure = json.loads(caught.exception.value.value)
        self.assertEqual((failure["op"], failure["type"]), ("cells 2", "ValueError"))


def init(data):
    names = ["cells", *(f"cells {n + 2}" for n in range(len(data) - 1))]
    ops = [mat_wire.MatInfo(name, name, json.dumps(fields)) for name, fields in zip(names, data)]
    app.MatWire().init(mat_wire.InitArgs(ops, "0.0.1"))


if __name__ == "__main__":
    unittest.main()
