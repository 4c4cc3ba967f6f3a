"""Static timing of a mapped netlist from the technology's delay, slew and setup tables.

Rise and fall arrivals and slews are propagated along every arc, level by level, for paths that
start at input ports and for paths that start at registers. Loads are the sums of pin capacitances
and of what a wire-load model adds. The clock is ideal: it reaches every register at time zero with
one transition. Inputs arrive at time zero and outputs are wanted at the period's end (external
delays of zero). Hold times are not analysed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hwdse.synth.arcs import Edge, Hop, all_hops, driven_nets, net_sinks, wire_delays
from hwdse.synth.endpoints import End, all_ends, bit_name
from hwdse.synth.lookup import Curves, TableStack
from hwdse.synth.netlist import Netlist
from hwdse.synth.wireload import NO_WIRES, Wires, library_wires
from hwdse.tech.model import Table, Technology

__all__ = ["PathStep", "Timing", "analyse_timing", "driving_slew_ps", "net_loads"]

# Transition time assumed at input ports and at clock pins, as an index into a table's slews.
_DRIVING_SLEW_INDEX = 1
_EDGES = ("rise", "fall")
# Where a path starts.
_INPUT, _REGISTER = 0, 1
_NEVER = -np.inf

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class PathStep:
    """One cell of the critical path and the arrival at its output.

    Attributes:
        instance, cell, pin: The output pin.
        arrival_ps: When the pin changes.
        edge: ``rise`` or ``fall`` of the pin.
        input_pin: The cell's pin that the path enters by; its clock pin for a register.
        delay_ps: From there to the output, the wire before the input pin included.
        slew_ps: The pin's transition time.
        load_ff: What the pin drives, wires included.
        fanout: How many pins and ports it drives.
    """

    instance: str
    cell: str
    pin: str
    arrival_ps: float
    edge: str = ""
    input_pin: str = ""
    delay_ps: float = 0.0
    slew_ps: float = 0.0
    load_ff: float = 0.0
    fanout: int = 0


@dataclass(frozen=True, eq=False)
class Timing:
    """Result of a timing analysis.

    Attributes:
        delay_ps: Shortest clock period: clock-to-q, logic and setup of the slowest path.
        path: Its cells, from launch to capture.
        slew_ps: Shape (nets, 2): rise and fall transition of every net.
        load_ff: Shape (nets,): capacitance on every net, wires included.
        arrival_ps: Shape (nets, 2): latest rise and fall of every net; minus infinity where there
            is none.
        start, end: Where the path starts and ends: a port's bit or a register's pin.
        setup_ps: Setup time at its end; zero at a port.
        groups: Longest delay from ``input`` or ``register`` to ``output`` or ``register``.
        wires: The wire-load model, in words.
        driving_slew_ps: Transition assumed at input ports and clock pins.
    """

    delay_ps: float
    path: tuple[PathStep, ...]
    slew_ps: _Array
    load_ff: _Array
    arrival_ps: _Array
    start: str = ""
    end: str = ""
    setup_ps: float = 0.0
    groups: dict[str, float] = field(default_factory=dict)
    wires: str = NO_WIRES.description
    driving_slew_ps: float = 0.0

    @property
    def fmax_mhz(self) -> float | None:
        """Highest clock frequency; None where there is no path."""
        return 1e6 / self.delay_ps if self.delay_ps > 0 else None


def net_loads(
    netlist: Netlist, technology: Technology, wires: Wires = NO_WIRES
) -> NDArray[np.float64]:
    """Sum of input-pin capacitances on every net, and of its wire's, in fF."""
    loads = np.zeros(netlist.net_count)
    for instance in netlist.instances:
        cell = technology.cells[instance.kind]
        for pin, net in instance.pins.items():
            loads[net] += cell.pins[pin].capacitance_ff
    return loads + wires.capacitance_ff(net_sinks(netlist, technology))


def driving_slew_ps(technology: Technology) -> float:
    """A small transition of the technology: the second slew of its first delay table."""
    for cell in technology.cells.values():
        for pin in cell.outputs:
            for arc in pin.arcs:
                axis = arc.rise_delay.slew_ps
                return float(axis[min(_DRIVING_SLEW_INDEX, len(axis) - 1)])
    return 0.0


