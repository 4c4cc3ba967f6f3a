"""Exact accumulators: sums against fractions, published widths, and room for the worst case."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.unit import exact_width

from . import oracles

STEPS, SUMS = 40, 60
PAIRS = [(name, name) for name in ("e4m3", "e5m2", "e3m2", "e2m3", "e2m1", "fp16", "bf16")]
PAIRS += [("e4m3", "e5m2"), ("bf16", "e2m1"), ("fp32", "fp32")]


def special_bits(products):
    """Bit 0: a +infinity was added; bit 1: a -infinity; both: NaN."""
    bits = 0
    for product in products:
        bits |= {oracles.POSITIVE: 1, oracles.NEGATIVE: 2, oracles.NAN: 3}.get(product.value, 0)
    return bits


@pytest.mark.parametrize(("w_name", "a_name"), PAIRS)
@pytest.mark.parametrize("often_special", [False, True])
def test_exact_sums(w_name, a_name, often_special):
    unit = parse(f"mac:w={w_name},a={a_name},acc=exact,terms={STEPS}")
    rng = np.random.default_rng(21)
    w = rng.integers(0, 1 << unit.w.bits, size=(STEPS, SUMS))
    a = rng.integers(0, 1 << unit.a.bits, size=(STEPS, SUMS))
    if often_special and unit.w.nan_code is not None:
        where = rng.random(w.shape) < 0.1
        choices = [unit.w.nan_code, unit.w.infinity_code or 0, 0]
        sign = rng.integers(0, 2, size=w.shape) << (unit.w.bits - 1)
        w = np.where(where, rng.choice(choices, size=w.shape) | sign, w)
    clear = rng.random(STEPS) < 0.15
    got = unit.outputs({"w": w, "a": a}, clear)
    assert ("acc_special" in got) is (not {w_name, a_name} <= {"e3m2", "e2m3", "e2m1"})
    unit_value = Fraction(2) ** unit.accumulator.lsb_exponent
    compared, seen = 0, set()
    for lane in range(SUMS):
        products, total = [], Fraction(0)
        for step in range(STEPS):
            if clear[step]:
                products, total = [], Fraction(0)
            product = oracles.times(
                oracles.number(w_name, int(w[step, lane])),
                oracles.number(a_name, int(a[step, lane])),
            )
            products.append(product)
            total += product.value if product.finite else 0
            assert int(got["acc"][step, lane]) * unit_value == total
            if "acc_special" in got:
                assert got["acc_special"][step, lane] == special_bits(products)
                seen.add(special_bits(products))
            compared += 1
    assert compared == STEPS * SUMS
    if often_special and "acc_special" in got:
        assert seen >= ({0, 1, 2, 3} if unit.term_shape.infinite else {0, 3})


# arXiv 2311.12359 (Shedding the Bits), n = 4608: the largest dot product of ResNet18.
PUBLISHED_BITS = {"e2m3": 26, "e3m2": 32, "e3m3": 34}


@pytest.mark.parametrize("name", PUBLISHED_BITS)
def test_published_widths(name):
    fmt = formats.get(name)
    assert exact_width(fmt, fmt, 4608) == PUBLISHED_BITS[name]
    assert parse(f"mac:w={name},a={name},acc=exact").accumulator.width == PUBLISHED_BITS[name]


INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (1, 2, 3, 4, 5, 8, 16)]
MINIFLOATS = [f"e{x}m{y}" for x in range(1, 6) for y in range(5)] + ["fp16", "bf16"]


def extreme_product(unit, largest):
    """The largest or the least finite product of two codes, and codes that make it."""
    ends = []
    for fmt in (unit.w, unit.a):
        codes = fmt.codes() if fmt.bits <= 8 else fmt.encode([fmt.min, fmt.max, 0.0])
        values = fmt.decode(codes)
        pairs = [(v, int(c)) for v, c in zip(values, codes, strict=True) if np.isfinite(v)]
        ends.append([min(pairs), max(pairs)])
    found = []
    for (x, code_x), (y, code_y) in itertools.product(*ends):
        found.append((Fraction(x) * Fraction(y), code_x, code_y))
    return max(found) if largest else min(found)


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("names", [INTEGERS, MINIFLOATS])
def test_the_worst_case_fits(names, largest):
    checked = 0
    for w, a in itertools.product(names, repeat=2):
        product, code_w, code_a = extreme_product(parse(f"mac:w={w},a={a},acc=exact"), largest)
        for terms in (1, 2, 3, 4, 5, 7, 8, 9, 1000, 4096, 4097, 1 << 24):
            unit = parse(f"mac:w={w},a={a},acc=exact,terms={terms}")
            units = product / Fraction(2) ** unit.accumulator.lsb_exponent
            assert units.denominator == 1
            total = units.numerator * terms
            half = 1 << (unit.accumulator.width - 1)
            assert -half <= total < half, unit.canonical
            if terms <= 9:
                w_codes, a_codes = np.full(terms, code_w), np.full(terms, code_a)
                assert int(unit.reference(w_codes, a_codes)[-1]) == total, unit.canonical
            checked += 1
    assert checked == 12 * len(names) ** 2


@pytest.mark.parametrize("lanes", [2, 3, 16, 256])
@pytest.mark.parametrize(("w", "a"), [("int8", "int8"), ("uint8", "uint8"), ("int4", "uint16")])
def test_the_worst_case_of_a_dot_product_fits(w, a, lanes):
    terms = 4 * lanes
    unit = parse(f"dot:w={w},a={a},lanes={lanes},acc=exact,terms={terms}")
    for largest in (True, False):
        product, code_w, code_a = extreme_product(unit, largest)
        w_codes = np.full((4, lanes), code_w)
        assert int(unit.reference(w_codes, np.full((4, lanes), code_a))[-1]) == product * terms
