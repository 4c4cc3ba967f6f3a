"""Everything that is measured on one mapped netlist; figures and explanations are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass

from hwdse.cost.conditions import Conditions
from hwdse.cost.energy import Energy, measure_energy, settled_toggles
from hwdse.errors import ExternalToolError
from hwdse.pe import Design
from hwdse.synth import flow
from hwdse.synth.glitch import Delays, compile_events, timed_delays, unit_delays
from hwdse.synth.netlist import Netlist, cell_models, read_netlist
from hwdse.synth.power import EnergyWeights, energy_weights, leakage_uw
from hwdse.synth.simulate import Program
from hwdse.synth.timing import Timing, analyse_timing
from hwdse.tech.model import Technology
from hwdse.verify.check import Verification, check_program, compile_mapped

__all__ = ["Analysis", "analyse"]

# What a mapped netlist must get right before it is costed: random elements, and all operand pairs
# of up to so many bits. `hwdse verify` goes further, which takes a minute at 24 bits.
CHECK_VECTORS = 1 << 16
CHECK_BITS = 16


@dataclass(frozen=True, eq=False)
class Analysis:
    """Measurements on one netlist.

    Attributes:
        netlist: Of the technology's cells.
        outputs: Output pins of each kind of cell in it.
        checked: How it was compared with the unit's reference.
        timing: Its static timing.
        weights: Energy per transition of each net.
        activity: How transitions were counted, in words.
        delays: Those of the glitch simulation; None without.
        energy: Its dynamic energy per cycle.
        leakage_uw: Its leakage.
        period_ps: Clock period that leakage is charged for.
    """

    netlist: Netlist
    outputs: dict[str, tuple[str, ...]]
    checked: Verification
    timing: Timing
    weights: EnergyWeights
    activity: str
    delays: Delays | None
    energy: Energy
    leakage_uw: float
    period_ps: float

    @property
    def leakage_fj(self) -> float:
        """Leakage of one cycle."""
        return self.leakage_uw * self.period_ps * 1e-3


def checked_program(
    unit: Design, netlist: Netlist, technology: Technology
) -> tuple[Program, Verification]:
    """A mapped netlist for simulation, once it has computed what the unit does.

    Raises:
        ExternalToolError: It has not.
    """
    program = compile_mapped(netlist, technology)
    checked = check_program(
        unit, program, technology.name, CHECK_VECTORS, seed=1, enumerable_bits=CHECK_BITS
    )
    if checked.mismatches:
        raise ExternalToolError(
            f"{unit.canonical}: the netlist mapped to {technology.name} differs from its reference "
            f"{checked.first_mismatch}; run `hwdse verify` on it"
        )
    return program, checked


def analyse(
    unit: Design, technology: Technology, mapped: flow.Mapped, conditions: Conditions
) -> Analysis:
    """Check a netlist against the unit's reference, then measure it.

    Raises:
        ExternalToolError: It does not compute what the unit does.
    """
    netlist = read_netlist(mapped.netlist)
    program, checked = checked_program(unit, netlist, technology)
    timing = analyse_timing(netlist, technology)
    toggles = settled_toggles(unit, program, conditions.drawn)
    weights = energy_weights(netlist, technology, timing, toggles)
    delays = _delays(conditions.activity, program, technology, timing)
    models = cell_models(technology, {instance.kind for instance in netlist.instances})
    events = None if delays is None else compile_events(program, models, delays)
    return Analysis(
        netlist=netlist,
        outputs={kind: tuple(model.outputs) for kind, model in models.items()},
        checked=checked,
        timing=timing,
        weights=weights,
        activity=_in_words(conditions.activity, delays),
        delays=delays,
        energy=measure_energy(
            unit, program, events, weights, conditions.drawn, conditions.confidence
        ),
        leakage_uw=leakage_uw(netlist, technology),
        period_ps=timing.delay_ps if conditions.clock_ns is None else conditions.clock_ns * 1e3,
    )


def _delays(
    activity: str, program: Program, technology: Technology, timing: Timing
) -> Delays | None:
    if activity == "zero-delay":
        return None
    if activity == "unit-delay":
        return unit_delays(program.netlist.net_count)
    return timed_delays(program, technology, timing)


def _in_words(activity: str, delays: Delays | None) -> str:
    if delays is None:
        return "zero-delay (no glitches)"
    if delays.step_ps is None:
        return "unit-delay, glitches included (every cell takes one step)"
    return (
        f"{activity}, glitches included (inertial cell delays from the tables in steps of "
        f"{delays.step_ps:.3g} ps)"
    )
