import unittest


class Tests(unittest.TestCase):
    def test_a(self):
        pass
