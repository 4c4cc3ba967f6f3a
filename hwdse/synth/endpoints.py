"""Where paths end: output ports, and data pins of registers with their setup times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.synth.arcs import FALL, RISE
from hwdse.synth.lookup import TableStack
from hwdse.synth.netlist import Netlist
from hwdse.tech.model import Table, Technology

__all__ = ["End", "all_ends", "bit_name"]

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class End:
    """Where paths may end: a net's edge, what it is, and the setup time there."""

    name: str
    kind: str
    net: int
    edge: int
    setup_ps: float


def all_ends(
    netlist: Netlist, technology: Technology, slew: _Array, clock_slew: float
) -> list[End]:
    """Output ports and data pins of registers, with the largest setup time against any clock."""
    ends = [
        End(bit_name(name, nets, bit), "output", net, edge, 0.0)
        for name, nets in netlist.outputs.items()
        for bit, net in enumerate(nets)
        for edge in (RISE, FALL)
    ]
    captured = [
        (f"{instance.name}/{pin.name}", pin, instance.pins[pin.name], edge)
        for instance in netlist.instances
        for pin in technology.cells[instance.kind].inputs
        if instance.pins.get(pin.name, 0) > 1 and (pin.setup or pin.setup_ps is not None)
        for edge in (RISE, FALL)
    ]
    # One look-up of all tables: constraint tables over clock and data transitions.
    asked = [
        (n, (c.rise, c.fall)[edge], slew[2 * net + edge])
        for n, (_, pin, net, edge) in enumerate(captured)
        for c in pin.setup
    ]
    setup = np.array([-np.inf if pin.setup else pin.setup_ps or 0.0 for _, pin, _, _ in captured])
    if asked:
        which, tables, data_slew = zip(*asked, strict=True)
        numbers = {table: n for n, table in enumerate(dict.fromkeys(tables))}
        stack = TableStack([Table(t.clock_slew_ps, t.data_slew_ps, t.values_ps) for t in numbers])
        curves = stack.curves(np.array([numbers[t] for t in tables]), np.array(data_slew))
        found = curves.at(slice(0, len(asked)), np.full(len(asked), clock_slew))
        np.maximum.at(setup, np.array(which), found)
    return ends + [
        End(name, "register", net, edge, float(time))
        for (name, _, net, edge), time in zip(captured, setup, strict=True)
    ]


def bit_name(name: str, nets: tuple[int, ...], bit: int) -> str:
    """A port's bit as Verilog names it; the port's own name where it has but one."""
    return name if len(nets) == 1 else f"{name}[{bit}]"
