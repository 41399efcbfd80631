"""Runs `cases.json` against the glue under ordinary Python, with the host faked.

The same file runs through the real component in `xtask/tests/glue.rs`.
"""

import inspect
import json
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "fakes"), str(HERE.parent)]

from componentize_py_types import Err  # noqa: E402
from wit_world.exports import mat_wire  # noqa: E402
from wit_world.imports import typegate_wire  # noqa: E402

from wit_wire_guest import app  # noqa: E402
from wit_wire_guest.build import compiling  # noqa: E402

KINDS = {
    mat_wire.InitError_VersionMismatch: "version-mismatch",
    mat_wire.InitError_UnexpectedMat: "unexpected-mat",
    mat_wire.InitError_Other: "other",
    mat_wire.HandleErr_NoHandler: "no-handler",
    mat_wire.HandleErr_InJsonErr: "in-json-err",
    mat_wire.HandleErr_HandlerErr: "handler-err",
}


class Cases(unittest.TestCase):
    def test_all(self):
        cases = json.loads((HERE / "cases.json").read_text())
        for case in cases:
            with self.subTest(case["name"]):
                self.run_case(case)

    def run_case(self, case):
        modules, meta_path, hooks, dumps, getfile = (
            dict(sys.modules),
            list(sys.meta_path),
            list(sys.path_hooks),
            json.dumps,
            inspect.getfile,
        )
        app.forget()
        typegate_wire.answers = case.get("hostcalls", {})
        try:
            ops = [
                mat_wire.MatInfo(op["name"], op["name"], json.dumps(op["data"]))
                for op in case["ops"]
            ]
            version = case.get("version", "0.0.1")
            init = self.outcome(lambda: app.MatWire().init(mat_wire.InitArgs(ops, version)))
            if "init_error" in case:
                self.check_error(case["init_error"], init)
                for op in case["ops"]:
                    request = mat_wire.HandleReq(op["name"], "null")
                    result = self.outcome(lambda: app.MatWire().handle(request))
                    self.check_error({"kind": "no-handler"}, result)
            else:
                self.assertEqual(init, mat_wire.InitResponse(True))
            for call in case.get("calls", []):
                request = mat_wire.HandleReq(call["op"], call["input"])
                result = self.outcome(lambda: app.MatWire().handle(request))
                if "error" in call:
                    self.check_error(call["error"], result)
                else:
                    self.assertIsInstance(result, str)
                    self.assertEqual(json.loads(result), call["output"])
        finally:
            sys.meta_path[:] = meta_path
            sys.path_hooks[:] = hooks
            sys.path_importer_cache.clear()
            json.dumps = dumps
            inspect.getfile = getfile
            for name in set(sys.modules) - set(modules):
                del sys.modules[name]
            sys.modules["__main__"] = modules["__main__"]

    def outcome(self, step):
        try:
            return step()
        except Err as error:
            return error.value

    def check_error(self, expected, error):
        self.assertEqual(KINDS.get(type(error)), expected["kind"], error)
        value = getattr(error, "value", "")
        text = value.op_name if isinstance(value, mat_wire.MatInfo) else value
        if "type" in expected:
            failure = json.loads(text)
            self.assertEqual(failure["type"], expected["type"])
            self.assertEqual(failure.get("op"), expected.get("op"))
            text = "\n".join([failure["message"], failure["traceback"]])
        for part in expected.get("contains", []):
            self.assertIn(part, text)
        for part in expected.get("lacks", []):
            self.assertNotIn(part, text)


class Lines(unittest.TestCase):
    def test_code_keeps_its_lines_without_columns(self):
        source = Path(compiling.__file__).read_text()
        code = compile(source, "compiling.py", "exec")
        self.compare(code, compiling.lines_only(code))

    def compare(self, code, stripped):
        self.assertEqual(list(code.co_lines()), list(stripped.co_lines()))
        if hasattr(code, "co_positions"):
            self.assertEqual({column for *_, column, end in stripped.co_positions()}, {None})
        for inner, other in zip(code.co_consts, stripped.co_consts):
            if isinstance(inner, type(code)):
                self.compare(inner, other)


if __name__ == "__main__":
    unittest.main()
