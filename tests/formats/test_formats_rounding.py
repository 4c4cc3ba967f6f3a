"""The integer arithmetic beneath the encoders, against Python integers."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse.formats import Rounding
from hwdse.formats._rounding import POINT, decompose, shift_round

from .oracles import fraction_round


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint8, np.uint64])
def test_integers_come_apart(dtype):
    info = np.iinfo(dtype)
    powers = [sign * 2**k + d for k in range(65) for d in range(-2, 3) for sign in (-1, 1)]
    values = sorted({v for v in powers if info.min <= v <= info.max})
    assert len(values) > 30
    sign, significand, exponent = decompose(np.array(values, dtype))
    for v, s, m, e in zip(
        values, sign.tolist(), significand.tolist(), exponent.tolist(), strict=True
    ):
        assert s == (v < 0)
        if v == 0:
            assert m == 0
            continue
        assert e == abs(v).bit_length() - 1
        # Up to 53 bits it is exact; beyond, the last bit says whether anything was lost.
        lost = max(e - POINT, 0)
        kept = abs(v) >> lost
        if abs(v) != kept << lost:
            kept |= 1
        assert m == kept << max(POINT - e, 0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_come_apart(dtype):
    info = np.finfo(dtype)
    values = [0.0, 1.0, 1.5, info.max, info.tiny, info.smallest_subnormal, info.eps, -3.25, -0.0]
    x = np.array(values, dtype)
    sign, significand, exponent = decompose(x)
    assert sign.tolist() == np.signbit(x).tolist()
    for v, m, e in zip(x.tolist(), significand.tolist(), exponent.tolist(), strict=True):
        assert abs(Fraction(v)) == m * Fraction(2) ** (e - POINT)


@pytest.mark.parametrize("rounding", list(Rounding))
def test_shift_round(rounding):
    rng = np.random.default_rng(0)
    significand = rng.integers(0, 1 << 53, 3000).astype(np.uint64)
    shift = rng.integers(1, 70, 3000)
    # Ties, and their neighbours.
    tie = np.uint64(1) << np.minimum(shift, 52).astype(np.uint64) >> np.uint64(1)
    for d in (0, 1, 2):
        significand[d::4] &= ~(2 * tie[d::4] - np.uint64(1))
        significand[d::4] |= tie[d::4] + np.uint64(d) - np.uint64(1)
    got = shift_round(significand, shift, rounder=rounder, sign=sign)
    want = [
        fraction_round(Fraction(m, 1 << s), rounding)
        for m, s in zip(significand.tolist(), shift.tolist(), strict=True)
    ]
    assert len(want) == 3000
    assert got.tolist() == want
    # An odd offset turns round which neighbour is even.
    five = np.full(got.shape, 5, dtype=np.uint64)
    shifted = shift_round(significand, shift, rounding=rounding, offset=five)
    want = [
        fraction_round(Fraction(m, 1 << s) + 5, rounding)
        for m, s in zip(significand.tolist(), shift.tolist(), strict=True)
    ]
    assert shifted.tolist() == want