def analyse_timing(
    netlist: Netlist, technology: Technology, *, wires: Wires | None = None
) -> Timing:
    """Arrival times of a mapped netlist and its slowest path.

    Args:
        netlist: Flat, of the technology's cells.
        technology: Its tables.
        wires: Wire-load model; by default the technology's own, which may be none.

    Raises:
        ExternalToolError: The netlist has a combinational loop.
    """
    wires = library_wires(technology) if wires is None else wires
    sinks = net_sinks(netlist, technology)
    load = net_loads(netlist, technology, wires)
    driving = driving_slew_ps(technology)
    hops, tables = all_hops(netlist, technology)

    # Two entries past the nets stand for the ideal clock's edge.
    size = 2 * netlist.net_count + 2
    arrival = np.full((2, size), _NEVER)
    arrival[_INPUT, :-2] = 0.0
    arrival[_INPUT, :4] = _NEVER  # the constants never change
    arrival[_REGISTER, -2:] = 0.0
    slew = np.full(size, driving)
    delay = np.zeros(0)
    for net in driven_nets(netlist, technology):
        arrival[_INPUT, 2 * net : 2 * net + 2] = _NEVER
    if hops:
        wire_ps = wire_delays(hops, technology, wires, sinks)
        delay = _propagate(hops, tables, load, wire_ps, arrival, slew)

    ends = all_ends(netlist, technology, slew, driving)
    worst, groups, end = _slowest(ends, arrival)
    path, start = _trace(end, hops, delay, arrival, slew, load, sinks, netlist)
    return Timing(
        delay_ps=worst,
        path=path,
        slew_ps=slew[:-2].reshape(-1, 2),
        load_ff=load,
        arrival_ps=arrival.max(axis=0)[:-2].reshape(-1, 2),
        start=start,
        end="" if end is None else end[0].name,
        setup_ps=0.0 if end is None else end[0].setup_ps,
        groups=groups,
        wires=wires.description,
        driving_slew_ps=driving,
    )


def _propagate(
    hops: list[Hop],
    tables: list[Edge],
    load: _Array,
    wire_ps: _Array,
    arrival: _Array,
    slew: _Array,
) -> _Array:
    """Fill in arrivals and slews level by level; returns the delay of every hop."""
    table = np.array([hop.table for hop in hops])
    source = np.array([hop.source for hop in hops])
    target = np.array([hop.target for hop in hops])
    level = np.array([hop.level for hop in hops])
    at = load[target // 2]
    delays = _curves([edge.delay for edge in tables], table, at)
    slews = _curves([edge.slew for edge in tables], table, at)
    total = np.zeros(len(hops))
    bounds = [0, *(np.flatnonzero(np.diff(level)) + 1).tolist(), len(hops)]
    for first, last in pairwise(bounds):
        rows = slice(first, last)
        into = source[rows]
        total[rows] = delays.at(rows, slew[into]) + wire_ps[rows]
        starts = np.flatnonzero(np.diff(target[rows], prepend=-1))
        reached = target[rows][starts]
        times = arrival[:, into]
        arrival[:, reached] = np.maximum.reduceat(times + total[rows], starts, axis=1)
        # What never changes has no say in the transition.
        out = np.where(times.max(axis=0) > _NEVER, slews.at(rows, slew[into]), 0.0)
        slowest = np.maximum.reduceat(out, starts)
        slew[reached] = np.where(slowest > 0, slowest, slew[reached])
    return total


def _curves(tables: list[Table], rows: NDArray[np.intp], load: _Array) -> Curves:
    return TableStack(tables).curves(rows, load)


def _slowest(
    ends: list[End], arrival: _Array
) -> tuple[float, dict[str, float], tuple[End, int] | None]:
    """Shortest period, longest delay of every kind of path, and the end and start of the worst."""
    worst = 0.0
    groups: dict[str, float] = {}
    found: tuple[End, int] | None = None
    for end in ends:
        for launch, start in ((_INPUT, "input"), (_REGISTER, "register")):
            time = float(arrival[launch, 2 * end.net + end.edge])
            if time == _NEVER:
                continue
            group = f"{start} to {end.kind}"
            groups[group] = max(groups.get(group, 0.0), time + end.setup_ps)
            if time + end.setup_ps > worst:
                worst, found = time + end.setup_ps, (end, launch)
    return worst, dict(sorted(groups.items())), found


def _trace(
    end: tuple[End, int] | None,
    hops: list[Hop],
    delay: _Array,
    arrival: _Array,
    slew: _Array,
    load: _Array,
    sinks: _Array,
    netlist: Netlist,
) -> tuple[tuple[PathStep, ...], str]:
    """The path's cells, and the port or register where it starts."""
    if end is None:
        return (), ""
    by_target: dict[int, list[int]] = {}
    for n, hop in enumerate(hops):
        by_target.setdefault(hop.target, []).append(n)
    launch = end[1]
    at = 2 * end[0].net + end[0].edge
    steps: list[PathStep] = []
    start = ""
    while at in by_target:
        best = max(by_target[at], key=lambda n: float(arrival[launch, hops[n].source] + delay[n]))
        hop = hops[best]
        net = at // 2
        steps.append(
            PathStep(
                instance=hop.instance.name,
                cell=hop.instance.kind,
                pin=hop.pin,
                arrival_ps=float(arrival[launch, at]),
                edge=_EDGES[at % 2],
                input_pin=hop.edge.related_pin,
                delay_ps=float(delay[best]),
                slew_ps=float(slew[at]),
                load_ff=float(load[net]),
                fanout=int(sinks[net]),
            )
        )
        at = hop.source
        start = f"{hop.instance.name}/{hop.edge.related_pin}"
    if launch == _INPUT:
        names = {
            net: bit_name(name, nets, bit)
            for name, nets in netlist.inputs.items()
            for bit, net in enumerate(nets)
        }
        start = names.get(at // 2, "")
    return tuple(reversed(steps)), start
