"""A mapped netlist taken apart for timing: every edge of every arc of every instance, by level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.synth.netlist import Instance, Netlist, topological_order
from hwdse.synth.wireload import Wires
from hwdse.tech.model import Arc, Cell, Pin, Table, Technology

__all__ = ["FALL", "RISE", "Edge", "Hop", "all_hops", "driven_nets", "net_sinks", "wire_delays"]

RISE, FALL = 0, 1
# ohm * fF in ps.
_OHM_FF = 1e-3

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Edge:
    """One edge of an input pin that makes one edge of an output pin."""

    related_pin: str
    into: int
    out: int
    delay: Table
    slew: Table


@dataclass(frozen=True, eq=False)
class Hop:
    """One edge of one instance: ``source`` and ``target`` are ``2 * net + edge``."""

    instance: Instance
    pin: str
    edge: Edge
    table: int
    level: int
    source: int
    target: int


def net_sinks(netlist: Netlist, technology: Technology) -> _Array:
    """How many input pins and output ports each net feeds."""
    count = np.zeros(netlist.net_count)
    for instance in netlist.instances:
        pins = technology.cells[instance.kind].pins
        for pin, net in instance.pins.items():
            count[net] += pins[pin].direction == "input"
    for nets in netlist.outputs.values():
        for net in nets:
            count[net] += 1
    count[:2] = 0
    return count


def driven_nets(netlist: Netlist, technology: Technology) -> set[int]:
    """Nets that a cell drives; paths start at all others."""
    return {
        instance.pins[pin.name]
        for instance in netlist.instances
        for pin in technology.cells[instance.kind].outputs
        if pin.name in instance.pins
    }


def all_hops(netlist: Netlist, technology: Technology) -> tuple[list[Hop], list[Edge]]:
    """All edges of all instances, sorted by level and then by target, and their tables."""
    cells = technology.cells
    flops = [i for i in netlist.instances if cells[i.kind].ff is not None]
    gates = [i for i in netlist.instances if cells[i.kind].ff is None]
    outputs = {kind: {p.name for p in cells[kind].outputs} for kind in {g.kind for g in gates}}
    kinds: dict[tuple[str, str], list[tuple[int, Edge]]] = {}
    tables: list[Edge] = []
    level = [0] * netlist.net_count
    clock = 2 * netlist.net_count
    hops: list[Hop] = []
    for instance in flops + topological_order(gates, lambda gate: outputs[gate.kind]):
        cell = cells[instance.kind]
        pins = instance.pins
        inputs = [level[net] for pin, net in pins.items() if cell.pins[pin].direction == "input"]
        depth = 0 if cell.ff is not None else 1 + max(inputs, default=0)
        for pin in cell.outputs:
            if pin.name not in pins:
                continue
            if (cell.name, pin.name) not in kinds:
                edges = _edges(pin, cell)
                known = range(len(tables), len(tables) + len(edges))
                kinds[cell.name, pin.name] = list(zip(known, edges, strict=True))
                tables += edges
            net = pins[pin.name]
            level[net] = depth
            for table, edge in kinds[cell.name, pin.name]:
                source = pins.get(edge.related_pin, 0)
                if source > 1:
                    start = clock if cell.ff is not None else 2 * source + edge.into
                    target = 2 * net + edge.out
                    hops.append(Hop(instance, pin.name, edge, table, depth, start, target))
    hops.sort(key=lambda hop: (hop.level, hop.target))
    return hops, tables


def _edges(pin: Pin, cell: Cell) -> list[Edge]:
    """Every edge of every arc that ends at a pin; a register launches on one edge of its clock."""
    return [
        Edge(arc.related_pin, into, out, delay, slew)
        for arc in pin.arcs
        for out, delay, slew in (
            (RISE, arc.rise_delay, arc.rise_slew),
            (FALL, arc.fall_delay, arc.fall_slew),
        )
        for into in ((RISE,) if cell.ff is not None else _causes(arc, out))
    ]


def _causes(arc: Arc, out: int) -> tuple[int, ...]:
    """Edges of the input that make this edge of the output."""
    return {"positive_unate": (out,), "negative_unate": (1 - out,)}.get(arc.sense, (RISE, FALL))


def wire_delays(hops: list[Hop], technology: Technology, wires: Wires, sinks: _Array) -> _Array:
    """Elmore delay of the wire before each hop, in ps.

    The wire is a balanced tree: each of ``n`` sinks has an ``n``-th of its resistance and of its
    capacitance to itself (the Liberty format's ``balanced_tree``).
    """
    resistance = wires.resistance_ohm(sinks)
    if not resistance.any():
        return np.zeros(len(hops))
    clocked = 2 * len(sinks)
    net = np.array([0 if hop.source >= clocked else hop.source // 2 for hop in hops])
    pin = np.array(
        [
            technology.cells[hop.instance.kind].pins[hop.edge.related_pin].capacitance_ff
            for hop in hops
        ]
    )
    share = 1 / np.maximum(sinks, 1.0)
    wire = wires.capacitance_ff(sinks) * share
    delays: _Array = (resistance * share)[net] * (wire[net] + pin) * _OHM_FF
    return delays
