"""Energy of a mapped netlist from counted toggles: switching, internal, clock and leakage.

Toggles come from zero-delay simulation, so glitches are not in the figure, and neither are wires
and the clock tree (there is no placement). Per toggle a net dissipates ``C V**2 / 2``, and the cell
that drives it its internal energy at the net's load and slew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.synth.netlist import Netlist
from hwdse.synth.timing import Timing
from hwdse.tech import boolean
from hwdse.tech.model import Cell, Pin, Table, Technology

__all__ = ["EnergyWeights", "energy_weights", "leakage_uw"]


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


def energy_weights(netlist: Netlist, technology: Technology, timing: Timing) -> EnergyWeights:
    """What each toggle costs, at the loads and slews of a timing analysis."""
    voltage = technology.corner.voltage_v
    switching = 0.5 * timing.load_ff * voltage**2
    internal = np.zeros(netlist.net_count)
    clock = 0.0
    clock_nets: set[int] = set()
    for instance in netlist.instances:
        cell = technology.cells[instance.kind]
        clock_pins = _clock_pins(cell)
        for name, net in instance.pins.items():
            pin = cell.pins[name]
            if pin.direction == "output":
                internal[net] += _output_energy(pin, instance.pins, timing, net)
            else:
                rise_slew, fall_slew = timing.slew_ps[net]
                edges = [
                    (_at(p.rise, rise_slew, 0.0), _at(p.fall, fall_slew, 0.0)) for p in pin.power
                ]
                energy = float(np.mean(edges)) if edges else 0.0
                if name in clock_pins:
                    clock += 2 * energy
                    clock_nets.add(net)
                else:
                    internal[net] += energy
    # The clock makes two transitions a cycle, whatever the data do.
    for net in clock_nets:
        clock += 2 * switching[net]
        switching[net] = internal[net] = 0.0
    return EnergyWeights(switching_fj=switching, internal_fj=internal, clock_fj=clock)


def _clock_pins(cell: Cell) -> frozenset[str]:
    if cell.ff is None:
        return frozenset()
    return frozenset(boolean.variables(boolean.parse(cell.ff.clocked_on)))


def _output_energy(pin: Pin, pins: dict[str, int], timing: Timing, net: int) -> float:
    """Mean over the inputs that may have caused the toggle, and over rise and fall."""
    load = float(timing.load_ff[net])
    energies = []
    for power in pin.power:
        source = pins.get(power.related_pin) if power.related_pin else None
        slews = timing.slew_ps[source] if source is not None else timing.slew_ps[net]
        slew = float(np.mean(slews))
        energies.append((_at(power.rise, slew, load) + _at(power.fall, slew, load)) / 2)
    return float(np.mean(energies)) if energies else 0.0


def _at(table: Table, slew_ps: float, load_ff: float) -> float:
    """Bilinear interpolation, held at the edges: extrapolated energies could be negative."""
    columns = [np.interp(load_ff, table.load_ff, row) for row in table.values]
    return float(np.interp(slew_ps, table.slew_ps, columns))
