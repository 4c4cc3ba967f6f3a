"""Shift and add: its digits against a count of bits, and its sums against fractions."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.digits import booth_rows, digit_count, digits

from . import oracles
from .refusals import refusal

POT = [f"pot{n}" for n in range(2, 9)]
APOT = [f"apot{n}" for n in range(3, 8)]
KHOT = ["khot4_1", "khot4_2", "khot8_1", "khot8_2", "khot8_3", "khot8_4", "khot12_3", "khot16_2"]
OTHERS = ["ternary", "binary", "flint4", "int2", "int3", "uint2", "e2m1", "e2m3", "e3m2", "e3m0"]
FORMATS = POT + APOT + KHOT + OTHERS


def values(name):
    """By code, the value as a fraction."""
    fmt = formats.scalar(name)
    codes = fmt.codes()
    return dict(zip(codes.tolist(), map(Fraction, fmt.decode(codes).tolist()), strict=True))


@pytest.mark.parametrize("name", FORMATS)
def test_digits_add_up_to_every_value(name):
    fmt = formats.scalar(name)
    found = digits(fmt)
    most = 0
    for code, value in values(name).items():
        powers = [digit.of_code[code] for digit in found.terms if code in digit.of_code]
        magnitude = sum(Fraction(2) ** (fmt.lsb_exponent + p) for p in powers)
        assert (-magnitude if code in found.negative else magnitude) == value
        assert len(set(powers)) == len(powers)
        most = max(most, len(powers))
        if found.ranked:
            assert powers == sorted(powers, reverse=True)
    assert len(found.terms) == most == digit_count(fmt) <= booth_rows(fmt)
    for digit in found.terms:
        used = set(digit.of_code.values())
        assert used <= set(digit.positions)
        assert digit.least == min(digit.positions)
        assert digit.least + digit.reach == max(digit.positions)
        assert all((p - digit.least) % digit.step == 0 for p in used)


def test_terms_of_apot_are_those_of_its_construction():
    """arXiv 1909.13144: with two magnitude fields of two bits, terms take turns at the powers."""
    found = digits(formats.scalar("apot5"))
    assert not found.ranked
    assert sorted(digit.positions for digit in found.terms) == [(0, 2, 4), (1, 3, 5)]
    assert [digit.step for digit in found.terms] == [2, 2]


def test_khot_terms_are_ranked():
    """Any K bits may be set, so no power belongs to one term."""
    found = digits(formats.scalar("khot8_2"))
    assert found.ranked
    assert [digit.positions for digit in found.terms] == [tuple(range(7)), tuple(range(6))]
    assert digits(formats.scalar("khot8_1")).ranked is False


@pytest.mark.parametrize(
    ("name", "terms", "rows"),
    [("int8", 7, 4), ("uint8", 8, 5), ("int4", 3, 2), ("khot8_4", 4, 4), ("pot4", 1, 4)],
)
def test_rows_of_a_multiplier(name, terms, rows):
    fmt = formats.scalar(name)
    assert (digit_count(fmt), booth_rows(fmt)) == (terms, rows)


SUMS = [
    "shift:w=pot4,a=int8",
    "shift:w=khot8_2,a=int8",
    "shift:w=khot16_3,a=int16,acc=exact",
    "shift:w=apot4,a=uint8,lanes=5",
    "shift:w=pot5,a=ternary,lanes=2",
    "shift:w=e2m1,a=fixed8_4,acc=exact,terms=900",
    "shift:w=int3,a=bipolar4,lanes=3",
    "shift:w=pot8,a=int8,acc=exact",
    "shift:w=pot6,a=uint4,acc=exact,terms=40",
    "shift:w=pot4,a=e2m1,acc=exact",
    "shift:w=e3m0,a=nf4,acc=exact",
]


def drawn(fmt, shape, rng):
    """Any codes of numbers, both ends of the range often."""
    codes = fmt.codes().astype(np.int64)
    codes = codes[np.isfinite(fmt.decode(codes))]
    order = codes[np.argsort(fmt.decode(codes))]
    ends = rng.choice(order[[0, -1]], size=shape)
    return np.where(rng.random(shape) < 0.3, ends, rng.choice(codes, size=shape))


@pytest.mark.parametrize("spec", SUMS)
def test_sums_are_those_of_fractions(spec):
    unit = parse(spec)
    rng = np.random.default_rng(8)
    shape = (40, 6) + ((unit.lanes,) if unit.lanes > 1 else ())
    w, a = drawn(unit.w, shape, rng), drawn(unit.a, shape, rng)
    clear = rng.random(40) < 0.1
    clear[0] = True
    got = unit.reference(w, a, clear)
    scale = Fraction(2) ** unit.accumulator.lsb_exponent
    w_values, a_values = values(unit.w.name), values(unit.a.name)
    compared = 0
    for column in range(6):
        total = Fraction(0)
        for step in range(40):
            total = Fraction(0) if clear[step] else total
            pairs = zip(
                np.atleast_1d(w[step, column]).tolist(),
                np.atleast_1d(a[step, column]).tolist(),
                strict=True,
            )
            total += sum(w_values[x] * a_values[y] for x, y in pairs)
            assert int(got[step, column]) * scale == total
            compared += 1
    assert compared == 240


@pytest.mark.parametrize(("name", "acc"), [("e4m3", "fp32"), ("e5m2", "fp16"), ("e2m1", "bf16")])
def test_every_float_product_is_rounded_once(name, acc):
    """All pairs from zero: NaN, infinities and signed zeros included."""
    unit = parse(f"shift:w=pot4,a={name},acc={acc}")
    powers = values("pot4")
    codes = np.arange(1 << unit.a.bits)
    compared = 0
    for w, power in powers.items():
        got = unit.reference(np.full((1, codes.size), w), codes[None])[0].tolist()
        x = oracles.Number(power, bool(power < 0))
        for a in codes.tolist():
            product = oracles.times(x, oracles.number(name, a))
            assert got[a] == oracles.fraction_step(acc, 0, product)
            compared += 1
    assert compared == 15 << unit.a.bits


ERRORS = {
    "shift:w=int8,a=int8": (
        "values of int8 are sums of up to 7 powers of two, more than the 4 rows that a multiplier "
        "has for their range (nearest that works: mac:w=int8,a=int8)"
    ),
    "shift:w=int4,a=int8,lanes=8": "(nearest that works: dot:w=int4,a=int8,lanes=8)",
    "shift:w=khot8_5,a=int8": "(nearest that works: mac:w=khot8_5,a=int8)",
    "shift:w=nf4,a=int8": "sums of up to 17 powers of two",
    "shift:w=e4m3,a=int8": "all numbers, and e4m3 has NaN (nearest that works: mac:w=e4m3",
    "shift:w=fp16,a=fp16,lanes=4": "fp16 has inf and NaN (nearest that works: dot:w=fp16",
    "shift:w=khot8_2,a=e4m3": (
        "activations of e4m3 are floats, so a weight must be one power of two, as pot4 is, and "
        "those of khot8_2 are sums of up to 2 (nearest that works: mac:w=khot8_2,a=e4m3)"
    ),
    "shift:w=pot4,a=e4m3,lanes=2": "one product a cycle (nearest that works: shift:w=pot4,a=e4m3)",
    "shift:w=pot6,a=int8,lanes=2": "values of pot6 reach beyond 16 bits, of which there can be one",
    "shift:w=pot4,a=int8,lanes=0": "lanes=0 must be an integer from 1 to 256",
    "shift:w=pot4,a=int8,lanes=257": "lanes=257 must be an integer from 1 to 256",
    "shift:w=pot4,a=int8,lanes=4,acc=exact,terms=3": "give at least terms=4",
    "shift:w=pot4,a=int8,acc=fp32": "acc=fp32 is not supported here; known: exact, int32",
    "shift:w=pot4,a=int8,mul=booth": "mul=booth is not supported here",
    "shift:w=pot4,a=e4m3,fused=yes": "fused=yes is not supported here",
    "shift:w=pot5,a=int16,lanes=256": "more than acc=int32 holds; use acc=exact",
    "shift:w=mxfp4,a=int8": "which shift has no ports for (nearest that works: dot:w=mxfp4",
    "shift:a=int8": "key 'w' is missing",
}


@pytest.mark.parametrize("spec", ERRORS)
def test_errors_are_one_line_that_names_the_mend(spec):
    assert ERRORS[spec] in refusal(spec)


def test_canonical_forms():
    assert parse("shift:a=int8,w=pot4").canonical == "shift:w=pot4,a=int8,acc=int32,pipeline=0"
    many = parse("shift:w=khot8_2,a=int8,lanes=4,fused=yes,pipeline=1")
    assert many.canonical == (
        "shift:w=khot8_2,a=int8,lanes=4,acc=int32,pipeline=1,tree=dadda,fused=yes"
    )
    assert parse(many.canonical) == many
    assert many.macs_per_cycle == 4
