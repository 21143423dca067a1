import unittest
from units import miles


class MilesTest(unittest.TestCase):
    def test_some(self):
        self.assertAlmostEqual(miles(1.609344), 1)

    def test_less_than_nothing(self):
        self.assertRaises(ValueError, miles, -1)

    @unittest.skip("nobody runs that far")
    def test_many(self):
        self.assertEqual(miles(1609344), 1000000)
