"""Rounding against a slow definition in exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse import formats
from hwdse.formats import Minifloat, NanPolicy

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


def expected(table, values, rounding):
    return [
        oracles.fraction_encode(
            Fraction(v), bool(np.signbit(v)) if isinstance(v, float) else v < 0, table, rounding
        )
        for v in values
    ]


def around(fmt, table, where):
    """Ties and what is next to them, and numbers in range, by fractions of the table."""
    values = []
    for w in where:
        i = int(w * (len(table) - 2))
        tie = float((table[i] + table[i + 1]) / 2)
        assert Fraction(tie) * 2 == table[i] + table[i + 1]
        values += [tie, -tie, float(np.nextafter(tie, np.inf)), float(np.nextafter(tie, 0))]
        values += [w * fmt.max, w * fmt.min_normal, -w * fmt.min_normal]
    return values


@settings(max_examples=80, deadline=None)
@given(
    name=st.sampled_from(FINITE_ONLY),
    rounding=st.sampled_from(oracles.DETERMINISTIC),
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    where=st.lists(st.floats(0, 1), min_size=1, max_size=10),
)
def test_floats(name, rounding, values, where):
    fmt = minifloat(name)
    table = oracles.fraction_table(fmt.exponent_bits, fmt.mantissa_bits)
    # Most floats are far out of range: scale some into it, and add ties.
    values = values + around(fmt, table, where)
    assert fmt.encode(values, rounding).tolist() == expected(table, values, rounding)


@settings(max_examples=100, deadline=None)
@given(
    fields=st.sampled_from([(1, 2), (2, 1), (2, 3), (3, 2), (4, 3), (5, 2), (3, 5), (9, 1)]),
    bias=st.integers(-20, 500),
    rounding=st.sampled_from(oracles.DETERMINISTIC),
    subnormals=st.booleans(),
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    where=st.lists(st.floats(0, 1), min_size=1, max_size=10),
)
def test_any_bias_with_and_without_subnormals(fields, bias, rounding, subnormals, values, where):
    x, y = fields
    fmt = Minifloat(
        name="any",
        exponent_bits=x,
        mantissa_bits=y,
        bias=bias,
        infinities=False,
        nan=NanPolicy.NONE,
        subnormals=subnormals,
    )
    table = oracles.fraction_table(x, y, bias, subnormals)
    values = values + around(fmt, table, [0.0, *where])
    # Down to far below the least value.
    values += [math.ldexp(w, -k) * fmt.min_normal for w in where for k in (0, 1, 9, 10, 11, 60, 70)]
    assert fmt.encode(values, rounding).tolist() == expected(table, values, rounding)


@pytest.mark.parametrize("rounding", oracles.DETERMINISTIC)
def test_every_tie_without_subnormals(rounding):
    compared = 0
    for name in ("e1m2_nosub", "e2m1_nosub", "e3m2_nosub", "e4m3_fin_nosub", "e3m4_b9_nosub"):
        fmt = minifloat(name)
        table = oracles.fraction_table(fmt.exponent_bits, fmt.mantissa_bits, fmt.bias, False)
        assert fmt.decode(fmt.codes()[: len(table)]).tolist() == [float(v) for v in table]
        values = oracles.with_neighbours(
            np.concatenate([oracles.midpoints(name), oracles.positive_values(name)])
        )
        assert fmt.encode(values, rounding).tolist() == expected(table, values.tolist(), rounding)
        compared += values.size
    assert compared == 3_648


@settings(max_examples=80, deadline=None)
@given(
    name=st.sampled_from(FINITE_ONLY),
    rounding=st.sampled_from(oracles.DETERMINISTIC),
    values=st.lists(INTEGERS, min_size=1, max_size=20),
)
def test_integers_into_minifloats(name, rounding, values):
    fmt = minifloat(name)
    table = oracles.fraction_table(fmt.exponent_bits, fmt.mantissa_bits)
    array = np.array(values, np.int64)
    assert fmt.encode(array, rounding).tolist() == expected(table, values, rounding)
    positive = [abs(v) * 2 + 1 for v in values if abs(v) < 2**63]
    array = np.array(positive, np.uint64)
    assert fmt.encode(array, rounding).tolist() == expected(table, positive, rounding)


@settings(max_examples=80, deadline=None)
@given(
    bits=st.integers(1, 16),
    signed=st.booleans(),
    rounding=st.sampled_from(oracles.DETERMINISTIC),
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


@settings(max_examples=80, deadline=None)
@given(bits=st.integers(1, 16), values=st.lists(INTEGERS, min_size=1, max_size=20))
def test_integers_into_integers(bits, values):
    for fmt in (formats.get(f"int{bits}"), formats.get(f"uint{bits}")):
        got = fmt.quantize(np.array(values, np.int64))
        assert got.tolist() == [min(max(v, int(fmt.min)), int(fmt.max)) for v in values]


def test_every_tie_of_every_small_format():
    compared = 0
    for name in FINITE_ONLY:
        fmt = minifloat(name)
        if fmt.bits > 8:
            continue
        table = oracles.fraction_table(fmt.exponent_bits, fmt.mantissa_bits)
        values = oracles.with_neighbours(oracles.midpoints(name))
        for rounding in oracles.DETERMINISTIC:
            want = expected(table, values.tolist(), rounding)
            assert fmt.encode(values, rounding).tolist() == want
            compared += len(want)
    assert compared == 46_152
