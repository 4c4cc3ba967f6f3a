"""L-Mul against a formula in real numbers, and against a published table of its errors."""

import functools
import math
from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.pe import parse

from . import oracles

# Mean, mean absolute and largest absolute relative error over all pairs of m-bit mantissas, columns
# "bit_level" of a table derived from arXiv 2410.00907 (Addition is All You Need).
PUBLISHED_ERROR = {
    1: (0.375000, 0.375000, 0.500000),
    2: (0.146736, 0.146736, 0.250000),
    3: (0.049299, 0.052412, 0.125000),
    4: (0.048728, 0.051408, 0.125000),
    5: (0.004127, 0.026659, 0.072884),
    6: (0.004093, 0.026574, 0.072884),
    7: (0.004085, 0.026555, 0.072884),
    8: (0.004082, 0.026550, 0.072884),
    9: (0.004082, 0.026548, 0.072884),
    10: (0.004082, 0.026548, 0.072884),
}


def term_values(unit, w, a):
    """Values of finite terms."""
    terms = unit.terms_of({"w": w, "a": a})
    value = np.ldexp(terms.significand.astype(float), terms.shift + unit.term_shape.lsb_exponent)
    return np.where(terms.sign, -value, value)


@pytest.mark.parametrize("m", PUBLISHED_ERROR)
def test_published_errors_over_all_mantissas(m):
    name = f"e5m{m}" if m != 2 else "e4m2"
    unit = parse(f"lmul:w={name},a={name}")
    fmt = unit.w
    codes = (fmt.bias << m) + np.arange(1 << m)
    assert fmt.decode(codes).tolist() == [1 + i / 2**m for i in range(1 << m)]
    w, a = (grid.ravel() for grid in np.meshgrid(codes, codes))
    exact = fmt.decode(w) * fmt.decode(a)
    error = term_values(unit, w, a) / exact - 1
    assert error.size == 4**m
    got = (error.mean(), np.abs(error).mean(), np.abs(error).max())
    assert np.allclose(got, PUBLISHED_ERROR[m], rtol=0, atol=6e-7)


def offset_of(m):
    return Fraction(1, 2 ** (m if m <= 3 else 3 if m == 4 else 4))


@functools.cache
def formula(x, y, m):
    """L-Mul of two positive numbers by its real-valued description with the mantissa's carry."""
    ex, ey = (math.frexp(float(v))[1] - 1 for v in (x, y))
    fraction = x / Fraction(2) ** ex - 1 + y / Fraction(2) ** ey - 1 + offset_of(m)
    whole, rest = divmod(fraction, 1)
    return (1 + rest) * Fraction(2) ** (ex + ey + whole)


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e3m2", "e2m3", "e2m1", "e3m4", "e2m5"])
def test_every_pair(name):
    """All codes: the formula, zeros and subnormals as zeros, NaN and infinities by their rules."""
    unit = parse(f"lmul:w={name},a={name}")
    fmt = unit.w
    m = fmt.mantissa_bits
    numbers = [
        oracles.number(name, code)
        if name in oracles.DTYPES
        else oracles.number_of(float(fmt.decode(code)))
        for code in range(1 << fmt.bits)
    ]
    index = np.arange(1 << (2 * fmt.bits))
    w, a = index >> fmt.bits, index & ((1 << fmt.bits) - 1)
    terms = unit.terms_of({"w": w, "a": a})
    values = term_values(unit, w, a)
    seen = {"nan": 0, "infinite": 0, "zero": 0, "number": 0}
    for n, (x, y) in enumerate(zip(w.tolist(), a.tolist(), strict=True)):
        x, y = numbers[x], numbers[y]
        small = [v.finite and abs(v.value) < fmt.min_normal for v in (x, y)]
        infinite = [v.value in (oracles.POSITIVE, oracles.NEGATIVE) for v in (x, y)]
        if oracles.NAN in (x.value, y.value) or (any(small) and any(infinite)):
            kind = "nan"
        elif any(infinite):
            kind = "infinite"
        else:
            kind = "zero" if any(small) else "number"
        seen[kind] += 1
        assert bool(terms.nan[n]) is (kind == "nan")
        assert bool(terms.infinite[n]) is (kind == "infinite")
        if kind != "nan":
            assert bool(terms.sign[n]) is (x.negative != y.negative)
        if kind == "zero":
            assert values[n] == 0
        if kind == "number":
            assert Fraction(abs(values[n])) == formula(abs(x.value), abs(y.value), m)
            assert int(terms.significand[n]) << int(terms.shift[n]) <= unit.term_shape.max_units
    assert sum(seen.values()) == 4**fmt.bits
    assert (seen["nan"] > 0) is (fmt.nan_code is not None)
    assert (seen["infinite"] > 0) is fmt.infinities
    assert min(seen["zero"], seen["number"]) > 0


@pytest.mark.parametrize("name", ["fp16", "bf16", "fp32"])
def test_wide_formats_sampled(name):
    unit = parse(f"lmul:w={name},a={name}")
    fmt = formats.get(name)
    rng = np.random.default_rng(3)
    w, a = rng.integers(0, 1 << fmt.bits, size=(2, 20_000))
    terms, compared = unit.terms_of({"w": w, "a": a}), 0
    for n, (x, y) in enumerate(zip(w.tolist(), a.tolist(), strict=True)):
        x, y = oracles.number(name, x), oracles.number(name, y)
        if x.finite and y.finite and min(abs(x.value), abs(y.value)) >= fmt.min_normal:
            exponent = int(terms.shift[n]) + unit.term_shape.lsb_exponent
            got = int(terms.significand[n]) * Fraction(2) ** exponent
            assert got == formula(abs(x.value), abs(y.value), fmt.mantissa_bits)
            compared += 1
    assert compared > 15_000


def test_the_exact_accumulator_holds_the_largest_products():
    unit = parse("lmul:w=e4m3,a=e4m3,acc=exact,terms=7")
    top = np.full(7, unit.w.max_code)
    term = formula(Fraction(448), Fraction(448), 3)
    lsb = Fraction(2) ** unit.accumulator.lsb_exponent
    assert unit.reference(top, top)[-1] * lsb == 7 * term
    assert unit.reference(top, top | 0x80)[-1] * lsb == -7 * term
