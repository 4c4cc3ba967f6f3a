"""Hardware of float and block dot products against the reference: tiny ones by enumeration."""

import dataclasses

import pytest

import rtl
from hwdse.errors import HwdseError
from hwdse.pe import parse
from hwdse.tech import load
from hwdse.verify import check
from hwdse.verify.targets import Target
from rtl.parts.float_dot import FloatDot

SHORT = 1 << 12

# Operands of at most 20 bits: all combinations are tried.
TINY = [
    "dot:w=e2m1,a=e2m1,lanes=2",
    "dot:w=mxint2_b2,a=int4,lanes=2,acc=bf16",
    "dot:w=nvint2_b2,a=e2m1,acc=fp16",
    "dot:w=e3m2,a=e2m1,lanes=2,align=4,acc=fp16,pipeline=3",
    "dot:w=e3m2,a=int2,lanes=2,align=6,acc=exact,terms=2",
]
WIDE = [
    "dot:w=mxfp4,a=mxfp8_e4m3,lanes=4",
    "dot:w=mxfp8_e5m2_b2,a=mxint8_b2,pipeline=3",
    "dot:w=uint4_g2_fp16,a=e5m2,acc=fp16,align=9",
    "dot:w=int8,a=e5m2,lanes=2,acc=exact",
    "dot:w=nvint4_b4,a=nvfp4_b4,acc=exact,terms=64,fused=save",
]
# The structure changes no result.
HOW = [
    "tree=wallace",
    "tree=dadda,adder=kogge",
    "mul=bw",
    "mul=booth,tree=wallace,adder=brent,pipeline=3",
    "registers=product",
]
FUNCTIONS = ["dot:w=nvfp4_b2,a=int3,acc=fp16"]


def outcome(unit, target="rtl", vectors=SHORT):
    technology = None if target == "rtl" else load(target)
    return check.verify(unit, target=Target(target, technology), vectors=vectors)


@pytest.mark.parametrize("spec", TINY)
def test_all_combinations_of_tiny_blocks(spec):
    result = outcome(parse(spec))
    assert result.exhaustive
    assert result.mismatches == 0, result.first_mismatch


@pytest.mark.parametrize("spec", WIDE)
def test_hard_sequences(spec):
    result = outcome(parse(spec))
    assert result.vectors >= SHORT
    assert result.mismatches == 0, result.first_mismatch


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("spec", FUNCTIONS)
def test_structure_changes_no_result(spec, how):
    result = outcome(parse(f"{spec},{how}"), vectors=1 << 12)
    assert result.mismatches == 0, result.first_mismatch


@pytest.mark.parametrize("target", ["nangate45", "asap7"])
@pytest.mark.parametrize("spec", ["dot:w=nvfp4_b2,a=int3,acc=fp16"])
def test_mapped_netlists(spec, target):
    result = outcome(parse(spec), target)
    assert result.mismatches == 0, result.first_mismatch


SLOW = [
    "dot:w=mxfp4,a=mxfp8_e4m3",
    "dot:w=mxfp4,a=mxfp4,pipeline=3",
    "dot:w=nvfp4,a=nvfp4",
    "dot:w=mxint8,a=mxint8",
    "dot:w=mxfp8_e5m2,a=mxfp8_e4m3,acc=fp16",
    "dot:w=mxfp6_e3m2,a=mxfp6_e2m3,acc=exact",
    "dot:w=int4_g32_fp16,a=int8_channel",
    "dot:w=uint4_g8_fp16,a=e5m2",
    "dot:w=int4_g4_fp16,a=int8_channel,pipeline=2",
    "dot:w=nf4_g8,a=posit8",
    "dot:w=fp16,a=fp16,lanes=2",
    "dot:w=e5m2,a=e5m2,lanes=16",
    "dot:w=fp16,a=fp16,lanes=4,align=24",
    "dot:w=e4m3,a=e4m3,lanes=32,align=14",
]


@pytest.mark.slow
@pytest.mark.parametrize("spec", SLOW)
def test_a_million_elements(spec):
    result = outcome(parse(spec), vectors=1_000_000)
    assert result.vectors >= 1_000_000
    assert result.mismatches == 0, result.first_mismatch


@pytest.mark.slow
@pytest.mark.parametrize("target", ["nangate45", "asap7"])
@pytest.mark.parametrize("spec", SLOW[:5])
def test_netlists_of_a_million_elements(spec, target):
    result = outcome(parse(spec), target, vectors=1_000_000)
    assert result.mismatches == 0, result.first_mismatch


@pytest.mark.slow
def test_a_tiny_block_with_a_whole_scale_is_enumerated():
    result = outcome(parse("dot:w=mxfp4_b2,a=e2m1,acc=fp32"))
    assert result.exhaustive
    assert result.mismatches == 0, result.first_mismatch


def wrong(built, meant):
    """Elements at which the hardware of one unit differs from the reference of another."""
    unit = parse(meant)
    program = check.compile_rtl(rtl.to_rtlil(parse(built)))
    return check.check_program(unit, program, "rtl", 1 << 13, 1, enumerable_bits=0).mismatches


def test_one_bit_of_alignment_too_many_is_found():
    assert wrong("dot:w=e4m3,a=e4m3,lanes=4,align=13", "dot:w=e4m3,a=e4m3,lanes=4,align=12") > 10


PLANTED = {
    "the largest exponent of the first lanes alone": (
        "largest",
        lambda f: lambda m, x, s: f(m, x[:2], s),
    ),
    "a sum without its last lane": (
        "sum_of",
        lambda f: lambda m, x, *a, **k: f(m, x[:-1], *a, **k),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found(name, monkeypatch):
    import rtl.parts.float_dot as module

    part, plant = PLANTED[name]
    spec = "dot:w=e4m3,a=mxfp4_b4,align=6,acc=fp16"
    assert wrong(spec, spec) == 0
    monkeypatch.setattr(module, part, plant(getattr(module, part)))
    assert wrong(spec, spec) > 10


def test_a_forgotten_scale_is_found(monkeypatch):
    spec = "dot:w=mxfp4_b2,a=nvfp4_b2,acc=fp16"
    scale = FloatDot._scale

    def first_alone(self, m):
        unit = self.unit
        self.unit = dataclasses.replace(
            unit, common=dataclasses.replace(unit.common, a=unit.a_element)
        )
        try:
            return scale(self, m)
        finally:
            self.unit = unit

    monkeypatch.setattr(FloatDot, "_scale", first_alone)
    assert wrong(spec, spec) > 10


def test_the_analogue_part_has_no_rtl():
    unit = parse("dot:w=abfp8_32,a=abfp8_32,gain=8")
    with pytest.raises(HwdseError, match="analogue part of an ABFP unit has no RTL") as caught:
        rtl.to_rtlil(unit)
    assert "\n" not in str(caught.value)
