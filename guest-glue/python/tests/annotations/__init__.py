"""Annotations convert a function's input and result, and give its JSON Schema."""

import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS / "fakes"), str(TESTS.parent)]
