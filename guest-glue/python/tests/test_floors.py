"""The glue's modules import each other without circles, and each floor only what is below it."""

import ast
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).parent.parent / "wit_wire_guest"

ARCHITECTURE = ROOT.parents[2] / "ARCHITECTURE.md"


def floors():
    """The table of floors in ARCHITECTURE.md. Modules that share a floor do not know each other."""
    rows = re.findall(r"^\| `guest-glue/python` \| (.*) \|$", ARCHITECTURE.read_text(), re.MULTILINE)
    return [re.findall(r"`(\w+)`", floor) for floor in rows[0].split("·")]


FLOORS = floors()
FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names}


def imports():
    """What each module imports, as paths below the root without `.py`."""
    files = (path for path in ROOT.rglob("*.py") if path.parent.name != "standins")
    modules = {path.relative_to(ROOT).with_suffix("").parts: path for path in files}
    found = {}
    for module, path in modules.items():
        found[module] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = (*module[: -node.level], *(node.module or "").split("."))
                base = tuple(part for part in base if part)
                names = [(*base, alias.name) for alias in node.names]
                found[module].update(name if name in modules else base for name in names)
    return found


class Floors(unittest.TestCase):
    def test_each_floor_imports_only_from_those_below(self):
        for module, imported in imports().items():
            if module == ("__init__",):
                self.assertEqual(imported, set())
                continue
            for other in imported:
                with self.subTest("/".join(module), imports="/".join(other)):
                    if module[0] != other[0]:
                        self.assertLess(FLOOR_OF[other[0]], FLOOR_OF[module[0]])

    def test_no_module_imports_itself_in_a_circle(self):
        left = imports()
        while left:
            free = {module for module, imported in left.items() if not imported & left.keys()}
            self.assertTrue(free, f"in a circle: {sorted('/'.join(module) for module in left)}")
            left = {module: imported for module, imported in left.items() if module not in free}

    def test_all_floors_are_there(self):
        folders = {module[0] for module in imports()} - {"__init__"}
        self.assertEqual(folders, FLOOR_OF.keys())


if __name__ == "__main__":
    unittest.main()
