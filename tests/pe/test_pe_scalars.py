"""Products of any two scalar formats, against fractions of what their codes decode to."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import IntegerFormat, Minifloat, NanPolicy, scalars
from hwdse.formats.codebook import Codebook
from hwdse.pe import parse
from hwdse.pe.product import is_fixed_point, operand, operand_shape, product, product_shape
from hwdse.pe.unit import exact_width

from . import oracles

# Beyond those that are listed: the widest of each family, and the extremes of their parameters.
MORE = ("int1", "fixed4_9", "posit8", "pot8", "apot7", "khot16_1", "bipolar8", "nupes8_10")
NAMES = tuple(dict.fromkeys((*scalars.names(), *MORE)))
PARTNERS = ("int8", "e5m2", "nf4", "e8m0")


def some_codes(fmt):
    """At most 40 valid codes: all, or the ends and random ones; specials among them."""
    rng = np.random.default_rng(1)
    every = fmt.codes() if fmt.bits <= 16 else rng.integers(0, 1 << 32, 999)
    if every.size <= 32:
        return every.astype(np.int64)
    ends = [fmt.encode([fmt.min, fmt.max])]
    if "inf" in fmt.specials:
        ends.append(fmt.encode([np.inf, -np.inf], overflow="nonfinite"))
    special = every[~np.isfinite(fmt.decode(every))][:4]
    chosen = rng.choice(every, 30, replace=False)
    return np.unique(np.concatenate([*ends, special, chosen]).astype(np.int64))


def grid(w, a):
    return (codes.ravel() for codes in np.meshgrid(some_codes(w), some_codes(a)))


def number(fmt, code):
    return oracles.number_of(float(fmt.decode(np.int64(code))))


def term_number(term, shape, index):
    """What a term says, as the oracles say it."""
    negative = bool(term.sign[index])
    if term.nan[index]:
        assert not term.infinite[index]
        return oracles.Number(oracles.NAN, False)
    if term.infinite[index]:
        return oracles.Number(oracles.NEGATIVE if negative else oracles.POSITIVE, negative)
    significand, shift = int(term.significand[index]), int(term.shift[index])
    assert 0 <= significand < 1 << shape.significand_bits
    assert 0 <= shift <= shape.max_shift
    assert significand << shift <= shape.max_units
    value = significand * Fraction(2) ** (shape.lsb_exponent + shift)
    return oracles.Number(-value if negative else value, negative)


@pytest.mark.parametrize("name", NAMES)
def test_operands_are_the_values_of_their_codes(name):
    fmt = formats.scalar(name)
    codes, shape = some_codes(fmt), operand_shape(fmt)
    term = operand(fmt, codes)
    for index, code in enumerate(codes.tolist()):
        assert term_number(term, shape, index) == number(fmt, code)
    assert codes.size == fmt.codes().size if fmt.bits <= 4 else codes.size > 25
    finite = ~(term.nan | term.infinite)
    units = [int(s) << int(n) for s, n in zip(term.significand, term.shift, strict=True)]
    assert max(u for u, ok in zip(units, finite, strict=True) if ok) == shape.max_units
    assert (shape.nan, shape.infinite) == (bool(term.nan.any()), bool(term.infinite.any()))


@pytest.mark.parametrize("partner", PARTNERS)
@pytest.mark.parametrize("name", NAMES)
def test_products_are_those_of_the_values(name, partner):
    w, a = formats.scalar(name), formats.scalar(partner)
    w_codes, a_codes = grid(w, a)
    shape, term = product_shape(w, a), product(w, a, w_codes, a_codes)
    left = {c: number(w, c) for c in np.unique(w_codes).tolist()}
    right = {c: number(a, c) for c in np.unique(a_codes).tolist()}
    compared, largest = 0, 0
    for index, (x, y) in enumerate(zip(w_codes.tolist(), a_codes.tolist(), strict=True)):
        got, want = term_number(term, shape, index), oracles.times(left[x], right[y])
        assert got == want
        if want.finite:
            largest = max(largest, abs(want.value))
        compared += 1
    assert compared == len(left) * len(right)
    # The bound is reached: no bit of an accumulator is there in vain.
    assert largest == shape.max_units * Fraction(2) ** shape.lsb_exponent
    assert shape.special is bool(w.specials or a.specials)


@pytest.mark.parametrize("name", NAMES)
def test_the_default_accumulator_takes_every_pair(name):
    """Of the format with itself, with an integer and with a minifloat; sums are exact."""
    for partner in (name, "int8", "e4m3"):
        default = parse(f"mac:w={name},a={partner}" + (",acc=exact" if "16" in name else ""))
        fixed = is_fixed_point(default.w) and is_fixed_point(default.a)
        assert default.common.acc in ({"int32", "exact"} if fixed else {"fp32", "exact"})
        unit = parse(f"mac:w={name},a={partner},acc=exact,terms=9")
        rng = np.random.default_rng(3)
        w = rng.choice(some_codes(unit.w), size=(9, 5))
        a = rng.choice(some_codes(unit.a), size=(9, 5))
        got = unit.reference(w, a)
        values_w, values_a = unit.w.decode(w), unit.a.decode(a)
        for lane in range(5):
            total = Fraction(0)
            for step in range(9):
                x, y = values_w[step, lane], values_a[step, lane]
                if np.isfinite(x) and np.isfinite(y):
                    total += Fraction(x) * Fraction(y)
                assert int(got[step, lane]) * Fraction(2) ** unit.accumulator.lsb_exponent == total


FLOAT_SUMS = [
    ("nf4", "nf4", "fp32"),
    ("nupes8_10", "nupes8_10", "fp32"),
    ("posit8", "posit8", "fp32"),
    ("posit8", "fp16", "fp16"),
    ("e8m0", "e8m0", "bf16"),
    ("int4", "fp16", "fp32"),
    ("ternary", "e4m3_fnuz", "fp16"),
    ("fixed8_4", "ue4m3", "bf16"),
]


@pytest.mark.parametrize(("w_name", "a_name", "acc"), FLOAT_SUMS)
def test_float_sums(w_name, a_name, acc):
    unit = parse(f"mac:w={w_name},a={a_name},acc={acc}")
    rng = np.random.default_rng(4)
    w = rng.choice(unit.w.codes(), size=(12, 120))
    a = rng.choice(unit.a.codes(), size=(12, 120))
    # Half of the terms almost cancel the one before.
    w[1::2, ::2] = unit.w.encode(-unit.w.decode(w[::2, ::2]))
    a[1::2, ::2] = a[::2, ::2]
    got = unit.reference(w, a)
    compared = set()
    for lane in range(w.shape[1]):
        code = 0
        for step in range(12):
            term = oracles.times(number(unit.w, w[step, lane]), number(unit.a, a[step, lane]))
            code = oracles.fraction_step(acc, code, term)
            assert got[step, lane] == code
            compared.add(code)
    assert len(compared) > 100 or "e8m0" in w_name


def floor_format(**changes):
    """A minifloat without subnormals, of a range wider than the published formula's."""
    fields = {"exponent_bits": 3, "mantissa_bits": 2, "bias": 3, "subnormals": False}
    return Minifloat(name="x", infinities=False, nan=NanPolicy.NONE, **(fields | changes))


