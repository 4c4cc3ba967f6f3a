"""Delays, transitions and setup times of a Liberty pin."""

from __future__ import annotations

from collections.abc import Sequence

from hwdse.tech import tables
from hwdse.tech.boolean import Ast, sense, variables
from hwdse.tech.liberty import Group
from hwdse.tech.model import Arc, Constraint, ConstraintTable, Table
from hwdse.tech.units import Header

__all__ = ["read_arcs", "read_setup", "worst_mid_setup"]

_COMBINATIONAL = {"combinational", "combinational_rise", "combinational_fall"}
_SENSES = ("positive_unate", "negative_unate", "non_unate")
_SETUP = ("setup_rising", "setup_falling")
_OTHER = {
    "cell_rise": "cell_fall",
    "cell_fall": "cell_rise",
    "rise_transition": "fall_transition",
    "fall_transition": "rise_transition",
}


def read_arcs(
    header: Header, pin: Group, inputs: set[str], function: Ast, *, sequential: bool
) -> tuple[Arc, ...]:
    """Arcs that end at an output pin, the worst over conditions: one per input and sense.

    Args:
        header: The library's.
        pin: The output.
        inputs: Names of the cell's inputs; arcs from elsewhere are left out.
        function: The output's function, for the sense of arcs that state none.
        sequential: Whether clock-to-q arcs are meant; those of a clock are one arc.

    Raises:
        HwdseError: An arc has no delay or no transition, or an unknown sense.
    """
    wanted = {"rising_edge", "falling_edge"} if sequential else _COMBINATIONAL
    by_pin: dict[str, list[Group]] = {}
    for timing in pin.all("timing"):
        if timing.simple.get("timing_type", "combinational") in wanted:
            for start in timing.simple.get("related_pin", "").split():
                if start in inputs:
                    by_pin.setdefault(start, []).append(timing)
    arcs: list[Arc] = []
    for start, groups in by_pin.items():
        known = "non_unate"
        if not sequential and start in variables(function):
            known = sense(function, start)
        by_sense: dict[str, list[Group]] = {}
        for group in groups:
            by_sense.setdefault(_sense(group, known), []).append(group)
        # An edge that one sense lacks may be another's: such arcs stay together.
        if sequential or not all(_both_edges(g) for g in by_sense.values()):
            by_sense = {next(iter(by_sense)) if len(by_sense) == 1 else "non_unate": groups}
        arcs += [_arc(header, start, which, of_sense) for which, of_sense in by_sense.items()]
    return tuple(arcs)


def _sense(timing: Group, default: str) -> str:
    found = timing.simple.get("timing_sense", default)
    if found not in _SENSES:
        raise timing.error(f"timing_sense {found[:40]!r}")
    return found


def _both_edges(groups: list[Group]) -> bool:
    kinds = {g.kind for timing in groups for g in timing.groups}
    return {"cell_rise", "cell_fall"} <= kinds


def _arc(header: Header, start: str, which: str, groups: list[Group]) -> Arc:
    found: dict[str, Table] = {}
    for kind, other in _OTHER.items():
        reader = header.delays if kind.startswith("cell") else header.slews
        read = [reader(t) for g in groups for t in g.all(kind)]
        if not read and not any(g.first(other) for g in groups):
            raise groups[0].error(f"timing from {start!r} has neither {kind} nor {other}")
        if read:
            found[kind] = tables.worst(read)
    rise, fall, rise_slew, fall_slew = (found.get(k) or found[o] for k, o in _OTHER.items())
    return Arc(start, which, rise, fall, rise_slew, fall_slew)


def read_setup(header: Header, pin: Group, clocks: Sequence[str]) -> tuple[Constraint, ...]:
    """Setup times of a data pin against each of these clock pins, the worst over conditions."""
    found = []
    for clock in clocks:
        groups = [g for g in _setups(pin) if clock in g.simple.get("related_pin", "").split()]
        rise = [header.constraints(t) for g in groups for t in g.all("rise_constraint")]
        fall = [header.constraints(t) for g in groups for t in g.all("fall_constraint")]
        if rise or fall:
            found.append(Constraint(clock, _worst(rise or fall), _worst(fall or rise)))
    return tuple(found)


def worst_mid_setup(header: Header, pin: Group) -> float | None:
    """The largest of the middle entries of a data pin's setup tables, or None."""
    read = [
        header.constraints(table).values_ps
        for timing in _setups(pin)
        for table in timing.all("rise_constraint", "fall_constraint")
    ]
    return max((float(v[v.shape[0] // 2, v.shape[1] // 2]) for v in read), default=None)


def _setups(pin: Group) -> list[Group]:
    return [t for t in pin.all("timing") if t.simple.get("timing_type") in _SETUP]


def _worst(read: Sequence[ConstraintTable]) -> ConstraintTable:
    if len(read) == 1:
        return read[0]
    # `tables.worst` resamples to common axes; it does not care what the second axis is.
    merged = tables.worst([Table(t.clock_slew_ps, t.data_slew_ps, t.values_ps) for t in read])
    return ConstraintTable(merged.slew_ps, merged.load_ff, merged.values)
