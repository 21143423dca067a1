import time
import unittest
from calc import add, div


class CalcTest(unittest.TestCase):
    def test_adds(self):
        time.sleep(0.06); self.assertEqual(add(1, 2), 3)

    def test_divides(self):
        self.assertEqual(div(6, 3), 2)

    def test_wrong_sum(self):
        self.assertEqual(add(1, 2), 4)

    def test_error(self):
        self.assertEqual(div(6, None), 2)

    @unittest.skip("not today")
    def test_skipped(self):
        raise AssertionError("never run")

    @unittest.expectedFailure
    def test_expected_failure(self):
        self.assertEqual(div(1, 2), 0)

    @unittest.expectedFailure
    def test_unexpected_pass(self):
        self.assertEqual(div(2, 2), 1)

    def test_subtests(self):
        for a in (1, 2, 3):
            with self.subTest(a=a):
                self.assertNotEqual(add(a, 1), 3)
