"""Power-exponent grids: ``nupesN_A``, integers q worth ``sign(q) * (abs(q) / qmax)**(1 / a)``.

Source: Yvinec, Dapogny and Bailly, NUPES, arXiv 2308.05600, after their PowerQuant, ICLR 2023
(arXiv 2301.09858): a number x is raised to the power a, sign apart, and then rounded on a uniform
grid. So the nearest integer is taken after that: the thresholds are powers of half-integers, not
the midpoints between values.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from fractions import Fraction

from hwdse.errors import HwdseError
from hwdse.formats.base import Family, ScalarFormat
from hwdse.formats.codebook import Codebook

__all__ = ["FAMILY", "parse"]

_BITS = (2, 8)
_HUNDREDTHS = (10, 200)
_NAME = re.compile(r"nupes(0|[1-9][0-9]{0,3})_(0|[1-9][0-9]{0,3})")
# Digits of what is irrational: far more than binary64 has, so that what is rounded to binary32,
# or compared with binary64 numbers, comes out as the real number would.
_PRECISE = Context(prec=80)
_SINGLE_BITS = 24


def parse(name: str) -> Codebook | None:
    """The format that ``nupesN_A`` names, or None for a name of another shape.

    Codes are N-bit two's complement q without the least one, so qmax is ``2**(N - 1) - 1``; the
    exponent a is A hundredths. Values are mostly irrational: they are fixed as the binary32 numbers
    nearest to them, of which the largest is 1.

    Raises:
        HwdseError: If N is not in 2 to 8, or A not in 10 to 200.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    bits, hundredths = int(match[1]), int(match[2])
    for letter, number, (least, most) in (("N", bits, _BITS), ("A", hundredths, _HUNDREDTHS)):
        if not least <= number <= most:
            raise HwdseError(
                f"unknown format {name!r}: {letter} of nupesN_A must be {least} to {most}, "
                f"not {number}"
            )
    largest = (1 << (bits - 1)) - 1
    positive = [
        _nearest_single(_power(Fraction(q, largest), hundredths)) for q in range(1, largest + 1)
    ]
    upper = [_power(Fraction(2 * q + 1, 2 * largest), hundredths) for q in range(largest)]
    return Codebook(
        name=name,
        bits=bits,
        values=(0.0, *positive, None, *(-v for v in reversed(positive))),
        thresholds=(*(-t for t in reversed(upper)), *upper),
        source="NUPES, arXiv 2308.05600",
    )


def _power(base: Fraction, hundredths: int) -> Fraction:
    """``base**(100 / hundredths)`` for a base in (0, 1], to 80 digits; exact if it can be."""
    exponent = Fraction(100, hundredths)
    if exponent.denominator == 1:
        return Fraction(base**exponent.numerator)
    root = _PRECISE.divide(Decimal(exponent.numerator), Decimal(exponent.denominator))
    ratio = _PRECISE.divide(Decimal(base.numerator), Decimal(base.denominator))
    return Fraction(_PRECISE.power(ratio, root))


def _nearest_single(value: Fraction) -> float:
    """The binary32 number nearest to one of 2**-126 to 1: exact integer rounding."""
    # The leading bit of the quotient is within one place of this.
    places = _SINGLE_BITS + value.denominator.bit_length() - value.numerator.bit_length()
    if value * 2**places >= 1 << _SINGLE_BITS:
        places -= 1
    return float(Fraction(round(value * 2**places), 2**places))


FAMILY: Family[ScalarFormat] = Family(parse=parse, names=("nupes4_50",))