@pytest.mark.parametrize("terms", [1, 3, 4096, 4097, 1 << 24])
def test_exact_widths_hold_the_worst_case(terms):
    others = [formats.scalar(n) for n in NAMES] + [
        floor_format(),
        floor_format(signed=False, zero=False),
        floor_format(exponent_bits=8, bias=127),
    ]
    checked = 0
    for w in others:
        for a in others:
            units = product_shape(w, a).max_units * terms
            assert units < 1 << (exact_width(w, a, terms) - 1)
            checked += 1
    assert checked == len(others) ** 2


def test_exact_widths_are_the_least_where_none_are_published():
    ternary, int8, posit8 = (formats.scalar(n) for n in ("ternary", "int8", "posit8"))
    assert exact_width(ternary, int8, 1) == 9  # 1 * 128 and a sign
    assert exact_width(ternary, ternary, 7) == 4
    # maxpos is 2**24 and minpos 2**-24: 97 bits for their squares, and a sign.
    assert exact_width(posit8, posit8, 1) == 98


def book(name, *values):
    return Codebook(name=name, bits=(len(values) - 1).bit_length(), values=values)


@pytest.fixture
def named(monkeypatch):
    """Formats of one's own that specs can name."""
    functions = {name: getattr(formats, name) for name in ("get", "scalar")}

    def give(*fmts):
        table = {fmt.name: fmt for fmt in fmts}
        for function, right in functions.items():
            own = lambda name, right=right: table.get(name) or right(name)  # noqa: E731
            monkeypatch.setattr(formats, function, own)

    return give


