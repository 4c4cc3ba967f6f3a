"""Rounding to a table of values, in fractions and in integers, as the definitions have it."""

from __future__ import annotations

import bisect
import math
from fractions import Fraction

import numpy as np

MODES = (
    "nearest-even",
    "nearest-away",
    "toward-zero",
    "toward-positive",
    "toward-negative",
    "to-odd",
)
SEED = 20240311


def midpoint_side(x, low, high):
    """-1, 0 or 1: below, at or above the middle of a gap."""
    return ((x - low) > (high - x)) - ((x - low) < (high - x))


class Model:
    """Codes by value; ``side`` says where in a gap a number is, for the nearest ones."""

    def __init__(self, values, ties="even", side=midpoint_side):
        pairs = sorted((Fraction(v), code) for code, v in values.items())
        self.values = [v for v, _ in pairs]
        self.codes = [code for _, code in pairs]
        self.ties, self.side = ties, side

    def encode(self, x, rounding):
        """The code of a Fraction or an infinity."""
        if x >= self.values[-1]:
            return self.codes[-1]
        if x <= self.values[0]:
            return self.codes[0]
        i = bisect.bisect_right(self.values, x) - 1
        if self.values[i] == x:
            return self.codes[i]
        return self.codes[i + self._up(x, i, rounding)]

    def _up(self, x, i, rounding):
        low, high = self.values[i], self.values[i + 1]
        odd = self.codes[i] % 2, self.codes[i + 1] % 2
        tie_up = {"lower": False, "upper": True}.get(
            self.ties, odd == (1, 0) or (odd[0] == odd[1] and abs(high) < abs(low))
        )
        if rounding == "toward-positive":
            return True
        if rounding == "toward-negative":
            return False
        if rounding.startswith("nearest"):
            side = self.side(x, low, high)
            if side == 0 and rounding == "nearest-away" and abs(low) != abs(high):
                return abs(high) > abs(low)
            return tie_up if side == 0 else side > 0
        if rounding == "to-odd" and odd[0] != odd[1]:
            return odd[1] == 1
        if low < 0 < high:
            # Neither is nearer to zero: the number's own sign.
            return tie_up if x == 0 else x > 0
        return high <= 0

    def integer_encode(self, x, unit, rounding):
        """The same for int64 multiples of ``unit``, an array at a time; midpoints only."""
        values = np.array([int(v / unit) for v in self.values])
        assert all(v / unit == int(v / unit) for v in self.values)
        codes = np.array(self.codes)
        inside = np.clip(x, values[0], values[-1])
        i = np.zeros(x.shape, np.int64)
        for v in values[1:-1]:
            i += inside >= v
        low, high = values[i], values[i + 1]
        up, odd = inside - low > high - inside, (codes[i] % 2, codes[i + 1] % 2)
        smaller = np.abs(high) < np.abs(low)
        even_up = np.where(odd[0] == odd[1], smaller, odd[0] == 1)
        tie_up = {"lower": smaller & False, "upper": smaller | True}.get(self.ties, even_up)
        zero_up = np.where(
            (low < 0) & (high > 0), (inside > 0) | ((inside == 0) & tie_up), high <= 0
        )
        tie = inside - low == high - inside
        larger = np.where(np.abs(low) == np.abs(high), tie_up, np.abs(high) > np.abs(low))
        up = {
            "nearest-even": np.where(tie, tie_up, up),
            "nearest-away": np.where(tie, larger, up),
            "toward-zero": zero_up,
            "toward-positive": np.ones(x.shape, bool),
            "toward-negative": np.zeros(x.shape, bool),
            "to-odd": np.where(odd[0] == odd[1], zero_up, odd[1] == 1),
        }[rounding]
        up = np.where(inside == low, False, np.where(inside == high, True, up))
        return codes[i + up]


def with_neighbours(x):
    return np.concatenate([x, np.nextafter(x, np.inf), np.nextafter(x, -np.inf)])


def near_inputs(model, thresholds=None):
    """Values, midpoints or thresholds, and their neighbours in binary64 and binary32; extremes."""
    values = np.array([float(v) for v in model.values])
    middles = (values[1:] + values[:-1]) / 2
    if thresholds is not None:
        middles = np.concatenate([middles, [float(t) for t in thresholds]])
    exact = np.concatenate([values, middles, [0.0]])
    single = with_neighbours(exact.astype(np.float32)).astype(np.float64)
    ends = [-0.0, 5e-324, -5e-324, 1e-45, 1.7e308, -1.7e308, np.inf, -np.inf]
    return np.concatenate([with_neighbours(exact), single, ends])


def random_inputs(model, count, seed=SEED):
    """Log-uniform within the range of the values and beyond, of both signs."""
    rng = np.random.default_rng(seed)
    magnitudes = [abs(v) for v in model.values if v]
    low, high = math.log2(min(magnitudes)) - 3, math.log2(max(magnitudes)) + 1
    return np.exp2(rng.uniform(low, high, count)) * rng.choice([-1.0, 1.0], count)


def exact(x):
    return x if math.isinf(x) else Fraction(x)


def wrong_codes(fmt, model, x, rounding):
    """Mismatches between an encoder and the model in fractions, on floats or integers."""
    got = fmt.encode(x, rounding).tolist()
    want = [model.encode(exact(v), rounding) for v in x.tolist()]
    assert len(got) == len(want) > 0
    return sum(g != w for g, w in zip(got, want, strict=True))
