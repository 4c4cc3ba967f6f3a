"""Serial units: terms against values, sums against integers and fractions, term by term."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.recoding import SCHEMES, recode, value_sets

from . import oracles
from .refusals import nearest

INTEGERS = [f"{sign}int{n}" for sign in ("", "u") for n in range(1, 9)] + ["int4_sym", "fixed8_4"]
OTHERS = ["e2m0", "e2m1", "e2m3", "e3m2", "e3m0", "pot4", "apot4", "khot8_2", "flint4", "ternary"]
OTHERS += ["binary", "bipolar3", "fp3_er", "fp3_ea", "fp4_er", "fp4_ea", "bitmod3", "bitmod4"]
CASES = [(name, scheme) for name in INTEGERS for scheme in ("bits", "booth")]
CASES += [(name, "digits") for name in (*OTHERS, "int4", "uint6")]


@pytest.mark.parametrize(("name", "scheme"), CASES)
def test_terms_add_up_to_every_value(name, scheme):
    fmt = formats.get(name)
    sets = value_sets(fmt)
    assert SCHEMES[scheme].takes(sets)
    found = recode(fmt, scheme)
    assert found.digits.shape == (found.terms, len(sets), 1 << sets[0].bits)
    magnitudes = np.abs(found.digits)
    assert ((magnitudes & (magnitudes - 1))[magnitudes > 0] == 0).all()
    unit = Fraction(2) ** found.lsb_exponent
    for index, book in enumerate(sets):
        codes = book.codes().tolist()
        for code, value in zip(codes, book.decode(book.codes()).tolist(), strict=True):
            digits = found.digits[:, index, code].tolist()
            assert sum(digits) * unit == Fraction(value)
            for digit, base in zip(digits, found.bases, strict=True):
                over = abs(digit).bit_length() - 1 - base
                assert digit == 0 or 0 <= over <= found.reach


def fewest_signed_powers(largest):
    """By magnitude, the fewest signed powers of two that it is a sum of: breadth first."""
    powers = [1 << i for i in range(largest.bit_length() + 1)]
    least = {0: 0}
    edge = [0]
    while any(m not in least for m in range(largest + 1)):
        after = []
        for value, power in itertools.product(edge, powers):
            for other in (value + power, value - power):
                if abs(other) <= 2 * largest and other not in least:
                    least[other] = least[value] + 1
                    after.append(other)
        edge = after
    return least


@pytest.mark.parametrize("name", OTHERS)
def test_values_have_as_few_terms_as_can_be(name):
    found = recode(formats.get(name), "digits")
    magnitudes = np.abs(found.values).reshape(-1).tolist()
    least = fewest_signed_powers(max(magnitudes))
    assert found.terms == max(1, *(least[m] for m in magnitudes))


@pytest.mark.parametrize(
    ("spec", "cycles"),
    [
        # Published (arXiv 2411.11745): the Booth terms of INT8 and INT6, those of FP4 and FP3.
        ("w=int8", 4),
        ("w=int6", 3),
        ("w=fp4_er", 2),
        ("w=fp4_ea", 2),
        ("w=fp3_er", 2),
        ("w=fp3_ea", 2),
        ("w=e2m1", 2),
        ("w=int5", 3),
        ("w=int4", 2),
        ("w=int2", 1),
        ("w=uint4", 3),
        ("w=int8,radix=2", 8),
        ("w=uint3,radix=2", 3),
        ("w=e2m0", 1),
        ("w=pot4", 1),
    ],
)
def test_throughput_is_lanes_over_terms(spec, cycles):
    unit = parse(f"serial:{spec},a=fp16,lanes=6")
    assert unit.initiation_interval == cycles
    assert unit.latency == cycles
    assert unit.macs_per_cycle == 6 / cycles
    assert unit.holds == (cycles == 1)
    assert parse(unit.canonical) == unit


def signed(code, bits):
    return code - (1 << bits) if code >> (bits - 1) else code


@pytest.mark.parametrize("radix", [2, 4])
@pytest.mark.parametrize(("w", "a"), [("int4", "int5"), ("uint4", "int4"), ("int5", "uint4")])
def test_products_are_those_of_integers(w, a, radix):
    """Every pair of operands, each as a sum of its own, of plain Python integers."""
    unit = parse(f"serial:w={w},a={a},lanes=1,radix={radix}")
    w_bits, a_bits = int(w[-1]), int(a[-1])
    pairs = list(itertools.product(range(1 << w_bits), range(1 << a_bits)))
    got = unit.reference([[w for w, _ in pairs]], [[a for _, a in pairs]])[0]
    for (x, y), product in zip(pairs, got.tolist(), strict=True):
        x = x if w.startswith("u") else signed(x, w_bits)
        y = y if a.startswith("u") else signed(y, a_bits)
        assert product == x * y


def test_sums_of_lanes_over_time():
    unit = parse("serial:w=int8,a=int8,lanes=5,acc=exact,terms=64")
    rng = np.random.default_rng(3)
    w, a = (rng.integers(0, 256, (9, 4, 5)) for _ in range(2))
    clear = [True, False, False, False, True, False, False, True, False]
    got = unit.reference(w, a, clear)
    total = [0] * 4
    for step in range(9):
        for column in range(4):
            dot = sum(
                signed(int(x), 8) * signed(int(y), 8)
                for x, y in zip(w[step, column], a[step, column], strict=True)
            )
            total[column] = dot + (0 if clear[step] else total[column])
            assert got[step, column] == total[column]


def leading_ones(units):
    """A magnitude as powers of two, the largest first, as a leading-one detector finds them."""
    found = []
    while units:
        found.append(1 << (units.bit_length() - 1))
        units -= found[-1]
    return found


def textbook_terms(name, code):
    """A weight's terms in the order in which they are to be added, as fractions."""
    if name.startswith("int"):
        bits = int(name[3:])

        def bit(i):
            return (signed(code, bits) >> i) & 1 if i >= 0 else 0

        return [Fraction((bit(i - 1) + bit(i) - 2 * bit(i + 1)) << i) for i in range(0, bits, 2)]
    value = Fraction(float(formats.scalar(name).decode([code])[0]))
    powers = leading_ones(int(abs(value) * 2))
    terms = [Fraction(p if value > 0 else -p, 2) for p in powers]
    return terms + [Fraction(0)] * (2 - len(terms))


