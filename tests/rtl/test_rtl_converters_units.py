"""Converters of all kinds as RTL and as netlists: small ones enumerated, others on many numbers."""

import pytest

import rtl.converters.hadamard
import rtl.converters.shift_unit
import rtl.converters.sround
import rtl.parts.lfsr
import rtl.parts.pair_exp
import rtl.parts.shift_exp
from hwdse.pe import parse
from hwdse.pe.converters.hadamard import Hadamard
from hwdse.pe.converters.pair_exp import table
from hwdse.pe.converters.shift_exp import LARGEST_SUM
from hwdse.verify.check import verify
from hwdse.verify.targets import Target

ENUMERATED = [
    "from=e3m2,to=fp16",
    "from=e3m2,to=fp16,impl=table",
    "from=nf4,to=fp16,lanes=2",
    "from=e8m0,to=fp32",
    "from=fp16,to=e4m3",
    "from=bf16,to=e5m2,rounding=to_odd,pipeline=1",
    "from=fp16,to=int8,rounding=toward_negative",
    "from=bf16,to=e8m0,overflow=nonfinite",
    "from=e5m2,to=ue4m3,overflow=nonfinite,rounding=nearest_away",
    "from=int16,to=fp16",
    "op=requant,from=int8,to=int4,b=4",
    "op=requant,from=int6,to=uint3,b=3,zero=yes,rounding=half_up,pipeline=1",
    "op=requant,from=int5,to=int3_sym,b=4,rounding=nearest_away,zero=yes,pipeline=2",
    "op=hadamard,from=int6,size=2",
    "op=hadamard,from=int4,size=4,to=int4,pipeline=2",
    "op=hadamard,from=e2m1,size=2,to=int8,shift=1,pipeline=1",
    "op=shiftmax,from=int2,size=2,cycles=2,pipeline=1",
    "op=shiftgelu,from=int2,size=1,max=port,x0=2,cycles=2,pipeline=1",
]
# Whose operands are too many to enumerate.
PLAIN = [
    "from=fp32,to=e4m3",
    "from=fp32,to=int8,rounding=toward_positive",
    "from=fp32,to=fp16,pipeline=1",
    "from=fp32,to=mxfp4_b2",
    "from=fp32,to=mxint8_b2_ceil,pipeline=1",
    "from=bf16,to=mxfp8_e4m3_b2,rounding=to_odd,pipeline=2",
    "from=fp16,to=mxfp6_e3m2_b2_round,rounding=toward_negative",
    "from=fp32,to=nvfp4_b1",
    "from=fp32,to=nvfp4_b1_divide,overflow=nonfinite,pipeline=1",
    "from=bf16,to=nvint4_b2_divide_floor,rounding=toward_zero,pipeline=2",
    "op=requant,from=int16,to=int8,b=12,zero=yes",
]
LARGER = [
    *PLAIN,
    "op=sround,from=bf16,to=e4m3,width=8",
    "op=sround,from=fp16,to=int8,width=5,pipeline=1",
    "op=softmax_sum,from=fixed8_4",
    "op=softmax_sum,from=int4,guard=0,pipeline=2",
    "op=hadamard,from=int8,size=4,pipeline=2",
    "op=sround,from=fp32,to=e4m3,pipeline=2",
    "op=softmax_scale,from=int4,cycles=2,pipeline=3",
]


@pytest.mark.parametrize("keys", ENUMERATED)
def test_enumerated(keys):
    found = verify(parse(f"convert:{keys}"), vectors=20_000)
    assert found.exhaustive
    assert found.mismatches == 0, found.first_mismatch


@pytest.mark.parametrize("keys", LARGER)
def test_on_hard_numbers(keys):
    found = verify(parse(f"convert:{keys}"), vectors=16_384)
    assert found.mismatches == 0, found.first_mismatch


SLOW = [
    "from=fp32,to=mxfp4",
    "from=fp32,to=nvfp4",
    "op=requant,from=int32,to=int8",
    *PLAIN,
    "op=shiftgelu,from=int2,size=2,cycles=2,pipeline=2",
    "op=shiftgelu,from=int3,size=1,max=port,x0=2,cycles=1",
    "op=hadamard,from=int6,size=4",
    "op=hadamard,from=int8,size=16",
    "op=hadamard,from=int8,size=32,to=int8,pipeline=5",
    "op=sround,from=fp32,to=e4m3",
    "op=sround,from=fp32,to=bf16,width=16",
    "op=sround,from=fp32,to=e2m1",
    "op=shiftmax,from=int3,size=3,cycles=1,pipeline=3",
    "op=shiftmax,from=int8,size=2,cycles=1",
    "op=shiftmax,from=int8,size=16,cycles=8",
    "op=shiftgelu,from=int8,size=1,max=port,cycles=2",
    "op=shiftgelu,from=int4,size=2,cycles=30,pipeline=1",
    "op=softmax_sum,from=fixed16_8,guard=15",
    "op=softmax_scale,from=fixed8_4,cycles=3",
    "op=softmax_scale,from=fixed12_8,bits=16,cycles=4,pipeline=2",
]


