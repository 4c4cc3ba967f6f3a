"""Energy of a mapped netlist from counted toggles: switching, internal, clock and leakage.

Transitions come from :mod:`hwdse.synth.simulate` (settled values) and :mod:`hwdse.synth.glitch`
(with delays); loads, and whether wires are in them, from the timing analysis. The clock is ideal:
its tree is in no figure. Per transition a net dissipates ``C V**2 / 2``, and the cell that drives
it its internal energy at the net's load and slew, the mean of rise and fall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.synth.netlist import Netlist
from hwdse.synth.timing import Timing
from hwdse.tech import boolean
from hwdse.tech.model import Cell, Pin, Table, Technology

__all__ = ["EnergyWeights", "energy_weights", "leakage_uw", "look_up", "pins_by_kind"]

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EnergyWeights:
    """Energy of one toggle of each net, in fJ, and of one clock cycle.

    Attributes:
        switching_fj: Shape (nets,): charging the net's load.
        internal_fj: Shape (nets,): inside the driving cell, and inside cells at their input pins.
        clock_fj: Per cycle: clock pins' load and internal energy, both edges.
    """

    switching_fj: NDArray[np.float64]
    internal_fj: NDArray[np.float64]
    clock_fj: float


def leakage_uw(netlist: Netlist, technology: Technology) -> float:
    """Leakage power of all cells, in uW, averaged over states as the technology does."""
    return sum(technology.cells[i.kind].leakage_nw for i in netlist.instances) * 1e-3


def energy_weights(
    netlist: Netlist, technology: Technology, timing: Timing, toggles: _Array | None = None
) -> EnergyWeights:
    """What each toggle costs, at the loads and slews of a timing analysis.

    Args:
        netlist: The netlist.
        technology: Its cells.
        timing: Its timing analysis.
        toggles: Shape (nets,): how often each net toggles. A cell's energy is tabulated for each
            input that may have caused an output's toggle; an input that toggles more often counts
            for more. Without it, all inputs count alike.
    """
    voltage = technology.corner.voltage_v
    switching = 0.5 * timing.load_ff * voltage**2
    internal = np.zeros(netlist.net_count)
    clock = 0.0
    clock_nets: set[int] = set()
    for kind, pins in pins_by_kind(netlist).items():
        cell = technology.cells[kind]
        clock_pins = _clock_pins(cell)
        for pin in cell.pins.values():
            connected = [p for p in pins if pin.name in p]
            if not connected:
                continue
            nets = np.array([p[pin.name] for p in connected])
            if pin.direction == "output":
                # A net has one driver.
                internal[nets] += _output_energies(pin, connected, nets, timing, toggles)
                continue
            energies = _input_energies(pin, nets, timing)
            if pin.name in clock_pins:
                clock += 2 * float(energies.sum())
                clock_nets.update(nets.tolist())
            else:
                np.add.at(internal, nets, energies)
    # The clock makes two transitions a cycle, whatever the data do.
    for net in clock_nets:
        clock += 2 * float(switching[net])
        switching[net] = internal[net] = 0.0
    return EnergyWeights(switching_fj=switching, internal_fj=internal, clock_fj=clock)


def pins_by_kind(netlist: Netlist) -> dict[str, list[dict[str, int]]]:
    """The connections of all cells of a kind."""
    found: dict[str, list[dict[str, int]]] = {}
    for instance in netlist.instances:
        found.setdefault(instance.kind, []).append(instance.pins)
    return found


def look_up(table: Table, slew_ps: _Array, load_ff: _Array) -> _Array:
    """Bilinear interpolation, held at the edges: extrapolated energies could be negative."""
    row, down = _place(table.slew_ps, slew_ps)
    column, across = _place(table.load_ff, load_ff)
    below, right = np.minimum(row + 1, len(table.slew_ps) - 1), column + 1
    right = np.minimum(right, len(table.load_ff) - 1)
    values = table.values
    upper = values[row, column] * (1 - across) + values[row, right] * across
    lower = values[below, column] * (1 - across) + values[below, right] * across
    return upper * (1 - down) + lower * down


def _place(axis: _Array, wanted: _Array) -> tuple[NDArray[np.intp], _Array]:
    if len(axis) == 1:
        return np.zeros(len(wanted), dtype=np.intp), np.zeros(len(wanted))
    low = np.clip(np.searchsorted(axis, wanted, side="right") - 1, 0, len(axis) - 2)
    return low, np.clip((wanted - axis[low]) / (axis[low + 1] - axis[low]), 0.0, 1.0)


def _clock_pins(cell: Cell) -> frozenset[str]:
    if cell.ff is None:
        return frozenset()
    return frozenset(boolean.variables(boolean.parse(cell.ff.clocked_on)))


def _input_energies(pin: Pin, nets: NDArray[np.intp], timing: Timing) -> _Array:
    """Mean over rise and fall of the energy of an input pin's own toggle."""
    rise_slew, fall_slew = timing.slew_ps[nets].T
    no_load = np.zeros(len(nets))
    edges = [
        look_up(table, slew, no_load)
        for power in pin.power
        for table, slew in ((power.rise, rise_slew), (power.fall, fall_slew))
    ]
    return np.mean(edges, axis=0) if edges else no_load


def _output_energies(
    pin: Pin,
    connections: list[dict[str, int]],
    nets: NDArray[np.intp],
    timing: Timing,
    toggles: _Array | None,
) -> _Array:
    """Mean over the inputs that may have caused the toggle, and over rise and fall."""
    load = timing.load_ff[nets]
    energies, shares = [], []
    for power in pin.power:
        related = power.related_pin
        source = [
            c.get(related, n) if related else n for c, n in zip(connections, nets, strict=True)
        ]
        slew = timing.slew_ps[source].mean(axis=1)
        energies.append((look_up(power.rise, slew, load) + look_up(power.fall, slew, load)) / 2)
        shares.append(np.ones(len(nets)) if toggles is None else toggles[source])
    if not energies:
        return np.zeros(len(nets))
    weights = np.asarray(shares)
    # Where no input moves, none is more likely than another.
    weights[:, weights.sum(axis=0) == 0] = 1.0
    return np.asarray(np.average(energies, axis=0, weights=weights))
