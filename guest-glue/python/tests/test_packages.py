"""Packages of the image, compiled and imported under ordinary Python."""

import importlib
import importlib.metadata
import importlib.resources
import inspect
import os
import pkgutil
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "fakes"), str(HERE.parent)]

from wit_wire_guest.build import compiling  # noqa: E402
from wit_wire_guest.imports import baked_packages, blobs  # noqa: E402
from wit_wire_guest.imports.modules import Namespaces  # noqa: E402

FILES = {
    "parcel/__init__.py": '"""Kept."""\nfrom . import lost_and_found\ndef weigh():\n    assert False, "heavy"\n',
    "parcel/lost_and_found.py": "# -*- coding: latin-1 -*-\nname = 'caf\xe9'\n",
    "parcel/template.py": "def {{ name }}():\n",
    "parcel/tests/test_parcel.py": "x = 1\n",
    "parcel/table-17.0.py": "x = 2\n",
    "parcel/table-17-0.py": "x = 2\n",
    "parcel/data/empty": "",
    "parcel/_vendor/other-2.0.dist-info/METADATA": "Name: other\nVersion: 2.0\n",
    "parcel-1.0.dist-info/METADATA": "Name: parcel\nVersion: 1.0\n",
    "parcel-1.0.dist-info/licenses/parcel/_vendor/other-2.0.dist-info/LICENSE": "",
}


class Packages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(setattr, blobs, "FOLDER", blobs.FOLDER)
        blobs.FOLDER = folder.name
        root = Path(folder.name, "site-packages")
        # Where programs begin, so that paths are those of files.
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        for path, text in FILES.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="latin-1")
        compiling.compile_packages(root)
        self.packages = baked_packages.Packages()
        for finder in [self.packages, Namespaces([self.packages])]:
            sys.meta_path.append(finder)
            self.addCleanup(sys.meta_path.remove, finder)
        sys.path_hooks.insert(0, self.packages.importer)
        sys.path_importer_cache.clear()
        self.addCleanup(sys.path_hooks.remove, self.packages.importer)
        self.addCleanup(
            lambda: [
                sys.modules.pop(name) for name in list(sys.modules) if name.startswith("parcel")
            ]
        )

    def test_modules_are_compiled_and_their_source_is_stored(self):
        parcel = importlib.import_module("parcel")
        self.assertEqual((parcel.__doc__, parcel.lost_and_found.name), ("Kept.", "caf\xe9"))
        self.assertEqual(
            inspect.getsource(parcel.weigh), 'def weigh():\n    assert False, "heavy"\n'
        )
        with self.assertRaisesRegex(AssertionError, "heavy"):
            parcel.weigh()
        self.assertEqual(
            importlib.resources.files("parcel").joinpath("data/empty").read_bytes(), b""
        )
        self.assertEqual(importlib.metadata.version("parcel"), "1.0")

    def test_modules_have_any_names_without_dots(self):
        self.assertEqual(importlib.import_module("parcel.table-17-0").x, 2)
        names = [module.name for module in pkgutil.iter_modules(["site-packages/parcel"])]
        self.assertIn("table-17-0", names)
        self.assertNotIn("table-17.0", names)

    def test_metadata_is_that_of_packages_at_the_top(self):
        found = [distribution.name for distribution in self.packages.find_distributions()]
        self.assertEqual(found, ["parcel"])

    def test_resources_are_paths(self):
        folder = importlib.resources.files("parcel")
        self.assertEqual(folder, Path("site-packages/parcel"))
        with importlib.resources.as_file(folder) as same:
            self.assertEqual(same, folder)

    def test_modules_without_code_are_compiled_when_they_are_imported(self):
        self.assertEqual(importlib.import_module("parcel.tests.test_parcel").x, 1)
        with self.assertRaises(SyntaxError) as caught:
            importlib.import_module("parcel.template")
        self.assertEqual(caught.exception.filename, "site-packages/parcel/template.py")


if __name__ == "__main__":
    unittest.main()
