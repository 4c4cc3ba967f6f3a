"""Units of bit planes and of powers of two: the whole against its reference, RTL and netlists."""

import pytest

from hwdse.pe import parse
from hwdse.verify.check import verify
from hwdse.verify.targets import Target

DEFAULT = [
    "bitplane:w=ternary,a=int4,lanes=3,tree=dadda",
    "bitplane:w=bipolar2,a=bipolar2,lanes=4,registers=product",
    "bitplane:w=int2,a=uint2,lanes=3,acc=exact,fused=save",
    "shift:w=pot4,a=int8",
    "shift:w=khot8_2,a=int8,tree=wallace,registers=product",
    "shift:w=apot4,a=uint4,lanes=2,fused=yes",
    "shift:w=pot4,a=e4m3",
]
SLOW = [
    "bitplane:w=ternary,a=int8,lanes=32",
    "bitplane:w=ternary,a=int8,lanes=32,tree=dadda",
    "bitplane:w=bipolar2,a=bipolar2,lanes=64,tree=wallace,pipeline=3",
    "bitplane:w=ternary,a=ternary,lanes=6,tree=dadda,adder=kogge",
    "bitplane:w=binary,a=binary,lanes=12,fused=yes",
    "bitplane:w=binary,a=int8,lanes=16,fused=yes,pipeline=2",
    "bitplane:w=int8,a=ternary,lanes=9,tree=wallace,registers=product",
    "bitplane:w=bipolar4,a=uint4,lanes=3,registers=operand_product",
    "bitplane:w=bipolar8,a=int8_sym,lanes=5,tree=dadda,registers=product",
    "bitplane:w=uint2,a=ufixed4_2,lanes=4,fused=yes",
    "bitplane:w=uint1,a=uint16,lanes=33,acc=exact,terms=99,fused=save,tree=wallace",
    "bitplane:w=int4,a=int4,lanes=3,acc=exact,terms=3,fused=yes",
    "bitplane:w=int1,a=int2_sym,lanes=8,tree=dadda",
    "bitplane:w=binary,a=binary,lanes=512,tree=wallace",
    "shift:w=khot8_3,a=int8,lanes=3,tree=dadda,adder=brent,pipeline=3",
    "shift:w=apot4,a=uint8,lanes=2,fused=yes",
    "shift:w=pot8,a=e5m2,acc=exact,pipeline=2",
    "shift:w=pot6,a=int8,acc=fp16",
    "shift:w=e3m0,a=e5m2,acc=fp16",
    "shift:w=pot3,a=nf4,acc=bf16",
    "shift:w=khot16_2,a=int8",
    "shift:w=khot16_4,a=int16,acc=exact,lanes=2,fused=save,tree=wallace",
    "shift:w=khot8_4,a=uint8,fused=save",
    "shift:w=apot7,a=int8,lanes=4,fused=yes,pipeline=2",
    "shift:w=apot5,a=bipolar4,acc=exact,terms=70,lanes=7,registers=product",
    "shift:w=e2m1,a=fixed8_4,lanes=2",
    "shift:w=flint4,a=ternary,lanes=3,tree=dadda",
    "shift:w=uint2,a=int5,lanes=3,fused=yes",
    "shift:w=uint2,a=ufixed4_2,lanes=4,fused=save",
    "shift:w=int3,a=int8,acc=exact,terms=9",
    "shift:w=binary,a=uint8,lanes=2,tree=wallace",
]
NETLISTS = ["nangate45", "asap7"]
MAPPED = [
    ("bitplane:w=ternary,a=int4,lanes=3,tree=dadda", "nangate45"),
    ("shift:w=pot4,a=int8", "nangate45"),
]
CHECKS = [(spec, "rtl", True) for spec in DEFAULT] + [(spec, "rtl", False) for spec in SLOW]
CHECKS += [(s, t, (s, t) in MAPPED) for s in DEFAULT + SLOW for t in NETLISTS]


@pytest.mark.parametrize(
    ("spec", "target"),
    [
        pytest.param(spec, target, marks=() if quick else pytest.mark.slow)
        for spec, target, quick in CHECKS
    ],
)
def test_hardware_is_the_reference(spec, target):
    unit = parse(spec)
    vectors = 1_000_000 if target == "rtl" else 1 << 16
    result = verify(unit, target=Target.named(target), vectors=vectors)
    assert result.mismatches == 0, result.first_mismatch
    bits = sum(operand.width for operand in unit.operands)
    assert result.exhaustive is (bits <= 24)
    assert result.vectors >= vectors
