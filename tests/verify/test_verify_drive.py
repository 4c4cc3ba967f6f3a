"""How units are driven: reset in mid-stream, random contents at first, lanes side by side."""

import itertools

import numpy as np
import pytest

from hwdse.pe import parse
from hwdse.verify import drive, shares
from hwdse.verify.check import check_program
from hwdse.verify.contents import run_from_any_contents
from hwdse.verify.stimulus import Sequence, all_pairs, combinations, hard_sequences, steady_corners

from . import units

SPECS = ["mac:w=int3,a=uint3,acc=exact,terms=32", "mac:w=e2m1,a=e2m1,acc=fp16,pipeline=2"]
VECTORS = 1 << 13


def resets(module):
    """Each multiplexer by which reset clears a valid bit, by name."""
    reset = module["ports"]["rst"]["bits"]
    return [n for n, c in module["cells"].items() if c["connections"].get("S") == reset]


def without_reset(module, name):
    pins = module["cells"][name]["connections"]
    wire = {"type": "$_BUF_", "connections": {"A": pins["A"], "Y": pins["Y"]}}
    return module | {"cells": module["cells"] | {name: wire}}


@pytest.mark.parametrize("spec", SPECS)
def test_a_valid_bit_that_is_not_reset_is_found(spec):
    unit, module = parse(spec), units.gates(spec)
    names = resets(module)
    assert len(names) == 1 + unit.pipeline
    for name in names:
        program = units.compiled(without_reset(module, name))
        _, wrong, _ = drive.run_sequences(unit, program, hard_sequences(unit, VECTORS, 1), 1)
        assert wrong > 0, name


@pytest.mark.parametrize("spec", SPECS)
def test_no_sum_depends_on_what_registers_hold_at_first(spec):
    """Registers start at random, so hardware that leans on zeros is found: here a lost clear."""
    unit = parse(spec)
    first = Sequence(
        codes={o.name: np.full((1, 64), 1) for o in unit.operands},
        clear=np.array([False]),
        gaps=False,
    )
    _, wrong, _ = drive.run_sequences(unit, units.program(spec), [first], 1)
    assert wrong > 32


@pytest.mark.parametrize("spec", SPECS)
def test_resets_come_while_elements_are_on_their_way(spec):
    unit = parse(spec)
    batch = next(drive.batches(unit, hard_sequences(unit, 1 << 15, 1)))
    timeline = drive._timeline(batch, unit, np.random.default_rng(1))
    at = [cycle for cycle, now in enumerate(timeline) if now.reset]
    assert at
    for cycle in at:
        lost = timeline[cycle - unit.latency + 1 : cycle + 1]
        assert all(now.valid and not now.completes for now in lost)
        following = next(now for now in timeline[cycle + 1 :] if now.completes)
        assert following.clear
    assert [now.shown for now in timeline if now.completes] == list(range(len(batch.clear)))
    assert any(not now.valid for now in timeline)


@pytest.mark.parametrize("spec", [*SPECS, "dot:w=int2,a=int3,lanes=3"])
def test_side_by_side_is_the_same_as_one_by_one(spec):
    unit = parse(spec)
    sequences = list(hard_sequences(unit, 1 << 18, 1))
    assert len(sequences) > 1
    together = list(drive.batches(unit, sequences))
    assert len(together) < len(sequences)
    planes = {
        name: np.concatenate([b.expected[name] for b in together], axis=2)
        for name in together[0].expected
    }
    alone = [next(drive.batches(unit, [s])) for s in sequences]
    for name, each in planes.items():
        assert (each == np.concatenate([b.expected[name] for b in alone], axis=2)).all()
    assert sum(b.vectors for b in together) == sum(s.vectors for s in sequences)


@pytest.mark.parametrize("columns", [1, 63, 65, 100])
def test_lanes_that_fill_no_word(columns):
    unit = parse(SPECS[0])
    whole = next(hard_sequences(unit, 1 << 13, 1))
    part = whole.columns(slice(0, columns))
    compared, wrong, _ = drive.run_sequences(unit, units.program(SPECS[0]), [part, whole], 1)
    assert (compared, wrong) == (part.vectors + whole.vectors, 0)


def test_a_mismatch_is_told_by_its_codes():
    unit = parse("dot:w=int2,a=int3,lanes=2")
    program = units.program("dot:w=int2,a=uint3,lanes=2")
    codes = {"w": np.zeros((1, 64, 2), dtype=np.int64), "a": np.zeros((1, 64, 2), dtype=np.int64)}
    codes["w"][0, 5] = (1, 1)
    codes["a"][0, 5] = (0, 7)
    sequence = Sequence(codes=codes, clear=np.array([True]), gaps=False)
    compared, wrong, message = drive.run_sequences(unit, program, [sequence], 1)
    assert (compared, wrong) == (64, 1)
    assert message == "after element 1 of a sum; last codes w=[[1, 1]], a=[[0, 7]]"


@pytest.mark.parametrize(
    "spec", ["mac:w=int8,a=int12", "mac:w=e5m2,a=posit8", "mac:w=ternary,a=int12"]
)
def test_parts_of_an_enumeration_make_the_whole(spec):
    unit = parse(spec)
    total = combinations(unit)
    edges = [0, 64, 4096, total // 2 // 64 * 64, total]
    seen = []
    for first, last in itertools.pairwise(edges):
        for sequence in all_pairs(unit, first, last):
            assert sequence.clear.all()
            words = sequence.codes["w"] | sequence.codes["a"] << 16
            seen.append(words.ravel())
    pairs = np.concatenate(seen)
    assert len(np.unique(pairs)) == total <= len(pairs) < total + 64


def test_processes_find_what_one_finds(monkeypatch):
    """A wrong unit, too: the same vectors, the same mismatches, the same first one."""
    monkeypatch.setattr(shares, "_SHARE", 1 << 12)
    unit, wrong = parse("mac:w=int4,a=int4"), parse("mac:w=int4,a=uint4")
    program = units.program("mac:w=int4,a=int4")
    for checked in (unit, wrong):
        one, two = (
            check_program(checked, program, "rtl", 1 << 15, 1, jobs=jobs) for jobs in (1, 2)
        )
        assert one.vectors == two.vectors >= 1 << 15
        assert one.mismatches == two.mismatches
        assert one.first_mismatch == two.first_mismatch
        assert (one.mismatches == 0) is (checked is unit)


def test_every_kind_of_stimulus_is_compared(monkeypatch):
    unit, program = parse(SPECS[0]), units.program(SPECS[0])
    steady = sum(s.vectors for s in steady_corners(unit, 1))
    steady += run_from_any_contents(unit, program, 1)[0]
    monkeypatch.setattr(shares, "_SHARE", 1 << 12)
    seen = []
    done = shares.compare(
        unit,
        program,
        vectors=VECTORS,
        exhaustive=True,
        seed=1,
        jobs=1,
        on_progress=seen.append,
    )
    assert done[0] == steady + VECTORS + combinations(unit)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
