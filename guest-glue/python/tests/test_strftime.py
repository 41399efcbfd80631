"""Formats of dates that the guest's libc does not know are made as glibc makes them."""

import sys
import time
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent)]

from wit_wire_guest.runtime.strftime import strftime  # noqa: E402

FORMATS = [
    "abc %k def", "%P", "%l|%-k|%3k|%_k|%0l", "%^a %^B", "%#a%#p%#b", "%Y: 100 %", "%Q %q %! %", "%5d|%_5d|%-5d|%05e",
    "%10a|%010a|%_3m", "%10Y", "%EY %Od %Ey", "%%k %%%P", "caf\u00e9 %s", "%N %L %i %J %f", "%5%|%^P|%#P|%^p",
    "%O", "%+", "%:z", "%3j|%-j|%_j", "%5C|%-y|%_y|%^h", "%-I%P", "%4Y|%-m|%^Z|%#B|%#h|%#c", "%\n %\u00e9",
]  # fmt: skip

MOMENTS = [
    (2024, 3, 5, 7, 8, 9, 1, 65, 0),
    (1999, 12, 31, 23, 59, 59, 4, 365, 0),
    (2000, 1, 1, 0, 0, 0, 5, 1, 0),
]


class Strftime(unittest.TestCase):
    def test_all_is_as_in_glibc(self):
        for moment in map(time.struct_time, MOMENTS):
            for format in FORMATS:
                with self.subTest(format):
                    self.assertEqual(strftime(format, moment), time.strftime(format, moment))

    def test_without_a_moment_it_is_now(self):
        self.assertRegex(strftime("%Y %k"), r"\d{4} [ \d]\d")

    def test_what_is_no_format_is_refused_as_before(self):
        with self.assertRaises(TypeError):
            strftime(3)


if __name__ == "__main__":
    unittest.main()
