"""Units on every kind of scalar format: hardware is the reference, and a wrong table is found."""

import numpy as np
import pytest

import rtl
from hwdse import formats
from hwdse.formats import scalars
from hwdse.pe import parse
from hwdse.verify import check
from hwdse.verify.codes import corner_codes, draw_finite, is_finite, neighbourhood
from hwdse.verify.stimulus import all_pairs, hard_sequences, steady_corners
from hwdse.verify.targets import Target
from rtl.parts import operand

VECTORS = 1 << 15
# Whether all pairs are tried; each on the RTL, and some on a mapped netlist as well.
UNITS = {
    "mac:w=ternary,a=int8": True,
    "mac:w=binary,a=binary,acc=exact,terms=64,pipeline=2": True,
    "mac:w=bipolar2,a=int8": True,
    "mac:w=fixed8_4,a=int8,acc=exact": True,
    "mac:w=int8_sym,a=int8_sym": True,
    "mac:w=flint4,a=int8": True,
    "mac:w=khot8_2,a=apot4,pipeline=1": True,
    "mac:w=nf4,a=e4m3": True,
    "mac:w=posit8,a=posit8,acc=exact": True,
    "mac:w=posit8,a=pot8,acc=fp16": True,
    "mac:w=nupes4_50,a=ue4m3,acc=bf16": True,
    "mac:w=e4m3_fnuz,a=e4m3_fnuz": True,
    "mac:w=e8m0,a=int4_sym,acc=exact,terms=16": True,
    "mac:w=int4,a=fp16": True,
    "mac:w=fp32,a=flint4": False,
    "dot:w=ternary,a=int8,lanes=4": False,
    "dot:w=bipolar2,a=ternary,lanes=5": True,
    "dot:w=pot4,a=fixed8_4,lanes=3,acc=exact,pipeline=1": False,
}
MAPPED = [
    "mac:w=ternary,a=int8",
    "mac:w=flint4,a=int8",
    "mac:w=nf4,a=e4m3",
    "mac:w=posit8,a=posit8,acc=exact",
    "mac:w=e4m3_fnuz,a=e4m3_fnuz",
    "dot:w=bipolar2,a=ternary,lanes=5",
]
CASES = [("rtl", spec) for spec in UNITS] + [("nangate45", spec) for spec in MAPPED]
SLOW = {
    ("rtl", "mac:w=e8m0,a=int4_sym,acc=exact,terms=16"),
    ("rtl", "mac:w=int4,a=fp16"),
    ("rtl", "mac:w=fp32,a=flint4"),
    ("rtl", "mac:w=nf4,a=e4m3"),
    ("rtl", "mac:w=e4m3_fnuz,a=e4m3_fnuz"),
    ("nangate45", "mac:w=flint4,a=int8"),
    ("nangate45", "mac:w=posit8,a=posit8,acc=exact"),
}


@pytest.mark.parametrize(
    ("target", "spec"),
    [pytest.param(*case, marks=[pytest.mark.slow] * (case in SLOW)) for case in CASES],
)
def test_hardware_is_the_reference(target, spec):
    unit = parse(spec)
    result = check.verify(unit, target=Target.named(target), vectors=VECTORS)
    assert result.mismatches == 0, result.first_mismatch
    pairs = (unit.w.codes().size * unit.a.codes().size) ** unit.lanes if UNITS[spec] else 0
    assert result.exhaustive is UNITS[spec]
    assert result.vectors >= VECTORS + pairs


def spoilt(right, member, entry):
    """Tables in which one bit of one entry of one member is wrong."""

    def look_up(m, index, words, width, name):
        if name == member:
            words = words | {entry: words[entry] ^ 1}
        return right(m, index, words, width, name)

    return look_up


@pytest.mark.parametrize(
    ("spec", "member", "entry"),
    [
        ("mac:w=posit8,a=e2m1", "shift_row", 0x71),
        ("mac:w=posit8,a=e2m1", "nan_row", 0x80),
        ("mac:w=nf4,a=e4m3", "significand_row", 3),
        ("mac:w=flint4,a=int8", "row", 5),
        ("mac:w=e2m1,a=nupes4_50", "sign_row", 9),
    ],
)
def test_one_wrong_entry_of_a_decoder_is_found(monkeypatch, spec, member, entry):
    unit = parse(spec)
    monkeypatch.setattr(operand, "look_up", spoilt(operand.look_up, member, entry))
    program = check.compile_rtl(rtl.to_rtlil(unit))
    compared, wrong, message = check.run_sequences(unit, program, all_pairs(unit), 1)
    # Zero times either is the same; every other partner shows the fault.
    assert 0 < wrong <= compared // min(unit.w.codes().size, unit.a.codes().size) * 2
    assert message is not None


@pytest.mark.parametrize("name", [*scalars.names(), "khot16_1", "nupes8_10", "int1"])
def test_only_valid_codes_are_tried_and_all_of_few(name):
    fmt = formats.scalar(name)
    valid = set(fmt.codes().tolist()) if fmt.bits <= 16 else None
    corners, near = set(corner_codes(fmt)), set(neighbourhood(fmt))
    assert corners <= near
    values = fmt.decode(np.array(sorted(corners)))
    assert {fmt.min, fmt.max} <= set(values.tolist())
    assert len(corners) <= 20
    for special, found in (("inf", np.isinf(values)), ("NaN", np.isnan(values))):
        assert bool(found.any()) is (special in [s.replace("NaR", "NaN") for s in fmt.specials])
    rng = np.random.default_rng(2)
    finite = draw_finite(fmt, (64, 64), rng)
    assert is_finite(fmt, finite).all()
    unit = parse(f"mac:w={name},a=e2m1")
    plans = [hard_sequences(unit, 4096, 1), steady_corners(unit, 1)]
    if fmt.bits <= 12:
        plans.append(all_pairs(unit))
    seen = set()
    for plan in plans:
        for sequence in plan:
            seen |= set(np.unique(sequence.codes["w"]).tolist())
    if valid is not None:
        assert near <= valid
        assert set(np.unique(finite).tolist()) <= seen <= valid or fmt.bits > 12
        assert seen == valid or fmt.bits > 12
        assert seen <= valid


def test_products_are_often_nearly_opposed_where_one_side_has_a_sign():
    for spec in ("mac:w=posit8,a=uint4", "mac:w=ue4m3,a=bipolar4", "mac:w=ternary,a=bipolar2"):
        unit = parse(spec)
        sequence = next(hard_sequences(unit, 1 << 14, 1))
        products = unit.w.decode(sequence.codes["w"]) * unit.a.decode(sequence.codes["a"])
        with np.errstate(invalid="ignore"):
            opposed = (products[1:] == -products[:-1]) & (products[1:] != 0)
        assert opposed.mean() > 0.05, spec
