"""Composite units: every mode against fractions and against the plain unit of its format."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.pe import parse
from hwdse.pe.ports import Operand

from .oracles import NAN, Number, encode, number, plus, times

SCHEMES = {
    "int8_int4_int2": ("int8", "int4", "int2"),
    "int8_int4": ("int8", "int4"),
    "e4m3_e2m1": ("e4m3", "e2m1"),
    "mxint8_nvint4": ("mxint8", "nvint4"),
    "mxfp8_nvfp4": ("mxfp8_e4m3", "nvfp4"),
}
STEPS, SUMS = 40, 25
# Of each mode: bits of an element, its decoder and last bit, and the format of scales.
ELEMENTS = {
    "int8": (8, 0, None),
    "int4": (4, 0, None),
    "int2": (2, 0, None),
    "e4m3": (8, None, None),
    "e2m1": (4, None, None),
    "mxint8": (8, -6, "e8m0"),
    "nvint4": (4, 0, "e4m3"),
    "mxfp8_e4m3": (8, None, "e8m0"),
    "nvfp4": (4, None, "e4m3"),
}
FLOATS = {"e4m3": "e4m3", "e2m1": "e2m1", "mxfp8_e4m3": "e4m3", "nvfp4": "e2m1"}


def element(name, code):
    """Value of one element code."""
    bits, exponent, _ = ELEMENTS[name]
    if exponent is None:
        return number(FLOATS[name], code)
    value = code - (code >> (bits - 1) << bits)
    return Number(value * Fraction(2) ** exponent, value < 0)


def scale(name, code):
    kind = ELEMENTS[name][2]
    if kind == "e4m3":
        return number("e4m3", code)
    return Number(NAN, False) if code == 255 else Number(Fraction(2) ** (code - 127), False)


def term(name, w_words, a_words, scales):
    """Exact term of one element, from its words."""
    bits = ELEMENTS[name][0]
    total, count = None, 0
    for w, a in zip(w_words, a_words, strict=True):
        for lane in range(8 // bits):
            x, y = (element(name, word >> (lane * bits) & ((1 << bits) - 1)) for word in (w, a))
            one = times(x, y)
            total = one if total is None else plus(total, one)
            count += 1
    if count > 1 and total.finite and total.value == 0:
        total = Number(Fraction(0), False)
    for code in scales:
        total = times(total, scale(name, code))
    return total


def drawn(unit, seed, *, specials):
    """Words and modes, the mode changing with any element."""
    rng = np.random.default_rng(seed)
    shape = (STEPS, SUMS)
    mode = rng.integers(0, len(unit.modes), size=shape)
    codes = {"mode": mode}
    for operand in unit.operands:
        if operand.name == "mode":
            continue
        words = rng.integers(0, 256, size=(*shape, *operand.trailing))
        if operand.name.endswith("scale"):
            # Near 1, so that sums are no mere overflow.
            coarse = rng.integers(120, 134, size=shape)
            coarse = np.where(rng.random(shape) < 0.02, 255, coarse) if specials else coarse
            words = np.where(mode == 0, coarse, words)
        for index in range(len(unit.modes)):
            fmt, _ = operand.views[index]
            lanes = operand.unpacked(index, words)
            valid = np.isin(lanes, fmt.codes())
            finite = np.where(valid, lanes, 0)
            if not specials and "NaN" in fmt.specials:
                finite = np.where(fmt.unpack(finite).nan, 0, finite)
            fixed = operand.packed(index, finite)
            chosen = (mode == index).reshape(shape + (1,) * len(operand.trailing))
            words = np.where(chosen, fixed, words)
        codes[operand.name] = words
    return codes


def terms(unit, codes):
    """Numbers, shape (STEPS, SUMS) as nested lists."""
    names = SCHEMES[unit.scheme]
    found = []
    for step in range(STEPS):
        row = []
        for column in range(SUMS):
            at = {name: values[step, column] for name, values in codes.items()}
            w, a = (np.atleast_1d(at[side]).tolist() for side in "wa")
            scales = [int(at[name]) for name in ("w_scale", "a_scale") if name in at]
            row.append(term(names[at["mode"]], w, a, scales))
        found.append(row)
    return found


def run(unit, codes, clear=None):
    others = {name: values for name, values in codes.items() if name not in ("w", "a")}
    return unit.reference(codes["w"], codes["a"], clear, **others)


EXACT = [
    "composite:modes=int8_int4_int2",
    "composite:modes=int8_int4_int2,acc=exact,terms=160",
    "composite:modes=int8_int4_int2,lanes=3,acc=exact,terms=480",
    "composite:modes=int8_int4,lanes=2",
    "composite:modes=e4m3_e2m1,acc=exact",
    "composite:modes=e4m3_e2m1,lanes=4,acc=exact",
    "composite:modes=mxint8_nvint4,acc=exact",
    "composite:modes=mxfp8_nvfp4,lanes=4,acc=exact",
]


@pytest.mark.parametrize("spec", EXACT)
def test_exact_sums_are_those_of_fractions(spec):
    unit = parse(spec)
    codes = drawn(unit, 1, specials=False)
    acc = run(unit, codes)
    unit_value = Fraction(2) ** unit.accumulator.lsb_exponent
    exact = terms(unit, codes)
    for column in range(SUMS):
        total = Fraction(0)
        for step in range(STEPS):
            total += exact[step][column].value
            assert int(acc[step, column]) * unit_value == total


@pytest.mark.parametrize(
    "spec",
    [
        "composite:modes=e4m3_e2m1",
        "composite:modes=e4m3_e2m1,lanes=2",
        "composite:modes=mxint8_nvint4",
        "composite:modes=mxfp8_nvfp4",
    ],
)
def test_float_sums_are_rounded_once_a_cycle(spec):
    unit = parse(spec)
    codes = drawn(unit, 2, specials=True)
    clear = np.arange(STEPS) % 13 == 0
    acc = run(unit, codes, clear)
    exact = terms(unit, codes)
    nans = 0
    for column in range(SUMS):
        for step in range(STEPS):
            if clear[step]:
                held = Number(Fraction(0), False)
            code = encode(plus(held, exact[step][column]), 8, 23)
            assert acc[step, column] == code
            held = number("fp32", code)
            nans += exact[step][column].value == NAN
    assert nans > 0


PLAIN = {
    "composite:modes=int8_int4_int2": [
        "mac:w=int8,a=int8",
        "dot:w=int4,a=int4,lanes=2",
        "dot:w=int2,a=int2,lanes=4",
    ],
    "composite:modes=e4m3_e2m1": ["mac:w=e4m3,a=e4m3", "dot:w=e2m1,a=e2m1,lanes=2"],
    "composite:modes=mxint8_nvint4": [
        "dot:w=mxint8,a=mxint8,lanes=8",
        "dot:w=nvint4,a=nvint4,lanes=16",
    ],
    "composite:modes=mxfp8_nvfp4,lanes=4": [
        "dot:w=mxfp8_e4m3,a=mxfp8_e4m3,lanes=4",
        "dot:w=nvfp4,a=nvfp4,lanes=8",
    ],
}


@pytest.mark.parametrize("spec", PLAIN)
def test_each_mode_is_its_plain_unit(spec):
    unit = parse(spec)
    codes = drawn(unit, 3, specials=True)
    for index, name in enumerate(PLAIN[spec]):
        codes["mode"] = np.full((STEPS, SUMS), index)
        read = {}
        for operand in unit.operands[1:]:
            fmt, _ = operand.views[index]
            lanes = operand.unpacked(index, codes[operand.name])
            read[operand.name] = np.where(np.isin(lanes, fmt.codes()), lanes, 0)
        words = {o.name: o.packed(index, read[o.name]) for o in unit.operands[1:]}
        got = run(unit, {"mode": codes["mode"], **words})
        plain = parse(name)
        others = {n: v for n, v in read.items() if n not in ("w", "a")}
        assert (got == plain.reference(read["w"], read["a"], **others)).all()


def test_words_of_other_modes_need_be_no_codes_of_this_one():
    unit = parse("composite:modes=mxint8_nvint4,lanes=2")
    words = np.full((1, 1, 2), 0x80)
    scales = {"w_scale": [[127]], "a_scale": [[127]]}
    acc = unit.reference(words, words, mode=[[0]], **scales)
    assert unit.decode_acc(acc).tolist() == [[8.0]]
    with pytest.raises(HwdseError, match="is not a code of int4_sym"):
        unit.reference(words, words, mode=[[1]], **scales)


@pytest.mark.parametrize("lanes", [1, 3])
def test_views_pack_and_unpack(lanes):
    unit = parse(f"composite:modes=int8_int4_int2,lanes={lanes}")
    operand = unit.operands[1]
    words = np.random.default_rng(0).integers(0, 256, size=(5, 7, *operand.trailing))
    for index, bits in enumerate((8, 4, 2)):
        view = operand.view(index)
        assert (view.width, view.lanes) == (8 * lanes, lanes * 8 // bits)
        codes = operand.unpacked(index, words)
        assert codes.shape == (5, 7, *view.trailing)
        assert (operand.packed(index, codes) == words).all()
    last = operand.unpacked(2, np.full((1, *operand.trailing), 0b11_10_01_00))
    assert last.tolist() == [[0, 1, 2, 3] * lanes]


def test_what_is_measured_is_no_part_of_the_hardware():
    units = [parse(f"composite:modes=int8_int4_int2,mode={m}") for m in ("int8", "int4", "int2")]
    assert [unit.macs_per_cycle for unit in units] == [1, 2, 4]
    assert [unit.w.name for unit in units] == ["int8", "int4", "int2"]
    assert len({unit.canonical for unit in units}) == 3
    assert len({unit.module_name for unit in units}) == 1
    assert {unit.design for unit in units} == {units[0]}
    assert all(parse(unit.canonical) == unit for unit in units)
    assert units[0] == parse("composite:modes=int8_int4_int2")


@pytest.mark.parametrize(
    ("spec", "ports"),
    [
        ("composite:modes=int8_int4_int2", {"mode": 2, "w": 8, "a": 8}),
        ("composite:modes=e4m3_e2m1,lanes=3", {"mode": 1, "w": 24, "a": 24}),
        (
            "composite:modes=mxfp8_nvfp4",
            {"mode": 1, "w": 64, "a": 64, "w_scale": 8, "a_scale": 8},
        ),
    ],
)
def test_ports(spec, ports):
    unit = parse(spec)
    assert {o.name: o.width for o in unit.operands} == ports
    assert unit.latency == 1
    assert parse(spec + ",pipeline=2").latency == 3


BAD = {
    "composite:": "key 'modes' is missing",
    "composite:modes=int8_int3": "modes=int8_int3 is no scheme .*; did you mean 'int8_int4'",
    "composite:modes=int8_int4,mode=int2": "mode=int2 is not supported here",
    "composite:modes=int8_int4,w=int8": "composite has no key 'w'",
    "composite:modes=int8_int4,lanes=0": "lanes=0 must be an integer from 1 to 64",
    "composite:modes=int8_int4,acc=fp32": "acc=fp32 is not supported here",
    "composite:modes=e4m3_e2m1,acc=int32": "acc=int32 is not supported here",
    "composite:modes=e4m3_e2m1,fused=yes": "fused",
    "composite:modes=mxint8_nvint4,lanes=16": "do not divide its block of 16; use lanes=8",
    "composite:modes=mxfp8_nvfp4,lanes=3": "do not divide its block of 32; use lanes=2",
    "composite:modes=int8_int4,lanes=8,acc=exact,terms=15": "give at least terms=16",
}


@pytest.mark.parametrize("spec", BAD)
def test_bad_specs_say_what_works(spec):
    with pytest.raises(HwdseError, match=BAD[spec]) as error:
        parse(spec)
    assert "\n" not in str(error.value)


def test_operands_without_views_are_as_before():
    operand = Operand("w", parse("mac:w=int8,a=int8").w_element)
    assert operand.views == ()
    assert not operand.selects_view
