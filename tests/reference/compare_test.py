"""The comparison finds every difference, and only differences."""

import math
import unittest

from compare import differences


class Differences(unittest.TestCase):
    def check(self, expected, found, lines):
        self.assertEqual(differences(expected, found, "at"), lines)

    def test_equal_values_and_rounding_are_no_difference(self):
        value = {"a": [1, 2.5, "x", True, None], "b": {}}
        self.check(value, value, [])
        self.check(1.0, 1.0 + 9e-7, [])
        self.check(1e6, 1e6 + 0.9, [])
        self.check(0.0, 9e-7, [])
        self.check(1, 1.0, [])

    def test_a_difference_is_named_by_its_place(self):
        self.check({"a": [0, {"b": 1.0}]}, {"a": [0, {"b": 1.1}]}, ["at.a[1].b: 1.1, expected 1.0"])
        self.check(1.0, 1.0 + 2e-6, ["at: 1.000002, expected 1.0"])
        self.check(["x"], ["y"], ["at[0]: 'y', expected 'x'"])
        self.check([1, 2], [1], ["at: 1 entries, expected 2"])
        self.check({"a": 1}, {}, ["at.a: absent, expected 1"])
        self.check({}, {"a": 1}, ["at.a: 1, expected nothing"])

    def test_another_type_is_a_difference(self):
        self.check(1, True, ["at: True, expected 1"])
        self.check(0, None, ["at: None, expected 0"])
        self.check("1", 1, ["at: 1, expected '1'"])
        self.check([], {}, ["at: {}, expected []"])
        self.check(1.0, math.nan, ["at: nan, expected 1.0"])


if __name__ == "__main__":
    unittest.main()
