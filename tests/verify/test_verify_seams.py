"""Designs of several cycles, several sums, rare results or no sum: right ones pass, bugs do not."""

import itertools
import re
import shutil
from dataclasses import dataclass

import pytest

from hwdse.cli import verify as cli
from hwdse.cli.mutation import LEAST_RATE
from hwdse.errors import HwdseError
from hwdse.synth import sby
from hwdse.verify import drive, induction
from hwdse.verify.check import check_program, compile_rtl
from hwdse.verify.contents import run_from_any_contents
from hwdse.verify.mutation import mutate
from hwdse.verify.stimulus import hard_sequences

from . import tiny
from .tiny import Negation, Pairs, Serial, Tiny, staged

VECTORS = 1 << 12

SERIAL = Serial(tiny.common("uint3", "int3"))
REGISTERED = Serial(tiny.common("uint3", "int3"), implementation=staged("operand", "term"), many=2)
SUMS = Tiny(tiny.common("uint2", "int3"), many=2)
PAIRS = Pairs(tiny.common("uint3", "int3"))
STAGED_SUMS = Tiny(tiny.common("uint2", "int3"), many=3, implementation=staged("operand", "term"))
CONVERTER = Negation(lanes=2)
STAGED_CONVERTER = Negation(registers=("operand",))
RIGHT = [
    SERIAL,
    Serial(tiny.common("uint3", "int3"), implementation=staged("operand")),
    Serial(tiny.common("uint4", "uint2"), implementation=staged("term")),
    REGISTERED,
    SUMS,
    STAGED_SUMS,
    PAIRS,
    Pairs(tiny.common("uint3", "int3"), implementation=staged("operand", "term"), many=2),
    CONVERTER,
    STAGED_CONVERTER,
    Negation(lanes=1),
]

needs_solver = pytest.mark.skipif(
    shutil.which("z3", path=sby.search_path()) is None,
    reason="proofs by induction need z3: pip install 'hwdse[formal]'",
)


def slow(*case):
    return pytest.param(*case, marks=pytest.mark.slow)


@dataclass(frozen=True)
class Rare(Pairs):
    """Results that are rarer still."""

    @property
    def elements_per_result(self):
        return 64


BUGS = [
    (SERIAL, "operands of the cycle before"),
    (REGISTERED, "operands of the cycle before"),
    (SERIAL, "out_valid a cycle early"),
    (REGISTERED, "out_valid a cycle early"),
    (SERIAL, "a partial sum as the result"),
    (REGISTERED, "a partial sum as the result"),
    (SERIAL, "reset leaves the phase standing"),
    (REGISTERED, "reset leaves the phase standing"),
    (SERIAL, "clear read in a hold cycle"),
    (REGISTERED, "clear read in a hold cycle"),
    (SUMS, "both sums alike"),
    (REGISTERED, "both sums alike"),
    (PAIRS, "a clear that restarts no count"),
    (PAIRS, "every element a result"),
    (PAIRS, "a partial sum as the result"),
    (CONVERTER, "lanes the other way round"),
    (CONVERTER, "one bit of any lane is left out"),
    (STAGED_CONVERTER, "an operand that skips its stage"),
]


@pytest.mark.parametrize("design", RIGHT, ids=lambda d: d.canonical)
def test_right_ones_pass(design):
    found = check_program(design, tiny.program(design), "rtl", VECTORS, 1)
    assert found.mismatches == 0, found.first_mismatch
    assert found.vectors >= VECTORS
    assert found.exhaustive is (design.family != "pairs_tiny")


@pytest.mark.parametrize(("design", "bug"), BUGS, ids=lambda v: getattr(v, "canonical", v))
def test_bugs_are_found(design, bug):
    plan = hard_sequences(design, VECTORS, 1)
    _, wrong, message = drive.run_sequences(design, tiny.program(design, bug), plan, 1)
    assert wrong > 0
    assert message.startswith("of codes" if isinstance(design, Negation) else "after element")


