"""Pipelined units are their cores, and sums are sums; planted bugs are disproved."""

import re
import shutil

import pytest

import rtl
from hwdse.errors import ExternalToolError
from hwdse.pe import Unit, parse
from hwdse.pe.converter import Converter
from hwdse.synth import sby
from hwdse.verify import induction
from hwdse.verify.catalogue import CATALOGUE

needs_solver = pytest.mark.skipif(
    shutil.which("z3", path=sby.search_path()) is None,
    reason="proofs by induction need z3: pip install 'hwdse[formal]'",
)

PIPELINED = "mac:w=int8,a=int8,pipeline=2"
SPECIAL = "mac:w=e5m2,a=e2m1,acc=exact,terms=32"
STAGED = "shift:w=khot8_2,a=int8,tree=dadda,registers=product"
MORE = [
    SPECIAL,
    "mac:w=int16,a=int16,mul=booth,tree=dadda,adder=kogge,registers=operand_product_term",
    "mac:w=int8,a=int8,mul=bw,tree=wallace,fused=save,registers=operand_term",
    "mac:w=fp16,a=fp16,acc=exact,pipeline=2",
    *CATALOGUE,
]

# A `product` stage splits this tree of 64 products in three: too little is left in common.
OPEN = {"bitplane:w=bipolar2,a=bipolar2,lanes=64,tree=wallace,pipeline=3"}


def claims(spec):
    unit = parse(spec)
    proofs = {claim.claim: claim for claim in induction.prove(unit, seconds=300)}
    for claim in proofs.values():
        print(f"{spec}: {claim.claim} in {claim.seconds:.1f} s, {claim.method}")
    return unit, proofs


def require_proven(spec):
    unit, proofs = claims(spec)
    wanted = set()
    if isinstance(unit, Unit | Converter) and induction.stages_of(unit):
        wanted.add("pipelining")
    if isinstance(unit, Unit):
        wanted.add("accumulation")
    left_out = set(induction.untried(unit))
    assert set(proofs) == wanted - left_out
    if isinstance(unit, Unit):
        assert ("accumulation" in left_out) is (unit.common.acc not in ("int32", "exact"))
    open_ = {"pipelining"} if spec in OPEN else set()
    assert all(claim.proved or name in open_ for name, claim in proofs.items()), proofs
    assert not any(claim.proved is False for claim in proofs.values())
    assert all(claim.counterexample is None for claim in proofs.values())


@needs_solver
@pytest.mark.parametrize("spec", [PIPELINED, STAGED])
def test_units_are_proven(spec):
    require_proven(spec)


@needs_solver
@pytest.mark.slow
@pytest.mark.parametrize("spec", MORE)
def test_more_units_are_proven(spec):
    require_proven(spec)


def slow(case, late=True):
    return pytest.param(case, marks=pytest.mark.slow) if late else case


def edited(text, old, new, times=1):
    assert text.count(old) == times, old
    return text.replace(old, new)


def without_reset(text):
    """The last stage's valid bit is not reset."""
    process = "assign $2 [0] \\operand_valid [0]\n    switch \\rst [0]"
    return edited(text, process, process.replace("\\rst [0]", "1'0"))


PIPELINE_BUGS = {
    "clear is not delayed": lambda text: edited(
        text, "connect \\D \\operand_clear [0]", "connect \\D \\clear [0]"
    ),
    "valid skips a stage": lambda text: edited(
        text, "assign $2 [0] \\operand_valid [0]", "assign $2 [0] \\in_valid [0]"
    ),
    "an operand skips a stage": lambda text: edited(
        text, "connect \\a \\operand_a [7:0]", "connect \\a \\a [7:0]"
    ),
    "out_valid is a cycle late": lambda text: edited(
        edited(text, "assign $3 [0] \\term_valid [0]", "assign $3 [0] \\late"),
        "  cell $dff $14\n",
        "  cell $dff \\late_register\n    parameter \\WIDTH 1\n    parameter \\CLK_POLARITY 1\n"
        "    connect \\D \\term_valid\n    connect \\CLK \\clk\n    connect \\Q \\late\n  end\n\n"
        "  cell $dff $14\n",
    ).replace(
        "  wire width 1 \\operand_valid\n", "  wire width 1 \\operand_valid\n\n  wire \\late\n"
    ),
    "a stage is not reset": without_reset,
}


@needs_solver
@pytest.mark.parametrize(
    "bug",
    [
        "clear is not delayed",
        "an operand skips a stage",
        "out_valid is a cycle late",
        slow("valid skips a stage"),
        slow("a stage is not reset"),
    ],
)
def test_bugs_in_the_pipeline_are_disproved(bug):
    unit = parse(PIPELINED)
    core = rtl.to_rtlil(induction.combinational_core(unit))
    wrong = PIPELINE_BUGS[bug](rtl.to_rtlil(unit))
    claim = induction.prove_pipelining(unit, wrong, core, seconds=300)
    assert claim.proved is False
    assert "t0_in_valid=" in claim.counterexample


@needs_solver
@pytest.mark.slow
def test_another_number_of_stages_is_disproved():
    unit = parse("mac:w=int4,a=int4,pipeline=1")
    core = rtl.to_rtlil(induction.combinational_core(unit))
    longer = rtl.to_rtlil(parse("mac:w=int4,a=int4,pipeline=2"))
    assert induction.prove_pipelining(unit, longer, core, seconds=300).proved is False


SUM_BUGS = {
    "a carry is lost": (
        "mac:w=int8,a=int8",
        r"(connect \\S \\clear \[0\]\n    connect \\A) (\\acc\w*) \[31:0\]",
        r"\1 { 1'0 \2 [30:0] }",
    ),
    "enable is ignored": (
        "mac:w=int8,a=int8",
        r"switch \\enable \[0\]",
        "switch 1'1",
    ),
    "specials do not stick": (
        SPECIAL,
        r"(connect \\S \\clear \[0\]\n    connect \\A) \\\w*special\w* \[1:0\]",
        r"\1 2'00",
    ),
}


@needs_solver
@pytest.mark.parametrize("bug", [slow(bug, bug != "a carry is lost") for bug in SUM_BUGS])
def test_bugs_in_the_accumulator_are_disproved(bug):
    spec, old, new = SUM_BUGS[bug]
    core = parse(spec)
    wrong, edits = re.subn(old, new, rtl.to_rtlil(core))
    assert edits == 1
    claim = induction.prove_accumulation(core, wrong, seconds=300)
    assert claim.proved is False
    assert "content0=" in claim.counterexample


@needs_solver
def test_time_that_runs_out_proves_nothing():
    unit = parse(PIPELINED)
    (first, second) = induction.prove(unit, seconds=0.01)
    assert first.proved is None
    assert second.proved is None


def test_without_the_solver_the_way_to_it_is_named(monkeypatch):
    monkeypatch.setattr(sby, "search_path", lambda: "")
    with pytest.raises(ExternalToolError, match=r"pip install 'hwdse\[formal\]'"):
        induction.prove(parse(PIPELINED), seconds=1)
