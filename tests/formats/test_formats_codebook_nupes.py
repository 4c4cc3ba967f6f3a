"""Power-exponent grids round after raising to the power, which is exact to test in fractions."""

import dataclasses
import functools
import math
from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats

from . import codebook_model as model

NAMES = (
    "nupes4_50",
    "nupes2_50",
    "nupes4_100",
    "nupes3_200",
    "nupes5_37",
    "nupes8_50",
    "nupes6_25",
)


@functools.cache
def format_and_model(name):
    fmt = formats.get(name)
    bits, hundredths = (int(n) for n in name.removeprefix("nupes").split("_"))
    largest = (1 << (bits - 1)) - 1
    common = math.gcd(hundredths, 100)
    values = {int(c): float(fmt.decode(c)) for c in fmt.codes()}
    magnitude = {abs(v): min(c, (1 << bits) - c) for c, v in values.items()}

    def side(x, low, high):
        """Is |x|**a * largest below, at or above the half between the two integers?"""
        half = Fraction(magnitude[abs(float(low))] + magnitude[abs(float(high))], 2)
        got = (abs(x) ** (hundredths // common)) * largest ** (100 // common)
        want = half ** (100 // common)
        return ((got > want) - (got < want)) * (1 if low >= 0 else -1)

    return fmt, model.Model(values, side=side)


@pytest.mark.parametrize("rounding", model.MODES)
@pytest.mark.parametrize("name", NAMES)
def test_rounds_in_the_power_domain(name, rounding):
    fmt, reference = format_and_model(name)
    x = model.near_inputs(reference, fmt.thresholds)
    x = np.concatenate([x, model.random_inputs(reference, 300)])
    x = x[(np.abs(x) > 1e-6) & (np.abs(x) < 2)]
    assert x.size > 300
    assert model.wrong_codes(fmt, reference, x, rounding) == 0


def test_a_hundred_thousand_numbers():
    fmt = formats.get("nupes4_50")
    x = model.random_inputs(format_and_model("nupes4_50")[1], 150_000)
    x = x[np.abs(x) <= 1]
    assert x.size > 100_000
    # |x| > ((q - 1/2) / 7)**2 in whole numbers, of Python's kind; x in multiples of 2**-52.
    units = np.round(x * 2**52).astype(np.int64)
    wide = np.abs(units).astype(object) * 196
    want = sum((wide > (2 * q - 1) ** 2 * 2**52).astype(int) for q in range(1, 8))
    ties = sum((wide == (2 * q - 1) ** 2 * 2**52).astype(int) for q in range(1, 8))
    assert ties.sum() == 0
    got = fmt.encode(units * 2.0**-52).astype(int)
    assert np.array_equal(np.where(got > 7, 16 - got, got), want)
    assert np.array_equal(got > 7, (units < 0) & (want > 0))


def test_ties_go_to_the_even_integer():
    # With one magnitude, the threshold is (1/2)**2, exactly.
    fmt = formats.get("nupes2_50")
    assert fmt.quantize([0.25, -0.25, 0.25 + 2**-52]).tolist() == [0, 0, 1]
    assert fmt.quantize([0.25, -0.25], rounding="nearest-away").tolist() == [1, -1]


def test_planted_midpoints():
    fmt, reference = format_and_model("nupes4_50")
    wrong = dataclasses.replace(fmt, thresholds=None)
    x = model.random_inputs(reference, 2000)
    assert model.wrong_codes(wrong, reference, x, "nearest-even") > 20