@pytest.mark.parametrize("design", [SERIAL, PAIRS, CONVERTER], ids=lambda d: d.family)
def test_faults_are_found(design, monkeypatch):
    tiny.known(monkeypatch)
    found = mutate(design, count=30)
    assert found.mutants == 30
    assert found.rate >= LEAST_RATE, found.survivors


@needs_solver
@pytest.mark.parametrize(
    ("design", "claims", "left_out"),
    [
        (SERIAL, {"accumulation"}, set()),
        slow(REGISTERED, {"accumulation"}, {"pipelining"}),
        slow(PAIRS, {"accumulation"}, set()),
        slow(STAGED_SUMS, {"pipelining", "accumulation"}, set()),
        (CONVERTER, set(), {"everything"}),
        (STAGED_CONVERTER, {"pipelining"}, set()),
    ],
    ids=lambda v: getattr(v, "canonical", ""),
)
def test_what_can_be_proven_is(design, claims, left_out, monkeypatch):
    tiny.known(monkeypatch)
    found = induction.prove(design, seconds=100)
    assert {claim.claim for claim in found} == claims
    assert all(claim.proved for claim in found)
    assert set(induction.untried(design)) == left_out


@needs_solver
def test_a_converter_that_is_not_its_core_is_disproved():
    right, wrong = (
        tiny.rtlil_of(STAGED_CONVERTER, bug) for bug in (None, "an operand that skips its stage")
    )
    core = tiny.rtlil_of(induction.combinational_core(STAGED_CONVERTER))
    assert induction.prove_pipelining(STAGED_CONVERTER, right, core, seconds=100).proved
    assert induction.prove_pipelining(STAGED_CONVERTER, wrong, core, seconds=100).proved is False


@needs_solver
@pytest.mark.slow
def test_a_second_sum_that_is_never_cleared_is_disproved():
    text = tiny.rtlil_of(SUMS)
    at = text.index(" \\accumulator_1\n")
    cleared = "connect \\clear \\clear [0]"
    wrong = text[:at] + text[at:].replace(cleared, "connect \\clear 1'0", 1)
    assert wrong != text
    assert induction.prove_accumulation(SUMS, text, seconds=100).proved
    assert induction.prove_accumulation(SUMS, wrong, seconds=100).proved is False


def test_an_element_alone_shows_nothing_of_rare_results():
    found = check_program(PAIRS, tiny.program(PAIRS), "rtl", 64, 1)
    assert not found.exhaustive
    assert not found.complete
    assert found.method == "tested: corners, random sequences"
    with pytest.raises(HwdseError, match="leave --exhaustive out"):
        cli._enumerable_bits(PAIRS, exhaustive=True)


def test_sums_of_rare_results_are_long_enough():
    rare = Rare(tiny.common("uint3", "int3"))
    for sequence in hard_sequences(rare, 1 << 14, 1):
        starts = [i for i, clear in enumerate(sequence.clear) if clear] + [len(sequence.clear)]
        lengths = [after - before for before, after in itertools.pairwise(starts)]
        assert max(lengths) >= 64
        assert sequence.shape[0] >= 4 * 64


def test_rare_results_go_on_from_any_content():
    compared, wrong, _ = run_from_any_contents(PAIRS, tiny.program(PAIRS), 1)
    assert compared > 1 << 14
    assert wrong == 0
    # The top bit reads as the one below, which no sum of a few terms shows.
    held = r"(connect \\S \\clear \[0\]\n    connect \\A) (\\acc\w*) \[31:0\]"
    wrong, edits = re.subn(held, r"\1 { \2 [30] \2 [30:0] }", tiny.rtlil_of(PAIRS))
    assert edits == 1
    _, wrong, message = run_from_any_contents(PAIRS, compile_rtl(wrong), 1)
    assert wrong > 1 << 8
    assert message.startswith("from random register contents")
