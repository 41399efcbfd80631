"""One test for each way that a test ends."""

import os
import unittest


class Tests(unittest.TestCase):
    def test_a_pass(self):
        pass

    def test_b_failure(self):
        self.assertEqual(1 + 1, 3)

    def test_c_error(self):
        raise KeyError("c")

    def test_d_skip(self):
        self.skipTest("because")

    def test_e_trap(self):
        os.abort()

    def test_f_parts(self):
        for part in range(4):
            with self.subTest(part=part):
                self.assertLess(part, 2)

    @unittest.expectedFailure
    def test_g_expected_failure(self):
        self.fail("as expected")

    @unittest.expectedFailure
    def test_h_unexpected_success(self):
        pass


class NotSetUp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise OSError("no database")

    def test_a(self):
        pass

    def test_b(self):
        pass


class SetUpTraps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.abort()

    def test_a(self):
        pass


class TornDown(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        raise OSError("too late")

    def test_a(self):
        pass


@unittest.skip("all of it")
class Skipped(unittest.TestCase):
    def test_a(self):
        pass
