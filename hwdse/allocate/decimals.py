"""Columns of floats as whole numbers over one unit, exactly, and fast where the digits allow it.

A float stands for the shortest decimal that names it. Figures that are all within two units in the
last place of decimals of at most 14 digits stand for those: `0.3 * 1e-12` is 3e-13, so scaling a
column does not turn equal sums into unequal ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Whole", "as_written", "denoised", "digits_of", "whole_numbers"]

_SAMPLE = 512
_SHORT = 10**14  # decimals of so many digits are told apart from their neighbours by any float
_EXACT = 2**53
_POWERS = range(-30, 40)
_ROOM = 2.0**62
_MANY = 1_000_000  # figures of 16 digits and more, beyond which they are rounded to int64


@dataclass(frozen=True, eq=False)
class Whole:
    """Figures as whole numbers.

    Attributes:
        values: int64 where the sum of all magnitudes fits, Python integers (object) otherwise.
        unit: What 1 stands for, positive.
        error: Greatest deviation of a value from its figure, in units; 0 where all are exact.
    """

    values: NDArray[Any]
    unit: Fraction
    error: Fraction = Fraction(0)

    def scaled(self, factor: Fraction) -> Whole:
        """Every figure times a factor."""
        if factor == 0:
            return Whole(np.zeros(self.values.shape, dtype=np.int64), Fraction(1))
        if factor == 1:
            return self
        return Whole(self.values if factor > 0 else -self.values, self.unit * abs(factor))

    def plus(self, other: Whole) -> Whole:
        """The sums of the figures, one by one."""
        numerator = math.gcd(
            self.unit.numerator * other.unit.denominator,
            other.unit.numerator * self.unit.denominator,
        )
        unit = Fraction(numerator, self.unit.denominator * other.unit.denominator)
        first, second = int(self.unit / unit), int(other.unit / unit)
        size = _times(first, _total(self.values)) + _times(second, _total(other.values))
        left, right = _roomy(self.values, size), _roomy(other.values, size)
        error = self.error * first + other.error * second
        return Whole(left * first + right * second, unit, error)

    def times(self, other: Whole) -> Whole:
        """The products of the figures, one by one; both must be exact."""
        if self.error or other.error:
            raise AssertionError("products of rounded figures")
        size = _times(int(np.abs(other.values).max(initial=0)), _total(self.values))
        product = _roomy(self.values, size) * _roomy(other.values, size)
        return Whole(product, self.unit * other.unit)


def whole_numbers(values: NDArray[np.float64], *, rounded: bool = False) -> Whole:
    """The figures over their common decimal denominator; see the module for what a float means.

    Args:
        values: Finite floats.
        rounded: Where a million figures or more have too many digits for int64, round them to it.
    """
    power = _common_power(values)
    if power is not None:
        unit = Fraction(1, 10**power) if power >= 0 else Fraction(10**-power)
        found = _rounded(values, power).astype(np.int64)
        return Whole(_roomy(found, _total(found)), unit)
    if rounded and values.size >= _MANY:
        spare = math.floor(math.log2(_ROOM / float(np.abs(values).sum()))) - 1
        unit = Fraction(1, 2**spare) if spare >= 0 else Fraction(2**-spare)
        found = np.rint(np.ldexp(values, spare)).astype(np.int64)
        # The float and the decimal it stands for differ by less than the second half.
        return Whole(found, unit, Fraction(1))
    return as_written(values)


def as_written(values: NDArray[np.float64]) -> Whole:
    """As `whole_numbers`, where every float stands for the shortest decimal that names it."""
    pairs = [digits_of(v) for v in values.tolist()]
    least = min(exponent for _, exponent in pairs)
    whole = [mantissa * 10 ** (exponent - least) for mantissa, exponent in pairs]
    unit = Fraction(10**least) if least >= 0 else Fraction(1, 10**-least)
    fits = sum(abs(v) for v in whole) < _ROOM
    return Whole(np.array(whole, dtype=np.int64 if fits else object), unit)


def denoised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The floats nearest to the decimals that the figures stand for; negative zero becomes zero."""
    power = _common_power(values)
    if power is None or _exact_at(values, power):
        return values + 0.0
    whole = _rounded(values, power)
    if 0 <= power <= 22:
        return np.asarray(whole / 10.0**power + 0.0)
    if -22 <= power < 0:
        # Both factors are exact, so the product is rounded once.
        return np.asarray(whole * 10.0**-power + 0.0)
    return np.array([float(f"{int(v)}e{-power}") for v in whole.tolist()], dtype=np.float64)