def test_decimals_of_full_precision_go_with_small_operands_only(named):
    named(book("decimal", 0.0, 0.1, -0.3, 1.7))
    unit = parse("mac:w=decimal,a=int8,acc=exact")
    assert unit.term_shape.significand_bits <= 60
    assert float(unit.decode_acc(unit.reference([1], [3]))[0]) == pytest.approx(0.3)
    message = "have significands of 106 bits, and at most 60 are supported; choose"
    with pytest.raises(HwdseError, match=message):
        parse("mac:w=decimal,a=decimal")


def test_an_absurdly_wide_accumulator_is_refused(named):
    named(book("wide", 0.0, 2.0**-600, 1.0, -1.0))
    assert parse("mac:w=wide,a=int4").accumulator.name == "fp32"
    with pytest.raises(HwdseError, match="acc=exact would take 1214 bits, more than the 1024 that"):
        parse("mac:w=wide,a=wide,acc=exact,terms=4096")


def test_a_minifloat_of_one_binade_stays_a_float():
    unit = parse("mac:w=e1m3,a=e1m3")
    assert unit.term_shape.max_shift == 0
    assert unit.common.acc == "fp32"


def test_what_is_fixed_point():
    fixed = {n for n in NAMES if is_fixed_point(formats.scalar(n))}
    assert fixed >= {"int16", "uint16", "fixed8_4", "ternary", "binary", "bipolar4", "flint4"}
    assert fixed >= {"pot4", "apot4", "khot8_2", "khot16_1", "int8_sym"}
    assert not fixed & {"e2m1", "nf4", "posit8", "pot8", "e8m0", "nupes4_50", "fp32"}
    assert not is_fixed_point(IntegerFormat(name="int32", bits=32, signed=True))


@pytest.mark.parametrize(
    ("spec", "w"), [("mac:w=ternary,a=int8", 2), ("mac:w=int8_sym,a=e4m3", 128)]
)
def test_codes_without_a_value_are_refused(spec, w):
    unit = parse(spec)
    assert w not in unit.w.codes()
    with pytest.raises(HwdseError, match=rf"^{w}\b.* not a code of {unit.w.name}"):
        unit.reference([w], [0])


def test_a_dot_product_of_any_integers():
    unit = parse("dot:w=ternary,a=fixed8_4,lanes=4")
    assert unit.accumulator.lsb_exponent == -4
    rng = np.random.default_rng(6)
    w, a = rng.choice(unit.w.codes(), (3, 5, 4)), rng.choice(unit.a.codes(), (3, 5, 4))
    want = np.cumsum((unit.w.decode(w) * unit.a.decode(a)).sum(axis=-1), axis=0)
    assert (unit.decode_acc(unit.reference(w, a)) == want).all()
