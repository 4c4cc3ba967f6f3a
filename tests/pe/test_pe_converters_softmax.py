"""Softmax in two passes: the exponential's bound, the pair, and the softmax that comes out."""

import math
from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.converters.pair_exp import ERROR_BOUND, exponent_range, pair_exp, table

from .refusals import nearest


def test_table_is_rounded_powers_of_two():
    for index, word in enumerate(table()):
        # (word - 1/2)**32 <= 2**(15 * 32 + index) <= (word + 1/2)**32, in integers.
        power = 1 << (15 * 32 + index + 32)
        assert (2 * word - 1) ** 32 <= power <= (2 * word + 1) ** 32


@pytest.mark.parametrize(
    "name", ["fixed8_4", "ufixed8_8", "int4", "fixed16_8", "fixed16_12", "int12"]
)
def test_exponential_is_within_its_bound(name):
    source = formats.scalar(name)
    codes = source.codes().astype(np.int64)
    m, n = pair_exp(source, codes)
    assert m.min() >= 1 << 15
    assert m.max() < 1 << 16
    least, greatest = exponent_range(source)
    assert (n.min(), n.max()) == (least, greatest)
    # exp(x) / 2**n, so that nothing overflows: m * 2**-15 but for the error.
    exact = np.exp(source.decode(codes) - n * math.log(2))
    error = np.abs(m / 2.0**15 / exact - 1)
    assert error.max() < ERROR_BOUND
    # The bound is no wish: more than half of it is needed somewhere.
    assert error.max() > ERROR_BOUND / 4 or len(codes) < 64


def pairs(codes, name):
    m, n = pair_exp(formats.scalar(name), codes)
    return [(int(a), int(b)) for a, b in zip(m, n, strict=True)]


@pytest.mark.parametrize("guard", [0, 8, 15])
def test_sum_is_the_pairs_added_with_cuts(guard):
    """By rational numbers: each is cut at the last place of the greater, then of the sum."""
    design = parse(f"convert:op=softmax_sum,from=fixed8_4,guard={guard}")
    codes = np.random.default_rng(guard).integers(0, 256, size=400)
    got = design.outputs({"x": codes})
    point = 16 + guard
    total = exponent = None
    for index, (m, n) in enumerate(pairs(codes, "fixed8_4")):
        one = Fraction(m, 1 << 15)
        if total is None:
            total, exponent = one, n
        else:
            top = max(exponent, n)
            parts = [total * Fraction(2) ** (exponent - top), one * Fraction(2) ** (n - top)]
            total = sum(Fraction(math.floor(p * (1 << point)), 1 << point) for p in parts)
            exponent = top
            if total >= 2:
                total, exponent = total / 2, exponent + 1
                total = Fraction(math.floor(total * (1 << point)), 1 << point)
        assert 1 <= total < 2
        assert got["sum"][index] == math.floor((total - 1) * (1 << 16))
        assert got["exponent"][index] == exponent


def test_clear_starts_a_row():
    design = parse("convert:op=softmax_sum,from=fixed8_4")
    codes = np.random.default_rng(1).integers(0, 256, size=(60, 3))
    clear = np.arange(60) % 20 == 0
    got = design.outputs({"x": codes}, clear)
    for start in range(0, 60, 20):
        alone = design.outputs({"x": codes[start : start + 20]})
        for name, values in alone.items():
            assert (got[name][start : start + 20] == values).all()


def test_exponents_of_the_longest_sums_fit():
    design = parse("convert:op=softmax_sum,from=int2,guard=0")
    steps = (1 << 17) + 4000
    got = design.outputs({"x": np.ones(steps, dtype=np.int64)})
    bits = design.results[1].bits
    assert got["exponent"].max() < 1 << (bits - 1)
    # The sum has stopped: what is added is below its last place.
    assert got["exponent"][-1] == got["exponent"][-1000]
    assert got["sum"][-1] == got["sum"][-1000]


@pytest.mark.parametrize(("length", "bits"), [(1, 8), (16, 8), (1024, 16), (4096, 16)])
def test_both_passes_are_softmax(length, bits):
    """Below the exact share by less than a last place and twice the exponential's bound."""
    first = parse("convert:op=softmax_sum,from=fixed8_4")
    second = parse(f"convert:op=softmax_scale,from=fixed8_4,bits={bits}")
    codes = np.random.default_rng(length).integers(0, 256, size=(length, 4))
    pair = first.outputs({"x": codes})
    exponent = pair["exponent"][-1] & ((1 << second.operands[2].width) - 1)
    total = np.broadcast_to(pair["sum"][-1], codes.shape)
    given = {"x": codes, "sum": total, "exponent": np.broadcast_to(exponent, codes.shape)}
    y = second.outputs(given)["y"] / 2.0**bits
    e = np.exp(formats.scalar("fixed8_4").decode(codes))
    exact = e / e.sum(axis=0)
    # Of the sum: two cuts at each addition, and the cut to 16 bits.
    relative = 2 * ERROR_BOUND + length * 2.0**-22 + 2.0**-16
    assert (y <= exact * (1 + 2 * relative)).all()
    assert (y > exact * (1 - 2 * relative) - 2.0**-bits).all()


def test_share_is_the_floor_of_the_exact_quotient():
    design = parse("convert:op=softmax_scale,from=fixed8_4,bits=10")
    rng = np.random.default_rng(2)
    x, total = rng.integers(0, 256, size=2000), rng.integers(0, 1 << 16, size=2000)
    bits = design.operands[2].width
    exponent = rng.integers(-14, 14, size=2000)
    exponent[:200] = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), size=200)
    y = design.outputs({"x": x, "sum": total, "exponent": exponent & ((1 << bits) - 1)})["y"]
    for index, (m, n) in enumerate(pairs(x, "fixed8_4")):
        s = Fraction(int(total[index]) + (1 << 16), 1 << 16)
        share = Fraction(m, 1 << 15) / s * Fraction(2) ** (n - int(exponent[index]))
        assert y[index] == min(math.floor(share * 1024), 1023)


@pytest.mark.parametrize(
    ("spec", "reason", "instead"),
    [
        ("op=softmax_sum,from=fp32", "fixed-point", "op=softmax_sum,from=fixed8_4"),
        ("op=softmax_sum,from=int16", "before the point", "op=softmax_sum,from=fixed8_4"),
        ("op=softmax_scale,from=int8,cycles=20", "1 to 9", "op=softmax_scale,from=int8,cycles=9"),
    ],
)
def test_refusals(spec, reason, instead):
    other, message = nearest(f"convert:{spec}")
    assert reason in message
    assert other == f"convert:{instead}"


def test_checks_see_shares_between_nothing_and_all():
    design = parse("convert:op=softmax_scale,from=fixed8_4")
    rng = np.random.default_rng(4)
    drawn = {o.name: rng.integers(0, 1 << o.width, size=(1, 4000)) for o in design.operands}
    y = design.outputs(design.focused(drawn, rng))["y"]
    assert np.mean((y > 0) & (y < 255)) > 0.3
