import isort


def sorted_imports(
    given="from b import z,a\nimport sys, os\nimport numpy\nfrom . import x\nfrom __future__ import annotations\n",
):
    """Sorts imports."""
    return [
        isort.code(given),
        isort.code(given, profile="black", force_single_line=True),
        isort.place_module("os"),
    ]