@pytest.mark.slow
@pytest.mark.parametrize("keys", SLOW)
def test_at_length(keys):
    found = verify(parse(f"convert:{keys}"))
    assert found.mismatches == 0, found.first_mismatch


MAPPED = [
    "from=e3m2,to=fp16",
    "from=fp16,to=e4m3,pipeline=1",
    "from=bf16,to=mxfp4_b2",
    "from=bf16,to=nvfp4_b1",
    "op=requant,from=int8,to=int4,b=4,pipeline=2",
    "op=hadamard,from=int8,size=4,pipeline=2",
    "op=sround,from=fp32,to=e4m3,pipeline=1",
    "op=shiftmax,from=int8,size=4,cycles=4,pipeline=2",
    "op=shiftgelu,from=int8,size=2,x0=9,cycles=6,pipeline=1",
    "op=softmax_sum,from=fixed8_4",
    "op=softmax_scale,from=fixed8_4,pipeline=2",
]
QUICK = {
    ("from=e3m2,to=fp16", "nangate45"),
    ("from=fp16,to=e4m3,pipeline=1", "asap7"),
    ("from=bf16,to=mxfp4_b2", "ice40"),
    ("op=requant,from=int8,to=int4,b=4,pipeline=2", "nangate45"),
}
PAIRS = [(keys, target) for keys in MAPPED for target in ("nangate45", "asap7", "ice40")]


@pytest.mark.parametrize(
    ("keys", "target"),
    [pytest.param(*p, marks=() if p in QUICK else pytest.mark.slow) for p in PAIRS],
)
def test_netlists(keys, target):
    found = verify(parse(f"convert:{keys}"), vectors=50_000, target=Target.named(target))
    assert found.mismatches == 0, found.first_mismatch


def mismatches(keys):
    return verify(parse(f"convert:{keys}"), vectors=8192).mismatches


def test_planted_seed(monkeypatch):
    real = rtl.converters.sround.Lfsr
    monkeypatch.setattr(
        rtl.converters.sround, "Lfsr", lambda width, seed: real(width=width, seed=seed ^ 1)
    )
    assert mismatches("op=sround,from=bf16,to=e4m3,width=8") > 0


def test_planted_taps(monkeypatch):
    keys = "op=sround,from=bf16,to=e4m3,width=8"
    # The reference keeps the streams that it has.
    assert mismatches(keys) == 0
    monkeypatch.setitem(rtl.parts.lfsr.TAPS, 8, (8, 6, 5, 3))
    assert mismatches(keys) > 0


def test_planted_butterfly(monkeypatch):
    real = Hadamard.width
    monkeypatch.setattr(
        rtl.converters.hadamard.Hadamard,
        "width",
        lambda self, level: real(self, level) - (level == 2),
    )
    exact = parse("convert:op=hadamard,from=int4,size=4,to=int8,shift=0")
    assert verify(exact, vectors=8192).mismatches > 0


@pytest.mark.slow
def test_planted_limit_of_a_sum(monkeypatch):
    monkeypatch.setattr(rtl.parts.shift_exp, "LARGEST_SUM", LARGEST_SUM >> 9)
    assert mismatches("op=shiftgelu,from=int2,size=1,max=port,x0=2,cycles=1") > 0


@pytest.mark.slow
def test_planted_dividend(monkeypatch):
    monkeypatch.setattr(rtl.converters.shift_unit, "LARGEST_SUM", LARGEST_SUM >> 1)
    assert mismatches("op=shiftmax,from=int2,size=2,cycles=1") > 0


def test_planted_table(monkeypatch):
    words = table()
    monkeypatch.setattr(
        rtl.parts.pair_exp, "table", lambda: (*words[:9], words[9] + 1, *words[10:])
    )
    assert mismatches("op=softmax_sum,from=fixed8_4") > 0
