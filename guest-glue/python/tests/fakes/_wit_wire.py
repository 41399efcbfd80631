"""Stands in for the glue's own module in C, slowly."""

import itertools
import re

DEEP, HUGE_NUMBERS, SURROGATES = 1, 2, 4

_STRINGS = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_HUGE = re.compile(r"[0-9](?:[eE]\+?[0-9][0-9]|[0-9]{299})")
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


def json_oddities(text, deepest):
    outside = _STRINGS.sub("", text)
    levels = itertools.accumulate(_STEP.get(character, 0) for character in outside)
    oddities = DEEP if max(levels, default=0) > deepest else 0
    if _HUGE.search(outside):
        oddities |= HUGE_NUMBERS
    if re.search(r"\\ud", text, re.IGNORECASE):
        oddities |= SURROGATES
    return oddities
