"""Does the jobs in a folder, all or those of some packages, with the Python that runs this, and
prints what came of them as JSON.

A job is a function; what it does is its docstring, and its input is what its parameter defaults to.
A file is named for the package whose jobs it has.
"""

import asyncio
import importlib.util
import inspect
import json
import sys
from importlib.metadata import version
from pathlib import Path


def main(folder, *names):
    files = [Path(folder, f"{name}.py") for name in names] or sorted(Path(folder).glob("*.py"))
    done = [job for file in files for job in _jobs(file)]
    print(json.dumps({"python": sys.version.partition(" ")[0], "jobs": done}))


def _jobs(file):
    spec = importlib.util.spec_from_file_location("job", file)
    module = importlib.util.module_from_spec(spec)
    # Where dataclasses and pickles look for it.
    sys.modules["job"] = module
    spec.loader.exec_module(module)
    for name, function in list(vars(module).items()):
        if not inspect.isfunction(function) or function.__module__ != "job" or name[0] == "_":
            continue
        (given,) = inspect.signature(function).parameters.values()
        result = function(_copy(given.default))
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
        yield {
            "package": file.stem,
            "version": version(file.stem),
            "name": name,
            "about": inspect.getdoc(function),
            "input": given.default,
            "result": _copy(result),
        }


def _copy(data):
    return json.loads(json.dumps(data))


main(*sys.argv[1:])
