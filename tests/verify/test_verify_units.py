"""Reference, RTL and mapped netlists agree: more than a million elements, all pairs where few."""

import os

import pytest

from hwdse.pe import parse
from hwdse.verify import check
from hwdse.verify.targets import Target

DEFAULT = {
    "mac:w=int8,a=int8": True,
    "mac:w=int4,a=uint8,acc=exact,pipeline=1": True,
    "mac:w=e4m3,a=e4m3": True,
    "mac:w=e5m2,a=e5m2,acc=exact": True,
    "dot:w=int4,a=int8,lanes=4": False,
    "lmul:w=e4m3,a=e4m3": True,
}
SLOW = {
    "dot:w=int4,a=int8,lanes=16": False,
    "mac:w=int16,a=int16": False,
    "mac:w=uint1,a=int1,pipeline=2": True,
    "mac:w=uint8,a=uint8,acc=exact,terms=3,pipeline=2": True,
    "mac:w=e4m3,a=e4m3,acc=fp16,pipeline=1": True,
    "mac:w=e4m3,a=e4m3,acc=bf16,pipeline=2": True,
    "mac:w=e4m3,a=e4m3,acc=exact,pipeline=2": True,
    "mac:w=e5m2,a=e4m3,acc=fp32,pipeline=1": True,
    "mac:w=e5m2,a=e5m2,acc=fp16": True,
    "mac:w=e3m2,a=e2m3,acc=fp32": True,
    "mac:w=e2m1,a=e2m1,acc=exact,terms=32": True,
    "mac:w=e5m0,a=e1m6,acc=bf16": True,
    "mac:w=fp16,a=fp16,acc=fp32,pipeline=1": False,
    "mac:w=fp16,a=fp16,acc=fp16": False,
    "mac:w=fp16,a=e4m3,acc=exact,terms=16": True,
    "mac:w=bf16,a=bf16,acc=fp32": False,
    "mac:w=bf16,a=bf16,acc=bf16,pipeline=2": False,
    "mac:w=fp32,a=fp32,acc=fp32,pipeline=1": False,
    "mac:w=fp32,a=fp32,acc=fp16": False,
    "dot:w=uint2,a=int2,lanes=4,acc=exact,terms=16,pipeline=1": True,
    "dot:w=int8,a=int8,lanes=8,pipeline=2": False,
    "lmul:w=e5m2,a=e5m2,acc=exact,pipeline=1": True,
    "lmul:w=e3m4,a=e3m4,acc=bf16": True,
    "lmul:w=fp16,a=fp16,acc=fp32,pipeline=2": False,
    "lmul:w=bf16,a=bf16,acc=fp32": False,
}
SPECS = [pytest.param(*item) for item in DEFAULT.items()]
SPECS += [pytest.param(*item, marks=pytest.mark.slow) for item in SLOW.items()]


@pytest.mark.parametrize("target", ["rtl", "nangate45", "asap7"])
@pytest.mark.parametrize(("spec", "exhaustive"), SPECS)
def test_hardware_is_the_reference(spec, exhaustive, target):
    unit = parse(spec)
    result = check.verify(unit, target=Target.named(target))
    assert result.mismatches == 0, result.first_mismatch
    assert result.first_mismatch is None
    pairs = 1 << (unit.lanes * (unit.w.bits + unit.a.bits))
    assert result.exhaustive is exhaustive is (pairs <= 1 << 24)
    assert result.vectors >= 1_000_000 + (pairs if exhaustive else 0)
    assert result.spec == unit.canonical
    assert result.target == target
    assert result.proved is False
    assert result.to_json()["vectors"] == result.vectors
    assert result.seconds > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "spec",
    [
        "mac:w=fp16,a=int10,acc=fp32",
        "mac:w=int16,a=int12",
        "mac:w=int16,a=int16,acc=exact,terms=16",
    ],
)
def test_enumeration_up_to_32_bits(spec):
    """The last takes minutes on four cores."""
    unit = parse(spec)
    result = check.verify(
        unit, enumerable_bits=check.EXHAUSTIVE_BITS, jobs=os.cpu_count() or 1, vectors=1
    )
    assert result.exhaustive
    assert result.mismatches == 0, result.first_mismatch
    assert result.vectors >= 1 << result.input_bits >= 1 << 26


def test_the_seed_decides_the_vectors():
    from hwdse.verify.stimulus import hard_sequences

    unit = parse("mac:w=e4m3,a=e4m3")
    one, same, other = (next(hard_sequences(unit, 4096, seed)) for seed in (1, 1, 2))
    assert (one.codes["w"] == same.codes["w"]).all()
    assert (one.codes["a"] == same.codes["a"]).all()
    assert (one.clear == same.clear).all()
    assert (one.codes["w"] != other.codes["w"]).any()


@pytest.mark.parametrize("spec", DEFAULT)
def test_stimuli_are_what_they_claim(spec):
    """All pairs are all pairs; hard sequences restart, leave gaps, and reach the extremes."""
    from hwdse.verify.stimulus import all_pairs, hard_sequences, steady_corners

    unit = parse(spec)
    if DEFAULT[spec]:
        seen = {
            pair
            for sequence in all_pairs(unit)
            for pair in zip(
                sequence.codes["w"].ravel().tolist(),
                sequence.codes["a"].ravel().tolist(),
                strict=True,
            )
        }
        assert len(seen) == 1 << (unit.w.bits + unit.a.bits)
    (steady,) = steady_corners(unit, 1)
    assert (steady.codes["w"] == steady.codes["w"][0]).all()
    assert steady.clear.sum() == 1
    sequence = next(hard_sequences(unit, 20_000, 1))
    assert sequence.gaps
    assert sequence.clear[0]
    assert 1 < sequence.clear.sum() < len(sequence.clear) / 2
    for fmt, codes in ((unit.w, sequence.codes["w"]), (unit.a, sequence.codes["a"])):
        assert set(fmt.codes().tolist()) == set(codes.ravel().tolist())
