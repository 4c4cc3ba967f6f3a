"""The float adder, exhaustively on tiny formats, against fractions: the proof of its structure.

Widths differ from those of the shipped accumulators; every relation between them that the adder's
structure depends on occurs here: terms narrower and wider than the accumulator's significand, terms
that lie wholly below or above its range, shifts that reach far beyond either.
"""

from bisect import bisect_right
from fractions import Fraction

import numpy as np
import pytest

from hwdse.formats import Minifloat, NanPolicy
from hwdse.pe.float_sum import add_term
from hwdse.pe.term import Term, TermShape
from rtl.parts.float_sum import FloatSum

# Exponent and mantissa bits; significand bits, largest shift and last bit's exponent of the term.
CASES = [
    (3, 2, 4, 7, -6),
    (3, 2, 1, 7, -4),
    (3, 2, 2, 12, -9),
    (3, 2, 3, 3, -1),
    (3, 2, 7, 3, -7),
    (3, 2, 8, 6, -12),
    (3, 2, 4, 0, -2),
    (3, 2, 4, 5, -14),
    (3, 2, 4, 5, 6),
    (2, 1, 4, 4, -3),
    (2, 3, 3, 5, -4),
    (4, 1, 2, 17, -9),
    (4, 3, 4, 13, -12),
]


def ieee(exponent_bits, mantissa_bits):
    return Minifloat(
        name=f"ieee_e{exponent_bits}m{mantissa_bits}",
        exponent_bits=exponent_bits,
        mantissa_bits=mantissa_bits,
        bias=(1 << (exponent_bits - 1)) - 1,
        infinities=True,
        nan=NanPolicy.IEEE,
    )


class Rounder:
    """IEEE 754 values of a tiny format by enumeration, and rounding by search among them."""

    def __init__(self, fmt):
        bias, m = fmt.bias, fmt.mantissa_bits
        self.infinity = ((1 << fmt.exponent_bits) - 1) << m
        self.sign_bit = 1 << (fmt.exponent_bits + m)
        self.values = []
        # One value more than there are, where infinity begins to take over.
        for code in range(self.infinity + 1):
            field, mantissa = divmod(code, 1 << m)
            scale = Fraction(2) ** (max(field, 1) - bias - m)
            self.values.append(scale * (mantissa + ((field > 0) << m)))
        self.cache = {}

    def code(self, magnitude):
        """To the nearest value, ties to the even code; beyond the largest, infinity."""
        if magnitude not in self.cache:
            low = bisect_right(self.values, magnitude) - 1
            near = range(low, min(low + 2, len(self.values)))
            # By distance; of two at the same distance the even one.
            self.cache[magnitude] = min(
                near, key=lambda c: (abs(magnitude - self.values[c]), c % 2)
            )
        return self.cache[magnitude]

    def add(self, acc, negative, magnitude):
        """Code of ``acc`` plus a finite term."""
        held = acc & (self.sign_bit - 1)
        if held > self.infinity:
            return self.infinity | (self.infinity & -self.infinity) >> 1
        if held == self.infinity:
            return acc
        held_negative = acc >= self.sign_bit
        total = self.values[held] * (-1 if held_negative else 1)
        total += -magnitude if negative else magnitude
        minus = total < 0 or (total == 0 and held_negative and negative)
        return self.code(abs(total)) | (self.sign_bit if minus else 0)


def enumerated(fmt, shape):
    """Every accumulator content with every finite term."""
    axes = (2, 1 << shape.significand_bits, shape.max_shift + 1, 1 << fmt.bits)
    sign, significand, shift, acc = (axis.ravel() for axis in np.indices(axes))
    return acc, sign, significand, shift


@pytest.mark.parametrize(("e", "m", "significand_bits", "max_shift", "lsb_exponent"), CASES)
def test_every_content_with_every_term(
    combinational, e, m, significand_bits, max_shift, lsb_exponent
):
    fmt = ieee(e, m)
    shape = TermShape(
        significand_bits=significand_bits,
        max_shift=max_shift,
        lsb_exponent=lsb_exponent,
        max_units=((1 << significand_bits) - 1) << max_shift,
        signed=True,
    )
    acc, sign, significand, shift = enumerated(fmt, shape)
    rounder = Rounder(fmt)
    scale = [Fraction(2) ** (lsb_exponent + s) for s in range(max_shift + 1)]
    want = [
        rounder.add(a, bool(s), f * scale[n])
        for a, s, f, n in zip(
            acc.tolist(), sign.tolist(), significand.tolist(), shift.tolist(), strict=True
        )
    ]
    assert len(want) == 2 << (significand_bits + fmt.bits) if max_shift == 0 else len(want) > 1000

    nothing = np.zeros(len(acc), dtype=bool)
    term = Term(sign != 0, significand, shift, nothing, nothing)
    assert add_term(fmt, acc, term, lsb_exponent).tolist() == want

    part = combinational(FloatSum(fmt=fmt, shape=shape))
    none = np.zeros(len(acc), dtype=np.int64)
    got = part(acc=acc, sign=sign, significand=significand, shift=shift, nan=none, infinite=none)
    assert got["result"].tolist() == want
    # Overflow, underflow to a subnormal, cancellation and NaN all occur.
    assert {0, rounder.infinity, rounder.infinity | rounder.sign_bit, fmt.nan_code} <= set(want)


def test_every_content_with_every_special(combinational):
    """NaN and infinite terms, whatever their significand and shift say."""
    fmt = ieee(3, 2)
    shape = TermShape(3, 5, -5, 7 << 5, signed=True, nan=True, infinite=True)
    part = combinational(FloatSum(fmt=fmt, shape=shape))
    acc, sign, significand, shift = enumerated(fmt, shape)
    infinity, quiet, sign_bit = fmt.infinity_code, fmt.nan_code, 1 << (fmt.bits - 1)
    one, none = np.ones_like(acc), np.zeros_like(acc)
    inputs = {"acc": acc, "sign": sign, "significand": significand, "shift": shift}
    assert (part(**inputs, nan=one, infinite=none)["result"] == quiet).all()
    held = acc & (sign_bit - 1)
    opposed = (held == infinity) & ((acc >= sign_bit) != (sign != 0))
    want = np.where((held > infinity) | opposed, quiet, infinity | (sign * sign_bit))
    assert (part(**inputs, nan=none, infinite=one)["result"] == want).all()
