"""Exact floating-point accumulation in integer arithmetic, vectorised.

``add_term`` is the reference of ``rtl/parts/float_sum.py``: align, add, round once (IEEE 754-2019,
round to nearest, ties to even). Alignment keeps a jammed sticky bit as Berkeley SoftFloat does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import Minifloat
from hwdse.pe.term import Term

__all__ = ["add_term"]

Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

# Significands are brought up to this bit before alignment: one bit for the carry and one for the
# sign of the sum stay free in an int64. Of 60 bits, alignment by 2 places or less loses none, so
# sums that cancel are exact; after more, at least 60 bits stay above the jammed one.
_TOP_BIT = 61


def add_term(fmt: Minifloat, acc: Int, term: Term, lsb_exponent: int) -> Int:
    """Code words of ``round_to_nearest_even(acc + term)``.

    Args:
        fmt: Accumulator format; it must have infinities and NaN.
        acc: Code words, int64, any shape.
        term: Terms of the same shape; int64 significands below 2**60, or Python integers of any
            size.
        lsb_exponent: Exponent of the terms' significands at shift 0.
    """
    held = fmt.unpack(acc)
    term_exponent = term.shift + lsb_exponent
    wide = term.significand.dtype == object
    sum_sign, magnitude, exponent = (_wide_sum if wide else _exact_sum)(
        held.sign, held.significand, held.exponent, term.sign, term.significand, term_exponent
    )
    code = _round(fmt, magnitude, exponent)

    infinity = ((1 << fmt.exponent_bits) - 1) << fmt.mantissa_bits
    sign_bit = np.int64(1 << (fmt.bits - 1))
    quiet_nan = infinity | (1 << (fmt.mantissa_bits - 1))
    result = np.where(sum_sign, code | sign_bit, code)
    result = np.where(term.infinite, np.where(term.sign, infinity | sign_bit, infinity), result)
    result = np.where(held.infinite, np.where(held.sign, infinity | sign_bit, infinity), result)
    opposed = held.infinite & term.infinite & (held.sign != term.sign)
    return np.where(held.nan | term.nan | opposed, np.int64(quiet_nan), result)


def _exact_sum(
    sign_x: Bool, sig_x: Int, exp_x: Int, sign_y: Bool, sig_y: Int, exp_y: Int
) -> tuple[Bool, Int, Int]:
    """Sign, magnitude and exponent of a sum, exact up to a jammed last bit far below rounding."""
    sig_x, exp_x = _normalise(sig_x, exp_x)
    sig_y, exp_y = _normalise(sig_y, exp_y)
    # A zero must not win the comparison of exponents.
    x_leads = (sig_y == 0) | ((sig_x != 0) & (exp_x >= exp_y))
    lead_sig, lead_exp = np.where(x_leads, sig_x, sig_y), np.where(x_leads, exp_x, exp_y)
    other_sig, other_exp = np.where(x_leads, sig_y, sig_x), np.where(x_leads, exp_y, exp_x)
    other_sig = _shift_right_jam(other_sig, np.where(other_sig == 0, 0, lead_exp - other_exp))
    lead_sign = np.where(x_leads, sign_x, sign_y)
    other_sign = np.where(x_leads, sign_y, sign_x)
    total = np.where(lead_sign, -lead_sig, lead_sig) + np.where(other_sign, -other_sig, other_sig)
    # An exact zero is +0 unless both addends are negative (IEEE 754-2019, 6.3).
    sign = np.where(total == 0, sign_x & sign_y, total < 0)
    return sign, np.abs(total), lead_exp


def _wide_sum(
    sign_x: Bool, sig_x: Int, exp_x: Int, sign_y: Bool, sig_y: NDArray[Any], exp_y: Int
) -> tuple[Bool, Int, Int]:
    """As :func:`_exact_sum`, one by one, of significands of any size."""
    members = (sign_x, sig_x, exp_x, sign_y, sig_y, exp_y)
    rows = zip(*(member.ravel().tolist() for member in members), strict=True)
    sums = [_one_sum(*row) for row in rows]
    sign, magnitude, exponent = zip(*sums, strict=True) if sums else ((), (), ())
    shape = sign_x.shape
    return (
        np.array(sign, dtype=np.bool_).reshape(shape),
        np.array(magnitude, dtype=np.int64).reshape(shape),
        np.array(exponent, dtype=np.int64).reshape(shape),
    )


def _one_sum(
    sign_x: bool, sig_x: int, exp_x: int, sign_y: bool, sig_y: int, exp_y: int
) -> tuple[bool, int, int]:
    least = min(exp_x, exp_y)
    x, y = sig_x << (exp_x - least), sig_y << (exp_y - least)
    total = (-x if sign_x else x) + (-y if sign_y else y)
    sign = sign_x and sign_y if total == 0 else total < 0
    magnitude = abs(total)
    excess = max(0, magnitude.bit_length() - _TOP_BIT)
    kept = magnitude >> excess
    return sign, kept | (kept << excess != magnitude), least + excess


def _round(fmt: Minifloat, magnitude: Int, exponent: Int) -> Int:
    """Code word, without sign, of ``magnitude * 2**exponent``; infinity on overflow."""
    min_exponent = 1 - fmt.bias - fmt.mantissa_bits
    kept = np.maximum(exponent + _bit_length(magnitude) - fmt.mantissa_bits - 1, min_exponent)
    shift = kept - exponent
    left = np.where(shift < 0, magnitude << np.clip(-shift, 0, 62), 0)
    dropped = np.clip(shift, 0, 62)
    magnitude = np.where(shift > 62, np.int64(magnitude != 0), magnitude)
    quotient = magnitude >> dropped
    remainder = magnitude - (quotient << dropped)
    twice = remainder << 1
    unit = np.int64(1) << dropped
    up = (twice > unit) | ((twice == unit) & ((quotient & 1) == 1))
    significand = np.where(shift < 0, left, quotient + (up & (dropped > 0)))
    # The hidden bit carries into the exponent field, so subnormals need no case of their own.
    code: Int = ((kept - min_exponent) << fmt.mantissa_bits) + significand
    infinity = ((1 << fmt.exponent_bits) - 1) << fmt.mantissa_bits
    return np.where(significand == 0, 0, np.minimum(code, infinity))


def _normalise(significand: Int, exponent: Int) -> tuple[Int, Int]:
    up: Int = np.where(significand == 0, 0, _TOP_BIT - _bit_length(significand))
    return significand << up, exponent - up


def _shift_right_jam(value: Int, amount: Int) -> Int:
    clipped = np.minimum(amount, 62)
    shifted = value >> clipped
    lost = (shifted << clipped) != value
    return np.asarray(shifted | lost, dtype=np.int64)


def _bit_length(value: Int) -> Int:
    """Bit length of non-negative integers, exact for all of int64 (halves are exact in float64)."""
    high = value >> 32
    upper = np.frexp(high.astype(np.float64))[1]
    lower = np.frexp((value & 0xFFFFFFFF).astype(np.float64))[1]
    return np.where(high > 0, upper + 32, lower).astype(np.int64)
