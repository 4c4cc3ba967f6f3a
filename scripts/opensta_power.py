"""Energy and leakage from OpenSTA's table look-ups and from counted switching.

By the definitions of the Liberty format: an output's transition costs the mean over rise and fall
of the table of the input that caused it; an input's own transition that of the tables whose
condition holds. Which input caused a transition, and how often a condition holds, is weighed as
OpenSTA does: inputs independent, each with its own share of ones and its own transitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from opensta import Analysis, EnergyArc, LeakageState

from hwdse.synth.netlist import Netlist
from hwdse.tech import boolean
from hwdse.tech.model import Cell, Technology

__all__ = ["Activity", "internal_fj", "leakage_nw", "switching_fj"]

_CLOCK_TOGGLES = 2.0
_States = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Activity:
    """Switching of every driver, as counted in one simulation.

    Attributes:
        toggles: Shape (nets,): transitions per clock cycle.
        high: Shape (nets,): share of the cycles at which the net is 1.
        open_pins: Output pins that drive nothing, as (instance, pin), to their own two figures.
    """

    toggles: NDArray[np.float64]
    high: NDArray[np.float64]
    open_pins: Mapping[tuple[str, str], tuple[float, float]]


def switching_fj(
    analysis: Analysis, netlist: Netlist, technology: Technology, activity: Activity
) -> float:
    """Energy per cycle of charging loads, those of input ports and of the clock included."""
    clock = netlist.inputs["clk"][0]
    half_v2 = 0.5 * technology.corner.voltage_v**2
    total = 0.0
    for net, load_ff in analysis.port_load_ff.items():
        total += half_v2 * load_ff * (_CLOCK_TOGGLES if net == clock else activity.toggles[net])
    for instance in netlist.instances:
        for pin in technology.cells[instance.kind].outputs:
            power = analysis.pins.get((instance.name, pin.name))
            if power is not None and pin.name in instance.pins:
                total += power.switching_fj * activity.toggles[instance.pins[pin.name]]
    return float(total)


def internal_fj(
    analysis: Analysis, netlist: Netlist, technology: Technology, activity: Activity
) -> float:
    """Energy per cycle inside the cells."""
    clock = netlist.inputs["clk"][0]
    total = 0.0
    for instance in netlist.instances:
        cell = technology.cells[instance.kind]
        toggles, high = {}, {}
        for pin in cell.pins.values():
            net = instance.pins.get(pin.name)
            if net == clock:
                toggles[pin.name], high[pin.name] = _CLOCK_TOGGLES, 0.5
            elif net is not None:
                toggles[pin.name], high[pin.name] = activity.toggles[net], activity.high[net]
            else:
                toggles[pin.name], high[pin.name] = activity.open_pins[instance.name, pin.name]
        states = _state_probabilities(cell, high)
        for pin in cell.pins.values():
            power = analysis.pins.get((instance.name, pin.name))
            if power is None or not power.arcs:
                continue
            for arcs in _by_rail(power.arcs):
                if pin.direction == "output":
                    shares = _causes(cell, pin.name, arcs, toggles, states)
                else:
                    shares = _conditions(cell, arcs, states)
                each = [(arc.rise_fj + arc.fall_fj) / 2 for arc in arcs]
                total += toggles[pin.name] * float(np.dot(shares, each))
    return total


def leakage_nw(analysis: Analysis, netlist: Netlist, technology: Technology) -> float:
    """Leakage of all cells, each the mean over its states, inputs and state equally likely."""
    means = {
        kind: _mean_leakage(technology.cells[kind], states)
        for kind, states in analysis.leakage.items()
        if kind in technology.cells
    }
    return sum(means[instance.kind] for instance in netlist.instances)


def _mean_leakage(cell: Cell, states: Sequence[LeakageState]) -> float:
    half = _state_probabilities(cell, dict.fromkeys(cell.pins, 0.5))
    shares = np.array([half @ _mask(cell, s.when or "1") for s in states])
    return float(shares @ [s.leakage_nw for s in states] / shares.sum())


def _by_rail(arcs: Sequence[EnergyArc]) -> list[list[EnergyArc]]:
    return [[a for a in arcs if a.rail == rail] for rail in dict.fromkeys(a.rail for a in arcs)]


def _causes(
    cell: Cell,
    output: str,
    arcs: Sequence[EnergyArc],
    toggles: Mapping[str, float],
    states: _States,
) -> NDArray[np.float64]:
    """How likely each arc's input is to have caused a transition of the output."""
    if cell.ff is not None:
        return np.full(len(arcs), 1 / len(arcs))
    weights = np.array(
        [toggles[a.related_pin] * (states @ _sensitive(cell, output, a.related_pin)) for a in arcs]
    )
    # A net that never moves has no cause, and no energy.
    return weights / weights.sum() if weights.sum() > 0 else np.full(len(arcs), 1 / len(arcs))


def _conditions(cell: Cell, arcs: Sequence[EnergyArc], states: _States) -> NDArray[np.float64]:
    """How often each arc's condition holds; one without a condition has what the others leave."""
    shares = np.array([states @ _mask(cell, a.when) if a.when else 0.0 for a in arcs])
    rest = [k for k, a in enumerate(arcs) if not a.when]
    if rest:
        shares[rest] = max(0.0, 1 - shares.sum()) / len(rest)
    return shares


def _free_variables(cell: Cell) -> list[str]:
    return [p.name for p in cell.inputs] + ([cell.ff.state] if cell.ff is not None else [])


@cache
def _rows(cell: Cell) -> list[dict[str, int]]:
    """All states of a cell: inputs and stored bit, with the outputs that follow."""
    names = _free_variables(cell)
    rows = []
    for number in range(1 << len(names)):
        row = {name: number >> k & 1 for k, name in enumerate(names)}
        if cell.ff is not None:
            row[cell.ff.state_n] = 1 - row[cell.ff.state]
        for pin in cell.outputs:
            assert pin.function is not None
            row[pin.name] = boolean.value(boolean.parse(pin.function), row)
        rows.append(row)
    return rows


@cache
def _mask(cell: Cell, condition: str) -> _States:
    ast = boolean.parse(condition)
    return np.array([float(boolean.value(ast, row)) for row in _rows(cell)])


@cache
def _sensitive(cell: Cell, output: str, name: str) -> _States:
    """States in which the output follows or opposes an input."""
    text = cell.pins[output].function
    assert text is not None
    ast = boolean.parse(text)
    return np.array(
        [
            float(boolean.value(ast, row | {name: 0}) != boolean.value(ast, row | {name: 1}))
            for row in _rows(cell)
        ]
    )


def _state_probabilities(cell: Cell, high: Mapping[str, float]) -> _States:
    ones = []
    for name in _free_variables(cell):
        if name in high:
            ones.append(high[name])
        else:
            # The stored bit, read off an output that shows it.
            shown = next(p for p in cell.outputs if p.function is not None)
            inverted = shown.function != name
            ones.append(1 - high[shown.name] if inverted else high[shown.name])
    found = np.ones(1)
    for share in ones:
        found = np.concatenate([found * (1 - share), found * share])
    return found