@pytest.mark.parametrize("w", ["int3", "int5", "e2m1"])
def test_a_float_accumulator_rounds_each_cycle_in_the_order_of_terms(w):
    """Two elements of two lanes; fractions add, and the oracle rounds."""
    unit = parse(f"serial:w={w},a=e5m2,lanes=2,acc=fp16")
    rng = np.random.default_rng(11)
    w_codes = rng.integers(0, 1 << unit.w.bits, (2, 400, 2))
    a_codes = rng.integers(0, 256, (2, 400, 2))
    finite = np.isfinite(oracles.widened("e5m2", np.arange(256)))
    a_codes = np.where(finite[a_codes], a_codes, 1)
    got = unit.reference(w_codes, a_codes)
    rounded_on_the_way = 0
    for column in range(400):
        acc, exact = oracles.number_of(0.0), Fraction(0)
        for step in range(2):
            weights = [textbook_terms(w, int(c)) for c in w_codes[step, column]]
            values = [oracles.number("e5m2", int(c)).value for c in a_codes[step, column]]
            for terms in zip(*weights, strict=True):
                total = sum(x * y for x, y in zip(terms, values, strict=True))
                exact += total
                acc = oracles.plus(acc, oracles.Number(total, total < 0))
                acc = oracles.decode(oracles.encode(acc, 5, 10), 5, 10)
            code = oracles.encode(acc, 5, 10)
            assert got[step, column] == code
        rounded_on_the_way += code != oracles.encode(oracles.Number(exact, exact < 0), 5, 10)
    assert rounded_on_the_way > 10


