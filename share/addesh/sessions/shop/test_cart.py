import unittest
from cart import total


class CartTest(unittest.TestCase):
    def test_nothing(self):
        self.assertEqual(total([]), 0)

    def test_one(self):
        self.assertEqual(total([5], discount=2), 3)

    def test_several(self):
        self.assertEqual(total([2, 3, 5]), 10)
