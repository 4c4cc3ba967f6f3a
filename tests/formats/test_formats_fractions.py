"""Rounding against a slow definition in exact fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse import formats
from hwdse.formats import Rounding

from . import oracles
from .oracles import minifloat

FINITE_ONLY = [n for n in oracles.ALL_EXMY if n not in {"e4m3", "e5m2"}]
# Any int64, and those around powers of two and their ends.
INTEGERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.builds(
        lambda top, low, sign: max(-(2**63), min(2**63 - 1, sign * ((1 << top) + low))),
        st.integers(0, 62),
        st.integers(-3, 3),
        st.sampled_from([-1, 1]),
    ),
)


def expected(x, values, rounding):
    return [
        oracles.fraction_encode(
            Fraction(v), bool(np.signbit(v)) if isinstance(v, float) else v < 0, *x, rounding
        )
        for v in values
    ]


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(FINITE_ONLY),
    rounding=st.sampled_from(list(Rounding)),
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    where=st.lists(st.floats(0, 1), min_size=1, max_size=10),
)
def test_floats(name, rounding, values, where):
    fmt = minifloat(name)
    x = (fmt.exponent_bits, fmt.mantissa_bits)
    # Most floats are far out of range: scale some into it, and add ties with what is next to them.
    table = oracles.fraction_table(*x)
    ties = []
    for w in where:
        i = int(w * (len(table) - 2))
        tie = float((table[i] + table[i + 1]) / 2)
        assert Fraction(tie) * 2 == table[i] + table[i + 1]
        ties += [tie, -tie, float(np.nextafter(tie, np.inf)), float(np.nextafter(tie, 0))]
        ties += [w * fmt.max, w * fmt.min_normal, -w * fmt.min_normal]
    values = values + ties
    assert fmt.encode(values, rounding).tolist() == expected(x, values, rounding)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(FINITE_ONLY),
    rounding=st.sampled_from(list(Rounding)),
    values=st.lists(INTEGERS, min_size=1, max_size=20),
)
def test_integers_into_minifloats(name, rounding, values):
    fmt = minifloat(name)
    x = (fmt.exponent_bits, fmt.mantissa_bits)
    array = np.array(values, np.int64)
    assert fmt.encode(array, rounding).tolist() == expected(x, values, rounding)
    positive = [abs(v) * 2 + 1 for v in values if abs(v) < 2**63]
    array = np.array(positive, np.uint64)
    assert fmt.encode(array, rounding).tolist() == expected(x, positive, rounding)


@settings(max_examples=150, deadline=None)
@given(
    bits=st.integers(1, 16),
    signed=st.booleans(),
    rounding=st.sampled_from(list(Rounding)),
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    scaled=st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=20),
)
def test_floats_into_integers(bits, signed, rounding, values, scaled):
    fmt = formats.get(f"int{bits}" if signed else f"uint{bits}")
    ties = [v / 2 for v in scaled]
    values = values + ties + [float(np.nextafter(v, s)) for v in ties for s in (-np.inf, np.inf)]
    got = fmt.decode(fmt.encode(values, rounding))
    rounded = [oracles.fraction_round(Fraction(v), rounding) for v in values]
    assert got.tolist() == [min(max(v, fmt.min), fmt.max) for v in rounded]


@settings(max_examples=150, deadline=None)
@given(bits=st.integers(1, 16), values=st.lists(INTEGERS, min_size=1, max_size=20))
def test_integers_into_integers(bits, values):
    for fmt in (formats.get(f"int{bits}"), formats.get(f"uint{bits}")):
        got = fmt.quantize(np.array(values, np.int64))
        assert got.tolist() == [min(max(v, int(fmt.min)), int(fmt.max)) for v in values]


def test_every_tie_of_every_small_format():
    compared = 0
    for name in FINITE_ONLY:
        fmt = minifloat(name)
        if fmt.bits > 9:
            continue
        x = (fmt.exponent_bits, fmt.mantissa_bits)
        values = oracles.with_neighbours(oracles.midpoints(name))
        for rounding in Rounding:
            want = expected(x, values.tolist(), rounding)
            assert fmt.encode(values, rounding).tolist() == want
            compared += len(want)
    assert compared == 55_332
