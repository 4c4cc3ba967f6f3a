"""Proofs for all sequences: a pipelined unit is its combinational core, and its sum is a sum.

Two claims, each decided by z3 through sby, on the unit's RTL and for arbitrary inputs in every
cycle:

* Pipelining, by k-induction. The unit is compared with its core, the same unit without register
  stages, whose inputs are late by the number of stages (a reset in between takes ``in_valid``
  back). The base case runs both from power-up. The step case runs the unit from arbitrary contents
  for as many cycles as its pipeline is long, so that all contents in flight are what its inputs
  made them (the invariant), assumes that both hold the same sum, and shows that all outputs and the
  next sums are the same again. Results that do not stay, as those of converters, are compared where
  ``out_valid`` is high.
* Accumulation, of fixed-point sums. The source of terms is left out of the core, and its outputs
  are arbitrary. From arbitrary register contents ``acc`` becomes ``(clear ? 0 : acc) + term``
  modulo ``2**width`` where ``in_valid`` is high and stays elsewhere, where ``term`` is what ``acc``
  becomes if the same element is the first of a sum; likewise ``acc_special``, with *or* in place of
  the sum; and ``out_valid`` becomes ``in_valid and not rst``. Of several sums each is one. Sources
  that say themselves in which cycles they have terms are taken at their word.

The check enumerates elements as the first of a sum (:mod:`hwdse.verify.check`). Where it has seen
all, and terms depend on nothing but the element, the three together are a proof for all sequences
of valid codes.

Logic that the unit and its core have in common is merged before the solver sees it, which is why
multipliers of any width close. Where a ``product`` stage changes the shape of a large tree there is
less in common, and time may run out.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace

from hwdse.pe import Design, Unit
from hwdse.pe.accumulate import FixedAccumulator
from hwdse.pe.converter import Converter
from hwdse.synth.sby import ENGINE, Answer, check_assertions, require_solver
from hwdse.synth.words import word_netlist
from hwdse.verify.miter import accumulation_miter, base_miter, step_miter
from hwdse.verify.opened import Opened, open_registers

__all__ = [
    "ACCUMULATION",
    "PIPELINING",
    "Claim",
    "combinational_core",
    "prove",
    "prove_accumulation",
    "prove_pipelining",
    "stages_of",
    "untried",
]

PIPELINING = "pipelining"
ACCUMULATION = "accumulation"
# The instance that makes a unit's terms; see ``rtl.top``.
_SOURCE = "multiplier"


@dataclass(frozen=True)
class Claim:
    """What was tried to prove, and what came of it.

    Attributes:
        claim: ``pipelining`` or ``accumulation``.
        proved: None where time ran out.
        method: In a phrase.
        seconds: Wall time.
        counterexample: Where it was disproved.
    """

    claim: str
    proved: bool | None
    method: str
    seconds: float
    counterexample: str | None = None

    def to_json(self) -> dict[str, object]:
        """As JSON-ready values."""
        return asdict(self)


def prove(design: Design, *, seconds: float) -> tuple[Claim, ...]:
    """Prove what can be proven of a unit's RTL for all sequences.

    Args:
        unit: The unit.
        seconds: Limit for each claim.

    Returns:
        ``pipelining`` of designs with register stages, ``accumulation`` of those with fixed-point
        sums; see :func:`untried` for the rest.

    Raises:
        ExternalToolError: The solver is not installed.
    """
    import rtl

    require_solver()
    left_out = untried(design)
    if not isinstance(design, Unit | Converter):
        return ()
    core = combinational_core(design)
    claims = []
    if stages_of(design) and PIPELINING not in left_out:
        rtlils = rtl.to_rtlil(design), rtl.to_rtlil(core)
        claims.append(prove_pipelining(design, *rtlils, seconds=seconds))
    if isinstance(core, Unit) and ACCUMULATION not in left_out:
        claims.append(prove_accumulation(core, rtl.to_rtlil(core), seconds=seconds))
    return tuple(claims)


def untried(design: Design) -> dict[str, str]:
    """What no proof is tried of, by claim, and why: there the evidence is that of the comparison.

    Args:
        design: The design.
    """
    if not isinstance(design, Unit | Converter):
        return {"everything": f"there are no proofs for the family {design.family} as a whole"}
    found = {}
    alone = design.initiation_interval == 1 and design.enumerable
    if stages_of(design) and not (alone and (isinstance(design, Unit) or not design.clears)):
        found[PIPELINING] = "the stages lie around a state that no invariant is known of"
    if isinstance(design, Unit):
        if not isinstance(design.accumulator, FixedAccumulator):
            found[ACCUMULATION] = "float additions are beyond SAT"
    elif not stages_of(design):
        found["everything"] = "a converter without pipeline stages is its own core"
    return found


def stages_of(design: Unit | Converter) -> int:
    """Register stages besides those of the results."""
    return design.pipeline if isinstance(design, Unit) else len(design.registers)


def combinational_core(design: Unit | Converter) -> Unit | Converter:
    """The same design without register stages."""
    if isinstance(design, Converter):
        return replace(design, registers=())
    return replace(design, implementation=replace(design.implementation, registers=()))


def prove_pipelining(
    design: Unit | Converter, rtlil: str, core_rtlil: str, *, seconds: float
) -> Claim:
    """Prove that a design's RTL is that of its core, as many cycles later as it has stages."""
    pipe = open_registers(word_netlist(rtlil))
    core = open_registers(word_netlist(core_rtlil))
    stages = stages_of(design)
    miters = [m(pipe, core, stages, holds=design.holds) for m in (base_miter, step_miter)]
    method = f"k-induction, k = {stages + 2}, by {ENGINE}"
    return _decide(PIPELINING, method, {"pipe": pipe, "core": core}, miters, seconds)


def prove_accumulation(core: Unit, core_rtlil: str, *, seconds: float) -> Claim:
    """Prove that a combinational core's RTL adds its terms, whatever they are."""
    opened = open_registers(word_netlist(core_rtlil, keep=_SOURCE), cut=_SOURCE)
    miters = [accumulation_miter(opened, special=core.accumulator.special, sums=core.sums)]
    return _decide(
        ACCUMULATION, f"all contents and terms, by {ENGINE}", {"core": opened}, miters, seconds
    )


def _decide(
    claim: str, method: str, opened: dict[str, Opened], miters: list[str], seconds: float
) -> Claim:
    """Check miters one after another, until one fails or time runs out."""
    start = time.perf_counter()
    design = {name: part.module for name, part in opened.items()}
    answer = Answer(None)
    for miter in miters:
        left = seconds - (time.perf_counter() - start)
        answer = check_assertions(design, miter, seconds=left) if left > 0 else Answer(None)
        if not answer.holds:
            break
    shown = None
    if answer.holds is False:
        shown = ", ".join(f"{name}={value:#x}" for name, value in sorted(answer.inputs.items()))
    return Claim(claim, answer.holds, method, time.perf_counter() - start, shown)
