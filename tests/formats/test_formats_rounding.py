"""The integer arithmetic beneath the encoders, against Python integers."""

import itertools
from fractions import Fraction

import gfloat
import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats._rounding import POINT, decompose, parse_rounding, shift_round

from .oracles import DETERMINISTIC, fraction_round, gfloat_info


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


def hard_cases():
    """Significands, shifts and signs; many are ties, or next to one."""
    rng = np.random.default_rng(0)
    significand = rng.integers(0, 1 << 53, 3000).astype(np.uint64)
    shift = rng.integers(1, 70, 3000)
    tie = np.uint64(1) << np.minimum(shift, 52).astype(np.uint64) >> np.uint64(1)
    for d in (0, 1, 2):
        significand[d::4] &= ~(2 * tie[d::4] - np.uint64(1))
        significand[d::4] |= tie[d::4] + np.uint64(d) - np.uint64(1)
    return significand, shift, rng.random(3000) < 0.5


@pytest.mark.parametrize("rounding", DETERMINISTIC)
def test_shift_round(rounding):
    significand, shift, sign = hard_cases()
    rounder = parse_rounding(rounding)
    compared = 0
    # An odd offset turns round which neighbour is even.
    for offset in (0, 5):
        got = shift_round(
            significand,
            shift,
            rounder=rounder,
            sign=sign,
            offset=np.full(sign.shape, offset, dtype=np.uint64) if offset else None,
        )
        want = [
            abs(fraction_round((Fraction(m, 1 << s) + offset) * (-1) ** n, rounding))
            for m, s, n in zip(significand.tolist(), shift.tolist(), sign.tolist(), strict=True)
        ]
        assert got.tolist() == want
        compared += len(want)
    assert compared == 6000


class Planted(np.random.Generator):
    """Draws the words that it is given."""

    def __init__(self, words):
        super().__init__(np.random.PCG64(0))
        self.words = list(words)

    def integers(self, low, high, size, dtype):
        assert (low, high, dtype) == (0, 1 << 64, np.uint64)
        count = int(np.prod(size))
        drawn, self.words = self.words[:count], self.words[count:]
        return np.array(drawn, np.uint64).reshape(size)


def test_stochastic_goes_up_as_often_as_the_distance_says():
    significand, shift, sign = hard_cases()
    # Up are those words to which the fraction adds up to one at least: as many as its share.
    for delta in (-1, 0, 1):
        words, want = [], []
        for m, s in zip(significand.tolist(), shift.tolist(), strict=True):
            whole, part = divmod(Fraction(m, 1 << s), 1)
            if s > 62:
                part = Fraction(int(part * 2**62), 2**62)
            word = min(max((1 - part) * 2**64 + delta * 2 ** max(64 - s, 2), 0), 2**64 - 1)
            words.append(int(word))
            want.append(int(whole) + (part + Fraction(int(word), 2**64) >= 1))
        rounder = parse_rounding("stochastic", Planted(words))
        got = shift_round(significand, shift, rounder=rounder, sign=sign)
        assert got.tolist() == want
        assert rounder.random.words == []
    assert len(want) == 3000


@pytest.mark.parametrize("name", ["e4m3", "e2m1", "e3m2", "ue4m3", "e8m0", "bf16"])
def test_stochastic_as_in_gfloat_from_the_same_bits(name):
    fmt, info = formats.get(name), gfloat_info(name)
    rng = np.random.default_rng(3)
    x = np.ldexp(rng.integers(1, 1 << 20, 20_000) / 2.0**20, rng.integers(-14, 10, 20_000))
    if not info.has_subnormals:
        x = np.maximum(x, 2.0**-100)
    words = rng.integers(0, 1 << 32, x.size, dtype=np.uint64)
    # Its plain mode rounds what is cut to the drawn number's width, here none.
    for mode in (gfloat.RoundMode.Stochastic, gfloat.RoundMode.StochasticFastest):
        want = gfloat.round_ndarray(
            info, x, mode, sat=True, srbits=words.astype(np.int64), srnumbits=32
        )
        planted = Planted((words << np.uint64(32)).tolist())
        got = fmt.quantize(x, rounding="stochastic", seed=planted)
        assert got.tolist() == want.tolist()
    nearest = fmt.quantize(x)
    assert np.count_nonzero(got != nearest) > 1000


@pytest.mark.parametrize("name", ["e4m3", "e5m2_nosub", "ue5m3", "e4m3_fnuz", "int8", "fp32"])
def test_same_seed_same_codes_in_whatever_pieces(name):
    fmt = formats.get(name)
    x = np.random.default_rng(4).standard_normal((37, 3001)) * 9
    whole = fmt.encode(x, "stochastic", seed=11)
    assert np.array_equal(fmt.encode(x, "stochastic", seed=11), whole)
    assert not np.array_equal(fmt.encode(x, "stochastic", seed=12), whole)
    drawn = np.random.default_rng(11)
    pieces = [fmt.encode(rows, "stochastic", seed=drawn) for rows in np.array_split(x, 5)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    np.testing.assert_array_equal(
        fmt.quantize(np.asfortranarray(x), rounding="stochastic", seed=11), fmt.decode(whole)
    )


@pytest.mark.parametrize("name", ["e4m3", "e2m1", "e3m2_nosub", "ue4m3"])
def test_stochastic_is_unbiased(name):
    fmt = formats.get(name)
    n = 200_000
    values = fmt.decode(np.arange(8))
    for low, high in itertools.pairwise(values):
        for share in (0.1, 0.5, 0.9):
            x = low + share * (high - low)
            got = fmt.quantize(np.full(n, x), rounding="stochastic", seed=5)
            assert set(np.unique(got)) == {low, high}
            up = np.count_nonzero(got == high) / n
            # Five standard deviations.
            assert abs(up - share) < 5 * np.sqrt(share * (1 - share) / n)


def test_stochastic_below_the_least_value_without_subnormals():
    # Code 1 is worth 1.25 * 2**-3: the probability of it is not a number of finitely many bits.
    fmt = formats.get("e3m2_nosub")
    least = Fraction(fmt.min_normal)
    x = np.ldexp(np.random.default_rng(6).random(2000), -3)
    x[::3] = np.ldexp(x[::3], -20)
    for delta in (-8, 8):
        words = [int((1 - Fraction(v) / least) * 2**64) + delta for v in x.tolist()]
        got = fmt.encode(x, "stochastic", seed=Planted([min(w, 2**64 - 1) for w in words]))
        assert got.tolist() == [int(delta > 0)] * x.size


@pytest.mark.parametrize("seed", [None, -1, 1.5, True, "7"])
def test_stochastic_needs_a_seed(seed):
    with pytest.raises(HwdseError, match="needs a seed, an integer of 0 or more, not"):
        formats.get("e4m3").encode([1.0], "stochastic", seed=seed)
