"""Stochastic rounding: the register's period, the formats' definition, and the mean."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.converters.lfsr import TAPS, states, step

from .refusals import nearest


def times(a, b, polynomial, width):
    """Product of two polynomials over GF(2), reduced."""
    product = 0
    for bit in range(width):
        if b >> bit & 1:
            product ^= a << bit
    for bit in reversed(range(width, 2 * width)):
        if product >> bit & 1:
            product ^= polynomial << (bit - width)
    return product


def power(exponent, polynomial, width):
    found, base = 1, 2
    while exponent:
        if exponent & 1:
            found = times(found, base, polynomial, width)
        base = times(base, base, polynomial, width)
        exponent >>= 1
    return found


def prime_factors(n):
    found, p = set(), 2
    while p * p <= n:
        while n % p == 0:
            found.add(p)
            n //= p
        p += 1
    return found | ({n} if n > 1 else set())


@pytest.mark.parametrize("width", sorted(TAPS))
def test_polynomials_are_primitive(width):
    polynomial = 1 | sum(1 << tap for tap in TAPS[width])
    period = (1 << width) - 1
    assert power(period, polynomial, width) == 1
    assert all(power(period // p, polynomial, width) != 1 for p in prime_factors(period))


@pytest.mark.parametrize("width", range(3, 15))
def test_register_takes_every_state_but_zero(width):
    seen, state = set(), 1
    for _ in range((1 << width) - 1):
        seen.add(state)
        state = step(width, state)
    assert state == 1
    assert seen == set(range(1, 1 << width))


def test_states_start_at_the_seed_and_follow_the_step():
    found = states(16, 0xACE1, 1000)
    assert found[0] == 0xACE1
    assert all(step(16, a) == b for a, b in pairwise(found.tolist()))


class Given(np.random.Generator):
    """Gives what it was given, in this order, to the formats' rounding."""

    def __init__(self, words):
        super().__init__(np.random.PCG64(0))
        self.words = words

    def integers(self, low, high, size, dtype):
        count = int(np.prod(size))
        drawn, self.words = self.words[:count], self.words[count:]
        return drawn.reshape(size)


def hard_codes(source, count, seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 1 << source.bits, size=count)
    # Near 1 besides, as most codes of a wide format are far beyond a narrow one.
    exponent = rng.integers(-14, 14, size=count) + source.bias
    near = exponent << source.mantissa_bits | rng.integers(0, 1 << source.mantissa_bits, size=count)
    near |= rng.integers(0, 2, size=count) << (source.bits - 1)
    round_ones = near >> (source.mantissa_bits - 2) << (source.mantissa_bits - 2)
    lowest = rng.integers(0, 16, size=count) | rng.integers(0, 2, size=count) << (source.bits - 1)
    return np.concatenate([codes, near, round_ones, lowest])


CASES = [
    ("fp32", "e4m3", 24),
    ("fp32", "e4m3_fnuz", 32),
    ("fp32", "e5m2", 9),
    ("fp32", "bf16", 16),
    ("fp32", "fp16", 32),
    ("fp32", "e2m1", 24),
    ("fp32", "int8", 24),
    ("fp32", "fixed8_4", 12),
    ("fp32", "int16", 32),
    ("bf16", "e2m3", 5),
    ("bf16", "int4_sym", 3),
    ("fp16", "e4m3", 20),
]


@pytest.mark.parametrize(("source_name", "target_name", "width"), CASES)
def test_is_the_rounding_of_the_formats_with_these_bits(source_name, target_name, width):
    source, target = formats.scalar(source_name), formats.scalar(target_name)
    design = parse(f"convert:op=sround,from={source_name},to={target_name},width={width},seed=5")
    codes = hard_codes(source, 20_000, 1)
    x = source.decode(codes)
    codes, x = codes[~np.isnan(x)], x[~np.isnan(x)]
    words = states(width, 5, len(x)).astype(np.uint64) << np.uint64(64 - width)
    want = target.encode(x, rounding="stochastic", seed=Given(words))
    got = design.outputs({"x": codes})["y"]
    assert (got == want).all()


@pytest.mark.parametrize(
    ("target", "code"), [("e4m3", 0x7F), ("bf16", 0x7FC0), ("e4m3_fnuz", 0x80), ("int8", 0)]
)
def test_nan_is_that_of_the_target_or_zero(target, code):
    design = parse(f"convert:op=sround,from=fp32,to={target}")
    assert design.outputs({"x": np.array([0x7FC00000])})["y"].tolist() == [code]


def test_clear_starts_the_register_again():
    design = parse("convert:op=sround,from=fp32,to=e2m1,width=8,seed=77")
    codes = np.full(100, np.float32(1.25).view(np.uint32), dtype=np.int64)
    clear = np.zeros(100, dtype=bool)
    clear[[0, 40, 41]] = True
    got = design.outputs({"x": codes}, clear)["y"]
    assert (got[:40] == got[41:81]).all()
    assert got[40] == got[41]
    assert len(set(got[:40].tolist())) == 2


@pytest.mark.parametrize("numerator", [1, 3, 8, 100, 255])
def test_mean_over_the_period_is_unbiased(numerator):
    """A fraction of 8 bits goes up in exactly its share of 2**width among 2**width - 1 states."""
    design = parse("convert:op=sround,from=fp32,to=int8,width=8,seed=1")
    x = np.float32(3 + numerator / 256)
    period = 255
    codes = np.full(period, x.view(np.uint32), dtype=np.int64)
    got = design.outputs({"x": codes})["y"]
    assert set(got.tolist()) <= {3, 4}
    assert (got == 4).sum() == numerator
    mean = Fraction(int(got.sum()), period)
    assert abs(mean - Fraction(float(x))) <= Fraction(1, period)


@pytest.mark.parametrize(
    ("spec", "reason", "instead"),
    [
        ("from=int8,to=e4m3", "is not one of", "from=fp32,to=e4m3"),
        ("from=bf16,to=fp16", "not coarser", "from=fp32,to=e4m3"),
        ("from=fp16,to=bf16", "smaller normal", "from=fp32,to=e4m3"),
        ("from=fp32,to=e4m3,width=40", "3 to 32", "from=fp32,to=e4m3,width=32"),
        ("from=fp32,to=e4m3,width=8,seed=0", "1 to 255", "from=fp32,to=e4m3,width=8,seed=1"),
        ("from=fp32,to=uint8", "negative", "from=fp32,to=e4m3"),
    ],
)
def test_refusals(spec, reason, instead):
    other, message = nearest(f"convert:op=sround,{spec}")
    assert reason in message
    assert other == f"convert:op=sround,{instead}"


@pytest.mark.parametrize(("source", "target"), [("fp32", "e4m3"), ("fp32", "int8")])
def test_checks_see_numbers_that_a_state_just_rounds_up(source, target):
    """One less in the register makes another number of them, which random ones hardly show."""
    spec = f"convert:op=sround,from={source},to={target},width=16,seed="
    design, less = parse(spec + "40000"), parse(spec + "39999")
    rng = np.random.default_rng(4)
    drawn = {"x": rng.integers(0, 1 << design.source.bits, size=(1, 4000))}
    codes = design.focused(drawn, rng)
    assert codes["x"].min() >= 0
    assert codes["x"].max() < 1 << design.source.bits
    differ = design.outputs(codes, True)["y"] != less.outputs(codes, True)["y"]
    assert differ.sum() > 10