def digits_of(value: float) -> tuple[int, int]:
    """The shortest decimal of a float as (mantissa, exponent of ten)."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, part = mantissa.partition(".")
    if part == "0":
        part = ""
    return int(whole + part), (int(exponent) if exponent else 0) - len(part)


def _total(values: NDArray[Any]) -> float:
    """The sum of magnitudes, approximately; infinite where it is beyond floats."""
    if values.dtype == object:
        total = int(np.abs(values).sum())
        return float(total) if total < 10**300 else math.inf
    return float(np.abs(values).astype(np.float64).sum())


def _times(factor: int, size: float) -> float:
    if size == 0.0:
        return 0.0
    return factor * size if factor < 10**200 else math.inf


def _roomy(values: NDArray[Any], size: float) -> NDArray[Any]:
    """The values in int64, or as Python integers where sums of this size would not fit."""
    return values if size < _ROOM else values.astype(object)


def _scaled(values: NDArray[np.float64], power: int) -> NDArray[Any]:
    factor = np.longdouble(10) ** abs(power)
    wide = values.astype(np.longdouble)
    return np.asarray(wide * factor if power >= 0 else wide / factor)


def _rounded(values: NDArray[np.float64], power: int) -> NDArray[np.float64]:
    if 0 <= power <= 15:  # the product errs by half a unit of less than 2**53: enough to round
        return np.asarray(np.rint(values * 10.0**power))
    return np.asarray(np.rint(_scaled(values, power)).astype(np.float64))


def _exact_at(values: NDArray[np.float64], power: int) -> bool:
    """Whether all figures are the floats nearest to multiples of 10**-power, of <= 15 digits."""
    if not 0 <= power <= 15:
        return False
    whole = np.rint(values * 10.0**power)
    return bool((whole / 10.0**power == values).all() and (np.abs(whole) < 10 * _SHORT).all())


def _all_whole(values: NDArray[np.float64], power: int) -> bool:
    """Whether every figure times 10**power stands for a whole number."""
    if _exact_at(values, power):
        return True
    scaled = _scaled(values, power)
    whole = np.rint(scaled)
    size = np.abs(whole)
    if not bool((size <= _EXACT).all()):
        return False
    # Two units in the last place of the figure, plus the rounding of the scaling.
    short = (size < _SHORT) & (np.abs(scaled - whole) <= np.ldexp(np.abs(scaled), -51)) & (size > 0)
    if bool(short.all()):
        return True
    if not 0 <= power <= 22:
        return False
    rest = ~short
    back = whole[rest].astype(np.float64) / 10.0**power
    return bool((back == values[rest]).all() and (size[rest] < 10 * _SHORT).all())


def _common_power(values: NDArray[np.float64]) -> int | None:
    """The least power of ten that makes all figures whole, or None where digits do not suffice."""
    nonzero = values[values != 0]
    if nonzero.size == 0:
        return 0
    sample = nonzero[:: max(1, nonzero.size // _SAMPLE)]
    sizes = np.abs(nonzero)
    largest = math.log10(float(sizes.max()))
    # A figure that is whole is at least 1.
    start = max(_POWERS.start, math.floor(-math.log10(float(sizes.min()))) - 1)
    for power in range(start, _POWERS.stop):
        if largest + power > 16:  # the largest figure has too many digits; more will not help
            return None
        if _all_whole(sample, power) and _all_whole(nonzero, power):
            return power
    return None
