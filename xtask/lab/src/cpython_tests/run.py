"""Runs the tests of one module of CPython's suite, and tells the host of each as it ends.

What the host heard outlives a trap, after which it goes on with the next test in another
interpreter.
"""

import importlib
import pkgutil
import sys
import traceback
import unittest
from unittest.util import strclass

# As much of a traceback's end as one reads, in characters.
LONGEST = 2000


def version(given):
    return sys.version.partition(" ")[0]


def run(given, ctx):
    """Runs the tests of `given["module"]`, from the one at the index `given["start"]`."""
    name, start = given["module"], given["start"]

    def tell(what, **more):
        ctx.hostcall("told", {"module": name, "what": what, **more})

    def cannot_load(part, outcome, told):
        # Told once, also if another interpreter goes on.
        if start == 0:
            tell("beside", id=_id(name, part), outcome=outcome, **told)

    _prepare()
    tests = list(_flat(_load(f"test.{name}", cannot_load)))
    tell("loaded", tests=[_id(name, test.id()) for test in tests])
    report = Report(name, tests, start, tell)
    unittest.TestSuite(tests[start:]).run(report)


def _prepare():
    """Does what regrtest does before tests."""
    try:
        from test import support
    except ImportError:
        pass
    else:
        # No tests that take long or need a network, as if nothing else was asked for.
        support.use_resources = {}
        # Else nothing of asyncio would be tested, which here has a loop and no sockets.
        support.has_socket_support = True


def _load(name, cannot_load):
    """The tests of a module, or of all test modules of a package."""
    try:
        module = importlib.import_module(name)
        is_package = hasattr(module, "__path__")
        if is_package:
            # That of a package looks for files.
            vars(module).pop("load_tests", None)
        yield unittest.defaultTestLoader.loadTestsFromModule(module)
    except unittest.SkipTest as skip:
        cannot_load(name, "skipped", {"text": str(skip)})
        return
    except Exception as error:
        cannot_load(name, "failed", _described(error))
        return
    if not is_package:
        return
    for part in pkgutil.iter_modules(module.__path__, f"{name}."):
        if part.name.rpartition(".")[2].startswith("test"):
            yield from _load(part.name, cannot_load)


def _flat(suite):
    for part in suite:
        if isinstance(part, unittest.TestCase):
            yield part
        else:
            yield from _flat(part)


def _id(module, id):
    """An id that begins with the module's name, also where the tests stand in another module."""
    id = id.removeprefix("test.")
    return id if f"{id}.".startswith(f"{module}.") else f"{module}.{id}"


def _described(error):
    lines = "".join(traceback.format_exception_only(error)).strip()
    whole = "".join(traceback.format_exception(error)).strip()
    return {"text": lines.partition("\n")[0], "traceback": whole[-LONGEST:]}


class Report(unittest.TestResult):
    """Tells the host of each test: when it starts, and its one outcome, also if it has many parts."""

    def __init__(self, name, tests, start, tell):
        super().__init__()
        self._name = name
        self._tests = list(enumerate(tests))[start:]
        self._tell = tell
        self._indices = {id(test): index for index, test in self._tests}
        # Of the test that runs, by outcome.
        self._parts = None

    def _ended(self, test, outcome, told):
        self._tell("ended", index=self._indices[id(test)], outcome=outcome, **told)

    def startTest(self, test):
        self._parts = {}
        self._tell("started", index=self._indices[id(test)])

    def stopTest(self, test):
        parts, self._parts = self._parts, None
        for outcome in ("failed", "skipped"):
            if outcome in parts:
                self._ended(test, outcome, parts[outcome])
                return
        self._ended(test, "passed", {})

    def addSuccess(self, test):
        pass

    def addExpectedFailure(self, test, error):
        pass

    def addUnexpectedSuccess(self, test):
        self._add(test, "failed", {"text": "passes, and is marked as an expected failure"})

    def addSkip(self, test, reason):
        self._add(test, "skipped", {"text": reason})

    def addError(self, test, error):
        self._add(test, "failed", _described(error[1]))

    addFailure = addError

    def addSubTest(self, test, part, error):
        if error is not None:
            self._add(test, "failed", _described(error[1]))

    def _add(self, test, outcome, told):
        if self._parts is not None:
            self._parts.setdefault(outcome, told)
            return
        # Not of a test, but of what stands around it, such as `setUpClass (test.test_x.Class)`.
        what, _, owner = test.id().removesuffix(")").partition(" (")
        if not what.startswith("setUp"):
            self._tell("beside", id=f"{_id(self._name, owner)}.{what}", outcome=outcome, **told)
            return
        for _, test in self._tests:
            if owner in (strclass(type(test)), type(test).__module__):
                self._ended(test, outcome, told)