@pytest.mark.parametrize("w", ["int4", "e2m1"])
def test_no_numbers_are_those_of_the_whole_products(w):
    """An exact sum is that of `dot`, whatever terms it is made of: every pair of one lane."""
    spec = f"w={w},a=e5m2,lanes=2,acc=exact"
    serial, dot = parse(f"serial:{spec}"), parse(f"dot:{spec}")
    pairs = np.array(list(itertools.product(range(16), range(256))))
    w_codes = np.stack([pairs[:, 0], pairs[::-1, 0]], axis=-1)[None]
    a_codes = np.stack([pairs[:, 1], np.roll(pairs[:, 1], 7)], axis=-1)[None]
    got, expected = (u.outputs({"w": w_codes, "a": a_codes}) for u in (serial, dot))
    assert serial.accumulator.lsb_exponent == dot.accumulator.lsb_exponent
    assert (got["acc_special"] == expected["acc_special"]).all()
    assert set(np.unique(got["acc_special"])) == {0, 1, 2, 3}
    numbers = got["acc_special"] == 0
    assert (got["acc"] == expected["acc"])[numbers].all()


@pytest.mark.parametrize("bits", [2, 3, 5, 8])
def test_products_are_cut_off_below_the_largest(bits):
    unit = parse(f"serial:w=e2m1,a=e3m2,lanes=3,acc=exact,align={bits}")
    rng = np.random.default_rng(bits)
    w_codes, a_codes = rng.integers(0, 16, (1, 500, 3)), rng.integers(0, 64, (1, 500, 3))
    got = unit.reference(w_codes, a_codes)[0]
    unit_value = Fraction(2) ** unit.accumulator.lsb_exponent
    a_format = formats.scalar("e3m2")
    fields = a_format.unpack(np.arange(64))
    for column in range(500):
        total = Fraction(0)
        weights = [textbook_terms("e2m1", int(c)) for c in w_codes[0, column]]
        for terms in zip(*weights, strict=True):
            products = []
            for term, code in zip(terms, a_codes[0, column].tolist(), strict=True):
                if term and fields.significand[code]:
                    power = abs(term).numerator.bit_length() - abs(term).denominator.bit_length()
                    exponent = power + int(fields.exponent[code])
                    minus = bool(fields.sign[code]) != (term < 0)
                    products.append((minus, int(fields.significand[code]), exponent))
            top = max((e for _, _, e in products), default=0)
            # Of a significand of three places, in the place of the largest one.
            step = Fraction(2) ** (top + 3 - bits)
            for minus, significand, exponent in products:
                kept = significand * Fraction(2) ** exponent // step * step
                total += -kept if minus else kept
        assert got[column] * unit_value == total


def test_each_group_has_its_value_set():
    unit = parse("serial:w=bitmod4,a=int8,lanes=2")
    sets = [formats.get("bitmod4").candidates[i].decode(np.arange(16)) for i in range(4)]
    w_codes = np.arange(16)[None, :, None] + np.zeros((1, 1, 2), dtype=int)
    for select in range(4):
        codes = np.full((1, 16), select)
        got = unit.reference(w_codes, np.full((1, 16, 2), 3), w_select=codes)[0]
        assert (unit.decode_acc(got) == 6 * sets[select]).all()


def test_groups_are_scaled_and_broken_ones_give_nothing():
    unit = parse("serial:w=int4,a=int8,lanes=4,group=16,dequant=serial,acc=exact,terms=16")
    assert unit.elements_per_result == 4
    assert unit.latency == 2 + 8
    assert unit.initiation_interval == 2
    assert not unit.holds
    clear = np.zeros(15, dtype=bool)
    clear[[0, 6]] = True
    assert np.flatnonzero(unit.completes(clear)).tolist() == [3, 9, 13]
    rng = np.random.default_rng(5)
    w, a = rng.integers(0, 16, (15, 3, 4)), rng.integers(0, 256, (15, 3, 4))
    scale = rng.integers(0, 256, (15, 3))
    got = unit.outputs({"w": w, "a": a, "w_scale": scale}, clear)["acc"]
    for first, last in ((0, 3), (6, 9), (10, 13)):
        for column in range(3):
            total = sum(
                signed(int(x), 4) * signed(int(y), 8)
                for step in range(first, last + 1)
                for x, y in zip(w[step, column], a[step, column], strict=True)
            )
            assert got[last, column] == total * int(scale[last, column])


