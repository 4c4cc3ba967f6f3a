"""Static timing of a mapped netlist from the technology's delay and slew tables.

Rise and fall arrivals and slews are propagated along every arc; loads are the sums of pin
capacitances. Wires are not modelled: there is no placement, and the figure says so. The critical
path ends at a flip-flop's data pin (plus its setup time) or at an output port.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.synth.netlist import Instance, Netlist, topological_order
from hwdse.tech.model import Arc, Table, Technology

__all__ = ["PathStep", "Timing", "analyse_timing", "net_loads"]

# Transition time assumed at input ports and at clock pins, as a fraction of the table's range.
_DRIVING_SLEW_INDEX = 1
RISE, FALL = 0, 1


@dataclass(frozen=True)
class PathStep:
    """One cell of the critical path and the arrival at its output."""

    instance: str
    cell: str
    pin: str
    arrival_ps: float


@dataclass(frozen=True, eq=False)
class Timing:
    """Result of a timing analysis.

    Attributes:
        delay_ps: Shortest clock period: clock-to-q, logic and setup of the slowest path.
        path: Its cells, from launch to capture.
        slew_ps: Shape (nets, 2): rise and fall transition of every net.
        load_ff: Shape (nets,): capacitance on every net.
    """

    delay_ps: float
    path: tuple[PathStep, ...]
    slew_ps: NDArray[np.float64]
    load_ff: NDArray[np.float64]


class _LookUp:
    """Bilinear interpolation in a table, extrapolating at the edges as static timers do."""

    __slots__ = ("loads", "rows", "slews")

    def __init__(self, table: Table) -> None:
        self.slews: Sequence[float] = table.slew_ps.tolist()
        self.loads: Sequence[float] = table.load_ff.tolist()
        self.rows: Sequence[Sequence[float]] = table.values.tolist()

    def at(self, slew: float, load: float) -> float:
        i, u = _position(self.slews, slew)
        j, v = _position(self.loads, load)
        low, high = self.rows[i], self.rows[min(i + 1, len(self.rows) - 1)]
        k = min(j + 1, len(low) - 1)
        below = low[j] + (low[k] - low[j]) * v
        above = high[j] + (high[k] - high[j]) * v
        return below + (above - below) * u


def _position(axis: Sequence[float], value: float) -> tuple[int, float]:
    if len(axis) == 1:
        return 0, 0.0
    index = min(max(bisect_right(axis, value) - 1, 0), len(axis) - 2)
    return index, (value - axis[index]) / (axis[index + 1] - axis[index])


class _ArcTables:
    """The four tables of an arc, and which input edge makes which output edge."""

    def __init__(self, arc: Arc) -> None:
        self.related_pin = arc.related_pin
        self.delay = (_LookUp(arc.rise_delay), _LookUp(arc.fall_delay))
        self.slew = (_LookUp(arc.rise_slew), _LookUp(arc.fall_slew))
        same, opposite = ((RISE, RISE), (FALL, FALL)), ((FALL, RISE), (RISE, FALL))
        self.edges = {
            "positive_unate": same,
            "negative_unate": opposite,
        }.get(arc.sense, same + opposite)


def net_loads(netlist: Netlist, technology: Technology) -> NDArray[np.float64]:
    """Sum of input-pin capacitances on every net, in fF."""
    loads = np.zeros(netlist.net_count)
    for instance in netlist.instances:
        cell = technology.cells[instance.kind]
        for pin, net in instance.pins.items():
            loads[net] += cell.pins[pin].capacitance_ff
    return loads


def analyse_timing(netlist: Netlist, technology: Technology) -> Timing:
    """Arrival times of a mapped netlist and its slowest path.

    Args:
        netlist: Flat, of the technology's cells.
        technology: Its tables.
    """
    load = net_loads(netlist, technology)
    driving_slew = _driving_slew(technology)
    arrival = np.zeros((netlist.net_count, 2)).tolist()
    slew = np.full((netlist.net_count, 2), driving_slew).tolist()
    cause: dict[tuple[int, int], tuple[Instance, str, int, int]] = {}
    tables: dict[tuple[str, str], list[_ArcTables]] = {}

    for instance in _launch_first(netlist, technology):
        cell = technology.cells[instance.kind]
        sequential = cell.ff is not None
        for pin in cell.outputs:
            if pin.name not in instance.pins:
                continue
            net = instance.pins[pin.name]
            arcs = tables.setdefault((cell.name, pin.name), [_ArcTables(arc) for arc in pin.arcs])
            for arc in arcs:
                source = instance.pins.get(arc.related_pin)
                if source is None:
                    continue
                # An ideal clock: a flip-flop launches at time zero whatever its clock net's load.
                for into, out in arc.edges:
                    start = 0.0 if sequential else arrival[source][into]
                    edge_slew = driving_slew if sequential else slew[source][into]
                    time = start + arc.delay[out].at(edge_slew, load[net])
                    slew[net][out] = max(
                        arc.slew[out].at(edge_slew, load[net]),
                        slew[net][out] if (net, out) in cause else 0.0,
                    )
                    if (net, out) not in cause or time > arrival[net][out]:
                        arrival[net][out] = time
                        cause[net, out] = (instance, pin.name, -1 if sequential else source, into)

    delay, end = _slowest_end(netlist, technology, arrival)
    return Timing(
        delay_ps=delay,
        path=_trace(end, arrival, cause),
        slew_ps=np.array(slew),
        load_ff=load,
    )


def _driving_slew(technology: Technology) -> float:
    """A small transition of the technology: the second slew of its first delay table."""
    for cell in technology.cells.values():
        for pin in cell.outputs:
            for arc in pin.arcs:
                axis = arc.rise_delay.slew_ps
                return float(axis[min(_DRIVING_SLEW_INDEX, len(axis) - 1)])
    return 0.0


def _launch_first(netlist: Netlist, technology: Technology) -> list[Instance]:
    """Flip-flops, then combinational cells in topological order."""
    cells = technology.cells
    flops = [i for i in netlist.instances if cells[i.kind].ff is not None]
    gates = [i for i in netlist.instances if cells[i.kind].ff is None]
    outputs = {kind: {p.name for p in cells[kind].outputs} for kind in {g.kind for g in gates}}
    return flops + topological_order(gates, lambda gate: outputs[gate.kind])


def _slowest_end(
    netlist: Netlist, technology: Technology, arrival: list[list[float]]
) -> tuple[float, tuple[int, int] | None]:
    worst: float = 0.0
    end: tuple[int, int] | None = None
    ends = [(net, 0.0) for nets in netlist.outputs.values() for net in nets]
    for instance in netlist.instances:
        for pin in technology.cells[instance.kind].inputs:
            if pin.setup_ps is not None and pin.name in instance.pins:
                ends.append((instance.pins[pin.name], pin.setup_ps))
    for net, setup in ends:
        for edge in (RISE, FALL):
            if arrival[net][edge] + setup > worst:
                worst, end = arrival[net][edge] + setup, (net, edge)
    return worst, end


def _trace(
    end: tuple[int, int] | None,
    arrival: list[list[float]],
    cause: dict[tuple[int, int], tuple[Instance, str, int, int]],
) -> tuple[PathStep, ...]:
    steps = []
    while end is not None and end in cause:
        net, edge = end
        instance, pin, source, into = cause[end]
        steps.append(PathStep(instance.name, instance.kind, pin, arrival[net][edge]))
        end = (source, into)
    return tuple(reversed(steps))
