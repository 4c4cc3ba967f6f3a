"""Composite units: hardware is the reference in every mode, and the corners of each are tried."""

import numpy as np
import pytest

import rtl
from hwdse.export.elements import element_sequences
from hwdse.pe import parse
from hwdse.pe.composite import SCHEMES
from hwdse.verify import check
from hwdse.verify.codes import neighbourhood
from hwdse.verify.stimulus import corner_pairs, hard_sequences, steady_corners
from hwdse.verify.targets import Target, compile_rtl
from rtl import composite
from rtl.parts import packed

from . import units

VECTORS = 1 << 13
# Whether all words are tried, in all modes.
UNITS = {
    "composite:modes=int8_int4_int2": True,
    "composite:modes=int8_int4_int2,lanes=3,acc=exact,fused=yes,tree=wallace,pipeline=2": False,
    "composite:modes=int8_int4,fused=save,adder=brent,pipeline=1": True,
    "composite:modes=e4m3_e2m1": True,
    "composite:modes=e4m3_e2m1,lanes=3,acc=exact": False,
    "composite:modes=mxint8_nvint4": False,
    "composite:modes=mxint8_nvint4,lanes=2,acc=bf16,adder=ripple,pipeline=1": False,
    "composite:modes=mxfp8_nvfp4,lanes=2,tree=star,pipeline=1": False,
    "composite:modes=mxfp8_nvfp4": False,
}
CASES = [("rtl", spec) for spec in UNITS] + [
    ("nangate45", "composite:modes=int8_int4_int2"),
    ("nangate45", "composite:modes=e4m3_e2m1"),
    ("asap7", "composite:modes=mxint8_nvint4,lanes=2"),
    ("asap7", "composite:modes=mxfp8_nvfp4,lanes=2"),
]
SLOW = {case for case in CASES if case[0] != "rtl"} | {
    ("rtl", "composite:modes=mxint8_nvint4"),
    ("rtl", "composite:modes=mxfp8_nvfp4"),
    ("rtl", "composite:modes=e4m3_e2m1,lanes=3,acc=exact"),
}


@pytest.mark.parametrize(
    ("target", "spec"),
    [pytest.param(*case, marks=[pytest.mark.slow] * (case in SLOW)) for case in CASES],
)
def test_hardware_is_the_reference(target, spec):
    unit = parse(spec)
    result = check.verify(unit, target=Target.named(target), vectors=VECTORS)
    assert result.mismatches == 0, result.first_mismatch
    assert result.exhaustive is UNITS.get(spec, False)
    pairs = len(unit.modes) << 16 if result.exhaustive else 0
    assert result.vectors >= VECTORS + pairs


def lanes_by_mode(unit, sequence):
    """Codes of weights and activations in each mode, one row per element."""
    found = []
    for index in range(len(unit.modes)):
        here = sequence.codes["mode"] == index
        sides = (o for o in unit.operands if o.name in ("w", "a"))
        found.append(
            [o.unpacked(index, sequence.codes[o.name][here]).reshape(here.sum(), -1) for o in sides]
        )
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
def test_corners_of_every_mode_occur_in_every_lane(scheme):
    unit = parse(f"composite:modes={scheme}")
    sequence = next(iter(hard_sequences(unit, 1 << 18, 1)))
    for index, (w, a) in enumerate(lanes_by_mode(unit, sequence)):
        corners = neighbourhood(unit.operands[1].view(index).format)
        for codes in (w, a):
            for lane in codes.T:
                assert set(corners) <= set(lane.tolist())


def test_hardest_products_occur():
    unit = parse("composite:modes=int8_int4_int2")
    sequence = next(iter(hard_sequences(unit, 1 << 18, 1)))
    for (w, a), least in zip(lanes_by_mode(unit, sequence), (0x80, 0x8, 0x2), strict=True):
        assert ((w == least) & (a == least)).any(axis=0).all()
    steady = next(iter(steady_corners(unit, 1)))
    for (w, a), least in zip(lanes_by_mode(unit, steady), (0x80, 0x8, 0x2), strict=True):
        assert ((w == least) & (a == least)).all(axis=1).any()
    floats = parse("composite:modes=e4m3_e2m1")
    sequence = next(iter(hard_sequences(floats, 1 << 18, 1)))
    (w, a), _ = lanes_by_mode(floats, sequence)
    assert ((w & 0x7F == 0x7F) & (a & 0x7F != 0x7F)).any()


def test_modes_change_within_sums_and_stay():
    unit = parse("composite:modes=int8_int4_int2")
    mode = next(iter(hard_sequences(unit, 1 << 16, 1))).codes["mode"]
    steady = (mode == mode[0]).all(axis=0)
    assert 0.3 < steady.mean() < 0.7
    assert set((mode[:-1] * 3 + mode[1:]).ravel().tolist()) == set(range(9))


def test_only_codes_of_the_mode_are_drawn():
    unit = parse("composite:modes=mxint8_nvint4,lanes=2")
    for sequence in (corner_pairs(unit), *hard_sequences(unit, 1 << 14, 1)):
        _, (w, a) = lanes_by_mode(unit, sequence)
        assert (w != 8).all()
        assert (a != 8).all()
        assert set(np.unique(sequence.codes["mode"]).tolist()) == {0, 1}


def test_golden_vectors_have_all_modes():
    unit = parse("composite:modes=e4m3_e2m1")
    sequences = list(element_sequences(unit, vectors=2000, seed=1))
    modes = np.concatenate([s.codes["mode"].ravel() for s in sequences])
    assert set(modes.tolist()) == {0, 1}


def wrong_constant(constants):
    """The narrowest lanes' sum too large by one."""

    def spoilt(word_bits, lanes):
        *right, last = constants(word_bits, lanes)
        return [*right, last + (1 << packed.packed_shift(word_bits, lanes[-1]))]

    return spoilt


def late_gate(modes):
    """Partial products of the narrowest mode let through one too many."""

    def spoilt(word_bits, lanes, i, j):
        passing, inverted = modes(word_bits, lanes, i, j)
        return (3, inverted) if (i, j) == (2, 2) else (passing, inverted)

    return spoilt


PLANTED = {
    "constant": (packed, "_constants", wrong_constant),
    "gate": (packed, "_modes", late_gate),
    "lane order": (packed, "_reversed", lambda right: lambda m, a, f, n, s: [a] * len(n)),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_planted_bugs_are_found(monkeypatch, bug):
    unit = parse("composite:modes=int8_int4_int2")
    module, name, spoil = PLANTED[bug]
    monkeypatch.setattr(module, name, spoil(getattr(module, name)))
    program = compile_rtl(rtl.to_rtlil(unit))
    _, wrong = units.short_check(unit, program)
    assert wrong > 0


def test_a_planted_bug_of_blocks_is_found(monkeypatch):
    unit = parse("composite:modes=mxfp8_nvfp4,lanes=2")
    select = composite.select
    monkeypatch.setattr(composite, "select", lambda flags, values: select(flags, values) ^ 4)
    program = compile_rtl(rtl.to_rtlil(unit))
    _, wrong = units.short_check(unit, program, enumerate_pairs=False)
    assert wrong > 0
