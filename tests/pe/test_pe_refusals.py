"""Specs that make no sense: one line that says why, and a spec near by that works."""

import re

import pytest

from hwdse.errors import HwdseError
from hwdse.pe import FAMILIES, parse
from hwdse.pe.keys import split_spec

# What is refused, and the spec that is named instead.
REFUSED = {
    "mac": "mac:w=int8,a=int8",
    "mac:": "mac:w=int8,a=int8",
    "mac:w=int8": "mac:w=int8,a=int8",
    "mac:a=int8": "mac:a=int8,w=int8",
    "mac:w=mxfp4,a=int8": "dot:w=mxfp4,a=int8",
    "mac:w=mxint8,a=mxint8": "dot:w=mxint8,a=mxint8",
    "mac:w=int4_g128,a=int8": "dot:w=int4_g128,a=int8",
    "mac:w=nvfp4,a=nvfp4": "dot:w=nvfp4,a=nvfp4",
    "mac:w=abfp8_32,a=abfp8_32": "dot:w=abfp8_32,a=abfp8_32",
    "mac:w=int8,a=mxfp8_e4m3": "dot:w=int8,a=mxfp8_e4m3",
    "mac:w=fp4_er,a=int8": "dot:w=nf4_g128,a=int8",
    "mac:w=int8,a=int8,lanes=4": "dot:w=int8,a=int8,lanes=4",
    "mac:w=int8,a=int8,lanes=0": "dot:w=int8,a=int8,lanes=2",
    "mac:w=int8,a=int8,acc=int16": "mac:w=int8,a=int8,acc=int32",
    "mac:w=int8,a=int8,acc=fp32": "mac:w=int8,a=int8",
    "mac:w=e4m3,a=e4m3,acc=int32": "mac:w=e4m3,a=e4m3",
    "mac:w=e4m3,a=e4m3,acc=fp8": "mac:w=e4m3,a=e4m3",
    "mac:w=int24,a=int24": "mac:w=int16,a=int16",
    "mac:w=int32,a=int32": "mac:w=int16,a=int16",
    "mac:w=uint16,a=uint16": "mac:w=uint16,a=uint16,acc=exact,pipeline=0",
    "mac:w=fp64,a=fp64": "mac:w=fp16,a=fp16",
    "mac:w=posit32,a=posit32": "mac:w=posit16,a=posit16",
    "mac:w=int8,a=int8,terms=5": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,acc=exact,terms=0": "mac:w=int8,a=int8,acc=exact,terms=1",
    "mac:w=int8,a=int8,acc=exact,terms=-1": "mac:w=int8,a=int8,acc=exact,terms=1",
    "mac:w=int8,a=int8,acc=exact,terms=99999999999999999999999": (
        "mac:w=int8,a=int8,acc=exact,terms=16777216"
    ),
    "mac:w=int8,a=int8,acc=exact,terms=1e6": "mac:w=int8,a=int8,acc=exact",
    "mac:w=int8,a=int8,acc=exact,terms=16777217": "mac:w=int8,a=int8,acc=exact,terms=16777216",
    "mac:w=int8,a=int8,pipeline=4": "mac:w=int8,a=int8,pipeline=2",
    "mac:w=int8,a=int8,pipeline=3": "mac:w=int8,a=int8,pipeline=2",
    "mac:w=int8,a=int8,pipeline=-1": "mac:w=int8,a=int8,pipeline=1",
    "mac:w=int8,a=int8,pipeline=1.5": "mac:w=int8,a=int8,pipeline=2",
    "mac:w=int8,a=int8,pipeline=": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,mul=booth4": "mac:w=int8,a=int8,mul=booth",
    "mac:w=int8,a=int8,mul=wallace": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,fused=yes": "mac:w=int8,a=int8,fused=yes,mul=bw",
    "mac:w=int8,a=int8,fused=true": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,tree=dadda": "mac:w=int8,a=int8,tree=dadda,mul=bw",
    "mac:w=int8,a=int8,mul=bw,tree=star": "mac:w=int8,a=int8,mul=bw,tree=dadda",
    "mac:w=int8,a=int8,adder=cla": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,registers=product": "mac:w=int8,a=int8,registers=operand",
    "mac:w=int8,a=int8,mul=bw,registers=term_operand": (
        "mac:w=int8,a=int8,mul=bw,registers=operand_term"
    ),
    "mac:w=int8,a=int8,mul=bw,registers=term,pipeline=2": "mac:w=int8,a=int8,mul=bw,registers=term",
    "mac:w=int8,a=int8,registers=": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,mul=bw,fused=yes,pipeline=3": (
        "mac:w=int8,a=int8,mul=bw,fused=yes,pipeline=2"
    ),
    "mac:w=e4m3,a=e4m3,fused=yes": "mac:w=e4m3,a=e4m3",
    "mac:w=e4m3,a=e4m3,fused=save": "mac:w=e4m3,a=e4m3",
    "mac:w=e4m3,a=e4m3,adder=kogge": "mac:w=e4m3,a=e4m3,adder=kogge,mul=bw",
    "mac:w=e4m3,a=e4m3,acc=exact,fused=yes": "mac:w=e4m3,a=e4m3,acc=exact,fused=save",
    "mac:w=int8,a=int8,w=int4": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,foo=bar": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,lane=4": "mac:w=int8,a=int8",
    "MAC:w=int8,a=int8": "mac:w=int8,a=int8",
    "mac:W=int8,a=int8": "mac:w=int8,a=int8",
    "mac:w=INT8,a=INT8": "mac:w=int8,a=int8",
    "mac:w=int8;a=int8": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,acc=Exact": "mac:w=int8,a=int8,acc=exact",
    "mac:w=../../etc/passwd,a=int8": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8/..": "mac:w=int8,a=int8",
    "mac: w = int8, a = int8": "mac:w=int8,a=int8",
    "mac:w=int8 a=int8": "mac:w=int8,a=int8",
    "mac w=int8": "mac:w=int8,a=int8",
    "mac;w=int8,a=int8": "mac:w=int8,a=int8",
    "mac:int8,int8": "mac:w=int8,a=int8",
    "mac:w=int0,a=int8": "mac:w=int4,a=int8",
    "mac:w=int99999,a=int8": "mac:w=int16,a=int8",
    "mac:w=e99m99,a=int8": "mac:w=int8,a=int8",
    "mac:w=int8_g128,a=int8": "dot:w=int8_g128,a=int8",
    "mac:w=float8,a=int8": "mac:w=int8,a=int8",
    "mac:w=,a=": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,align=4": "mac:w=int8,a=int8",
    "dot:w=mxfp4,a=mxfp8_e4m3,lanes=5": "dot:w=mxfp4,a=mxfp8_e4m3,lanes=4",
    "dot:w=mxfp4,a=mxfp8_e4m3,lanes=64": "dot:w=mxfp4,a=mxfp8_e4m3,lanes=32",
    "dot:w=mxfp4,a=mxfp8_e4m3,lanes=33": "dot:w=mxfp4,a=mxfp8_e4m3,lanes=32",
    "dot:w=mxfp4,a=mxfp8_e4m3,lanes=1": "dot:w=mxfp4,a=mxfp8_e4m3,lanes=2",
    "dot:w=nvfp4,a=mxfp4,lanes=32": "dot:w=nvfp4,a=mxfp4,lanes=16",
    "dot:w=nvfp4,a=nvfp4,lanes=32": "dot:w=nvfp4,a=nvfp4,lanes=16",
    "dot:w=int4_g128,a=int8,lanes=100": "dot:w=int4_g128,a=int8,lanes=128",
    "dot:w=int8,a=int8,lanes=0": "dot:w=int8,a=int8,lanes=2",
    "dot:w=int8,a=int8,lanes=1": "dot:w=int8,a=int8,lanes=2",
    "dot:w=int8,a=int8,lanes=-4": "dot:w=int8,a=int8,lanes=4",
    "dot:w=int8,a=int8,lanes=1000000000": "dot:w=int8,a=int8,lanes=256",
    "dot:w=int8,a=int8,lanes=257": "dot:w=int8,a=int8,lanes=256",
    "dot:w=int8,a=int8,lanes=four": "dot:w=int8,a=int8",
    "dot:w=int8,a=int8,acc=fp32": "dot:w=int8,a=int8",
    "dot:w=int8,a=int8,align=8": "dot:w=int8,a=int8",
    "dot:w=mxint8,a=mxint8,align=8": "dot:w=mxint8,a=mxint8",
    "dot:w=e4m3,a=e4m3,align=0": "dot:w=e4m3,a=e4m3,align=1",
    "dot:w=e4m3,a=e4m3,align=99999": "dot:w=e4m3,a=e4m3",
    "dot:w=e4m3,a=e4m3,align=-2": "dot:w=e4m3,a=e4m3,align=2",
    "dot:w=e4m3,a=e4m3,align=38": "dot:w=e4m3,a=e4m3",
    "dot:w=e4m3,a=e4m3,fused=yes": "dot:w=e4m3,a=e4m3",
    "dot:w=e4m3,a=e4m3,adder=kogge": "dot:w=e4m3,a=e4m3,adder=kogge,tree=dadda",
    "dot:w=int8,a=int8,acc=exact,terms=3": "dot:w=int8,a=int8,acc=exact,terms=16",
    "dot:w=int16,a=int16,lanes=256": "dot:w=int16,a=int16,lanes=256,acc=exact,pipeline=0",
    "dot:w=mxfp4,a=mxfp4,acc=int32": "dot:w=mxfp4,a=mxfp4",
    "dot:w=fp4_er,a=int8": "dot:w=nf4_g128,a=int8",
    "dot:w=fp3_ea,a=int8": "dot:w=nf4_g128,a=int8",
    "dot:w=abfp8_32,a=int8": "dot:w=abfp8_32,a=abfp8_32",
    "dot:w=abfp8_32,a=abfp8_32,lanes=16": "dot:w=abfp8_32,a=abfp8_32,lanes=32",
    "dot:w=abfp8_32,a=abfp8_32,pipeline=1": "dot:w=abfp8_32,a=abfp8_32,pipeline=0",
    "dot:w=abfp8_32,a=abfp8_32,adc=64": "dot:w=abfp8_32,a=abfp8_32,adc=16",
    "dot:w=abfp8_32,a=abfp8_32,gain=3": "dot:w=abfp8_32,a=abfp8_32",
    "dot:w=abfp8_32,a=abfp8_32,gain=0": "dot:w=abfp8_32,a=abfp8_32,gain=1",
    "dot:w=abfp8_32,a=abfp8_32,acc=exact": "dot:w=abfp8_32,a=abfp8_32",
    "dot:w=abfp8_32,a=abfp8_64": "dot:w=abfp8_32,a=abfp8_32",
    "dot:w=posit32,a=posit32": "dot:w=posit16,a=posit16",
    "dot:w=int8,a=int8,mul=booth,tree=star": "dot:w=int8,a=int8,mul=booth,tree=dadda",
    "dot:w=int8,a=int8,fused=yes,pipeline=3,mul=bw": (
        "dot:w=int8,a=int8,fused=yes,pipeline=2,mul=bw"
    ),
    "lmul:w=int8,a=int8": "lmul:w=e4m3,a=e4m3",
    "lmul:w=e4m3,a=e5m2": "lmul:w=e4m3,a=e4m3",
    "lmul:w=mxfp4,a=mxfp4": "dot:w=mxfp4,a=mxfp4",
    "lmul:w=ue4m3,a=ue4m3": "lmul:w=e4m3,a=e4m3",
    "lmul:w=e8m0,a=e8m0": "lmul:w=e4m3,a=e4m3",
    "lmul:w=e4m3_fnuz,a=e4m3_fnuz": "lmul:w=e4m3,a=e4m3",
    "lmul:w=e5m0,a=e5m0": "lmul:w=e4m3,a=e4m3",
    "lmul:w=e4m3,a=e4m3,mul=booth": "lmul:w=e4m3,a=e4m3",
    "lmul:w=e4m3,a=e4m3,lanes=4": "lmul:w=e4m3,a=e4m3",
    "lmul:w=e4m3,a=e4m3,acc=int32": "lmul:w=e4m3,a=e4m3",
    "lmul:w=nf4,a=nf4": "lmul:w=e4m3,a=e4m3",
    "lmul:w=posit8,a=posit8": "lmul:w=e4m3,a=e4m3",
    "shift:w=int8,a=int8": "mac:w=int8,a=int8",
    "shift:w=e4m3,a=int8": "mac:w=e4m3,a=int8",
    "shift:w=mxfp4,a=int8": "dot:w=mxfp4,a=int8",
    "shift:w=pot4,a=mxfp4": "dot:w=pot4,a=mxfp4",
    "shift:w=apot4,a=e4m3": "mac:w=apot4,a=e4m3",
    "shift:w=pot4,a=e4m3,lanes=4": "shift:w=pot4,a=e4m3",
    "shift:w=pot4,a=int8,mul=booth": "shift:w=pot4,a=int8",
    "shift:w=pot4,a=int8,lanes=100000": "shift:w=pot4,a=int8,lanes=256",
    "shift:w=pot4,a=int8,lanes=0": "shift:w=pot4,a=int8,lanes=1",
    "shift:w=nf4,a=int8": "mac:w=nf4,a=int8",
    "shift:w=uint8,a=int8": "mac:w=uint8,a=int8",
    "shift:w=e8m0,a=int8": "mac:w=e8m0,a=int8",
    "shift:w=posit8,a=int8": "mac:w=posit8,a=int8",
    "shift:w=pot4,a=fp16,fused=save": "shift:w=pot4,a=fp16",
    "shift:w=pot4,a=fp16,acc=int32": "shift:w=pot4,a=fp16",
    "bitplane:w=e4m3,a=int8": "dot:w=e4m3,a=int8,lanes=32",
    "bitplane:w=nf4,a=int8": "dot:w=nf4,a=int8,lanes=32",
    "bitplane:w=ternary,a=mxint8": "dot:w=ternary,a=mxint8",
    "bitplane:w=ternary,a=int8,lanes=1": "bitplane:w=ternary,a=int8,lanes=2",
    "bitplane:w=ternary,a=int8,lanes=1025": "bitplane:w=ternary,a=int8,lanes=1024",
    "bitplane:w=int16,a=int16,lanes=1000": "bitplane:w=int16,a=int16,lanes=64,acc=exact,pipeline=0",
    "bitplane:w=ternary,a=int8,mul=booth": "bitplane:w=ternary,a=int8",
    "bitplane:w=pot4,a=int8": "dot:w=pot4,a=int8,lanes=32",
    "bitplane:w=khot4_2,a=int8": "dot:w=khot4_2,a=int8,lanes=32",
    "bitplane:w=int8,a=e4m3": "dot:w=int8,a=e4m3,lanes=32",
    "bitplane:w=flint4,a=int8": "dot:w=flint4,a=int8,lanes=32",
    "bitplane:w=posit8,a=posit8": "dot:w=posit8,a=posit8,lanes=32",
    "bitplane:w=ternary,a=int8,acc=fp32": "bitplane:w=ternary,a=int8",
    "bitplane:w=int32,a=int8": "bitplane:w=int16,a=int8",
    "composite": "composite:modes=int8_int4_int2",
    "composite:modes=int8": "composite:modes=int8_int4",
    "composite:modes=int4_int8": "composite:modes=int8_int4_int2",
    "composite:mode=int4": "composite:mode=int4,modes=int8_int4_int2",
    "composite:modes=int8_int4,mode=int2": "composite:modes=int8_int4,mode=int8",
    "composite:modes=int8_int4_int2,mode=e4m3": "composite:modes=int8_int4_int2",
    "composite:modes=int8_int4_int2,lanes=1000": "composite:modes=int8_int4_int2,lanes=64",
    "composite:modes=int8_int4_int2,lanes=0": "composite:modes=int8_int4_int2,lanes=1",
    "composite:modes=mxint8_nvint4,lanes=3": "composite:modes=mxint8_nvint4,lanes=2",
    "composite:modes=mxint8_nvint4,lanes=16": "composite:modes=mxint8_nvint4,lanes=8",
    "composite:modes=mxint8_nvint4,lanes=1": "composite:modes=mxint8_nvint4,lanes=2",
    "composite:modes=mxfp8_nvfp4,acc=int32": "composite:modes=mxfp8_nvfp4",
    "composite:modes=mxfp8_nvfp4,lanes=32": "composite:modes=mxfp8_nvfp4,lanes=8",
    "composite:modes=e4m3_e2m1,mul=bw": "composite:modes=e4m3_e2m1",
    "composite:modes=int8_int4_int2,mul=booth": "composite:modes=int8_int4_int2",
    "composite:modes=int8_int4_int2,mul=star": "composite:modes=int8_int4_int2",
    "composite:modes=int8_int4_int2,acc=exact,terms=1": (
        "composite:modes=int8_int4_int2,acc=exact,terms=4"
    ),
    "composite:modes=int8_int4_int2,w=int8": "composite:modes=int8_int4_int2",
    "composite:modes=int8_int4_int2,tree=star": "composite:modes=int8_int4_int2",
    "composite:modes=mxint8_nvint4,fused=yes": "composite:modes=mxint8_nvint4",
    "composite:modes=e4m3_e2m1,fused=yes": "composite:modes=e4m3_e2m1",
    "composite:modes=e4m3_e2m1,acc=exact,fused=save": "composite:modes=e4m3_e2m1,acc=exact",
    "composite:modes=e4m3_e2m1,adder=kogge": "composite:modes=e4m3_e2m1",
    "dot:w=mxfp8_e4m3_tensor,a=int8": "dot:w=mxfp8_e4m3,a=int8",
    "dot:w=int4_g7,a=int4_g5": "dot:w=mxfp4,a=mxfp8_e4m3",
    "dot:w=nf4,a=int8,align=4": "dot:w=nf4,a=int8",
    ":": "mac:w=int8,a=int8",
    ":w=int8": "mac:w=int8,a=int8",
    ",": "mac:w=int8,a=int8",
    "=": "mac:w=int8,a=int8",
    "mac::w=int8": "mac:w=int8,a=int8",
    "mac:w==int8,a=int8": "mac:a=int8,w=int8",
    "mac:w=int8,a=int8,acc=exact,terms=": "mac:w=int8,a=int8,acc=exact",
    "mac:w=int8\\n,a=int8": "mac:w=int8,a=int8",
    "mac:w=$(id),a=int8": "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,acc=`id`": "mac:w=int8,a=int8",
    "": "mac:w=int8,a=int8",
    " ": "mac:w=int8,a=int8",
}
ABSURD = (
    "mac:w=" + "a" * 100_000,
    "x" * 100_000,
    "mac:" + "w=int8," * 10_000,
    "dot:w=int8,a=int8,lanes=" + "9" * 5000,
    "dot:w=int8,a=int8,lanes=" + "9" * 900,
    "mac:w=int" + "9" * 900 + ",a=int8",
    "mac:w=int8,a=int8," + "k" * 900 + "=1",
    "mac:w=int8,a=int8,family=dot,reason=none",
    "mac:w=$(id),a=`id`",
    "mac:w=../../etc/passwd,a=int8",
    "mac:w=int8,a=in\u0663",
    "mac:w=int8\x00,a=int8",
    "mac:w=int8\n,\na=i\nnt8",
    ":::,,,===",
    "",
)


def nearest(spec):
    with pytest.raises(HwdseError) as caught:
        parse(spec)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 2
    found = re.search(r" \(nearest that works: ([a-z0-9_:=,()]+)\)$", message)
    assert found, message
    return found[1], message


@pytest.mark.parametrize("spec", REFUSED)
def test_a_refused_spec_comes_with_the_nearest_that_works(spec):
    other, message = nearest(spec)
    assert other == REFUSED[spec]
    assert parse(other).canonical
    assert len(message) < 400


@pytest.mark.parametrize("spec", ABSURD, ids=range(len(ABSURD)))
def test_whatever_is_given_the_answer_is_short_and_works(spec):
    other, message = nearest(spec)
    assert parse(other).canonical
    assert len(message) < 2500


@pytest.mark.parametrize("family", FAMILIES)
def test_no_key_of_a_family_takes_nonsense(family):
    example = FAMILIES[family].example
    for key, value in split_spec(example, {family: example}).values.items():
        for bad in ("nonsense", "0x10", "-1", "", value.upper() + "!", value + "," + key + "=4"):
            other, _ = nearest(example.replace(f"{key}={value}", f"{key}={bad}"))
            assert parse(other).family in FAMILIES