def test_float_groups_are_rounded_once_when_they_are_scaled():
    unit = parse("serial:w=e2m1,a=e5m2,lanes=2,group=8,dequant=serial,acc=fp16")
    rng = np.random.default_rng(6)
    w, a = rng.integers(0, 16, (4, 600, 2)), rng.integers(0, 256, (4, 600, 2))
    scale = rng.integers(0, 256, (4, 600))
    scale[:, :60] = 0
    got = unit.outputs({"w": w, "a": a, "w_scale": scale})["acc"][3]
    sums = unit.unit.reference(w, a)[3]
    for column in range(600):
        held = oracles.decode(int(sums[column]), 5, 10)
        factor = oracles.number_of(float(scale[3, column]))
        product = oracles.times(held, factor)
        if product.value == 0:
            product = oracles.Number(Fraction(0), False)
        assert got[column] == oracles.encode(product, 5, 10)
    assert {oracles.NAN, oracles.POSITIVE} <= {
        oracles.decode(int(code), 5, 10).value for code in got.tolist()
    }


@pytest.mark.parametrize(
    ("spec", "reason", "instead"),
    [
        ("w=int4,a=int8,radix=3", "radix=3", "radix="),
        ("w=e2m1,a=int8,radix=4", "follow from its values", "serial:w=e2m1,a=int8)"),
        ("w=e4m3,a=int8", "NaN", "w=int4"),
        ("w=nf4,a=int8", "28 bits", "w=int4"),
        ("w=khot16_2,a=int8", "at most 8 bits", "w=int4"),
        ("w=mxfp4,a=int8", "share scales", "dot:w=mxfp4"),
        ("w=int4,a=mxint8", "share scales", "dot:"),
        ("w=int4,a=int8,lanes=65", "from 1 to 64", "lanes=64"),
        ("w=int4,a=int8,acc=fp32", "acc=fp32", "serial:w=int4,a=int8)"),
        ("w=int4,a=fp16,acc=int32", "acc=int32", "serial:w=int4,a=fp16"),
        ("w=int4,a=int8,align=8", "have none", "serial:w=int4,a=int8)"),
        ("w=int4,a=fp16,lanes=1,align=8", "there is one", "lanes=1)"),
        ("w=int4,a=fp16,align=99", "cuts nothing off", "serial:w=int4,a=fp16)"),
        ("w=int4,a=fp16,adder=kogge", "nothing to add", "tree=dadda"),
        ("w=int4,a=int8,group=128", "dequant=serial", "dequant=serial)"),
        ("w=int4,a=int8,dequant=after", "dequant=after", "serial:w=int4,a=int8"),
        ("w=int4,a=int8,group=130,dequant=serial", "does not divide", "group=132"),
        ("w=int4,a=int8,group=12,dequant=serial", "6 cycles", "group=16"),
        ("w=bitmod4,a=fp16,lanes=48,dequant=serial", "does not divide", "lanes=32"),
        ("w=bitmod4_g16,a=fp16,lanes=8,dequant=serial", "4 cycles", "lanes=4"),
        ("w=bitmod4,a=fp16,group=64,dequant=serial", "have 128 values", "dequant=serial)"),
        ("w=int4,a=int8,lane=4", "no key", "lanes=4"),
    ],
)
def test_what_makes_no_sense_is_refused(spec, reason, instead):
    other, message = nearest(f"serial:{spec}")
    assert reason in message
    # Where a case ends in a bracket, nothing follows in the spec.
    assert instead in f"{other})"


def test_specs_read_back():
    for spec in (
        "serial:w=int4,a=int8,lanes=4,radix=4,acc=int32,pipeline=0",
        "serial:w=bitmod4,a=fp16,lanes=4,align=14,acc=fp32,pipeline=3,group=128,dequant=serial",
        "serial:w=int6,a=bf16,radix=2,acc=exact,terms=64,pipeline=1,registers=product,tree=dadda",
    ):
        unit = parse(spec.replace("radix=2,acc", "lanes=2,radix=2,acc"))
        assert parse(unit.canonical) == unit
        assert unit.module_name.replace("_", "").isalnum()
