"""Proofs for all sequences: a pipelined unit is its combinational core, and its sum is a sum.

Two claims, each decided by z3 through sby, on the unit's RTL and for arbitrary inputs in every
cycle:

* Pipelining, by k-induction. The unit is compared with its core, the same unit without register
  stages, whose inputs are late by the number of stages (a reset in between takes ``in_valid``
  back). The base case runs both from power-up. The step case runs the unit from arbitrary contents
  for as many cycles as its pipeline is long, so that all contents in flight are what its inputs
  made them (the invariant), assumes that both hold the same sum, and shows that all outputs and the
  next sums are the same again.
* Accumulation, of fixed-point sums. The source of terms is left out of the core, and its outputs
  are arbitrary. From arbitrary register contents ``acc`` becomes ``(clear ? 0 : acc) + term``
  modulo ``2**width`` where ``in_valid`` is high and stays elsewhere, where ``term`` is what ``acc``
  becomes if the same element is the first of a sum; likewise ``acc_special``, with *or* in place of
  the sum; and ``out_valid`` becomes ``in_valid and not rst``.

The check enumerates elements as the first of a sum (:mod:`hwdse.verify.check`). Where it has seen
all, the three together are a proof for all sequences of valid codes.

Logic that the unit and its core have in common is merged before the solver sees it, which is why
multipliers of any width close. Where a ``product`` stage changes the shape of a large tree there is
less in common, and time may run out.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace

from hwdse.pe import Design, Unit
from hwdse.pe.accumulate import FixedAccumulator
from hwdse.synth.sby import ENGINE, Answer, check_assertions, require_solver
from hwdse.synth.words import word_netlist
from hwdse.verify.miter import accumulation_miter, base_miter, step_miter
from hwdse.verify.opened import Opened, open_registers

__all__ = ["ACCUMULATION", "PIPELINING", "Claim", "prove", "prove_accumulation", "prove_pipelining"]

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
        ``pipelining`` of units with register stages, ``accumulation`` of those with fixed-point
        sums: float additions are beyond SAT and are tested.

    Raises:
        ExternalToolError: The solver is not installed.
    """
    import rtl

    require_solver()
    if not isinstance(design, Unit) or design.initiation_interval > 1 or design.sums > 1:
        return ()
    unit, core = design, combinational_core(design)
    core_rtlil = rtl.to_rtlil(core)
    claims = []
    if unit.pipeline:
        claims.append(prove_pipelining(unit, rtl.to_rtlil(unit), core_rtlil, seconds=seconds))
    if isinstance(unit.accumulator, FixedAccumulator):
        claims.append(prove_accumulation(core, core_rtlil, seconds=seconds))
    return tuple(claims)


def combinational_core(unit: Unit) -> Unit:
    """The same unit without register stages."""
    return replace(unit, implementation=replace(unit.implementation, registers=()))


def prove_pipelining(unit: Unit, rtlil: str, core_rtlil: str, *, seconds: float) -> Claim:
    """Prove that a unit's RTL is that of its core, ``unit.pipeline`` cycles later."""
    pipe = open_registers(word_netlist(rtlil))
    core = open_registers(word_netlist(core_rtlil))
    miters = [miter(pipe, core, unit.pipeline) for miter in (base_miter, step_miter)]
    method = f"k-induction, k = {unit.pipeline + 2}, by {ENGINE}"
    return _decide(PIPELINING, method, {"pipe": pipe, "core": core}, miters, seconds)


def prove_accumulation(core: Unit, core_rtlil: str, *, seconds: float) -> Claim:
    """Prove that a combinational core's RTL adds its terms, whatever they are."""
    opened = open_registers(word_netlist(core_rtlil, keep=_SOURCE), cut=_SOURCE)
    miters = [accumulation_miter(opened, special=core.accumulator.special)]
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
