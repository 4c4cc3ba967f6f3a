"""A technology of four cells with linear tables, so that every look-up can be done by hand."""

from __future__ import annotations

import numpy as np

from hwdse.synth.netlist import Instance, Netlist
from hwdse.tech.model import (
    Arc,
    Cell,
    Corner,
    FlipFlop,
    InternalPower,
    Pin,
    Source,
    Table,
    Technology,
)

SLEWS = np.array([10.0, 20.0, 40.0])
LOADS = np.array([1.0, 2.0, 4.0, 8.0])
VOLTAGE = 2.0


def linear(base, per_slew=0.0, per_load=0.0):
    """``base + per_slew * slew + per_load * load``."""
    values = base + per_slew * SLEWS[:, None] + per_load * LOADS[None, :]
    return Table(SLEWS, LOADS, values)


def arc(pin, sense, rise, fall, rise_slew, fall_slew):
    return Arc(pin, sense, linear(*rise), linear(*fall), linear(*rise_slew), linear(*fall_slew))


def _input(name, capacitance, **more):
    return Pin(name, "input", capacitance_ff=capacitance, **more)


INVERTER = Cell(
    "INV",
    1.0,
    10.0,
    {
        "A": _input("A", 2.0),
        "Y": Pin(
            "Y",
            "output",
            function="!A",
            arcs=(arc("A", "negative_unate", (5, 0.5, 3), (4, 0.25, 2), (6, 0, 2), (7, 0, 1)),),
            power=(InternalPower("A", linear(3, 0.1, 0.5), linear(1, 0.3, 0.1)),),
        ),
    },
)
BUFFER = Cell(
    "BUF",
    1.5,
    20.0,
    {
        "A": _input("A", 3.0),
        "Y": Pin(
            "Y",
            "output",
            function="A",
            arcs=(arc("A", "positive_unate", (9, 0.5, 1), (8, 1, 1), (10, 0, 1), (12, 0, 1)),),
        ),
    },
)
XOR = Cell(
    "XOR",
    2.0,
    30.0,
    {
        "A": _input("A", 1.0),
        "B": _input("B", 4.0),
        "Y": Pin(
            "Y",
            "output",
            function="A ^ B",
            arcs=(
                arc("A", "non_unate", (20, 1, 0), (30, 1, 0), (15, 0, 0), (25, 0, 0)),
                arc("B", "non_unate", (2, 0, 0), (1, 0, 0), (35, 0, 0), (5, 0, 0)),
            ),
            power=(
                InternalPower("A", linear(2), linear(4)),
                InternalPower("B", linear(6), linear(12)),
            ),
        ),
    },
)
FLOP = Cell(
    "DFF",
    4.0,
    40.0,
    {
        "D": _input(
            "D", 1.0, setup_ps=11.0, power=(InternalPower(None, linear(0.5, 0.1), linear(1.5)),)
        ),
        "CK": _input("CK", 2.5, power=(InternalPower(None, linear(5), linear(3)),)),
        "Q": Pin(
            "Q",
            "output",
            function="IQ",
            arcs=(arc("CK", "non_unate", (50, 0.5, 1), (60, 0.5, 1), (8, 0, 1), (9, 0, 1)),),
        ),
    },
    ff=FlipFlop("IQ", "IQN", "CK", "D"),
)

TECHNOLOGY = Technology(
    name="toy",
    description="",
    corner=Corner("typical", VOLTAGE, 25.0),
    source=Source((), (), "", "", ""),
    slew_lower=0.1,
    slew_upper=0.9,
    cells={cell.name: cell for cell in (INVERTER, BUFFER, XOR, FLOP)},
    sha256="0" * 64,
)

# The transition at input ports and clock pins: the second slew of the first delay table.
DRIVING_SLEW = 20.0


def netlist(inputs, outputs, cells):
    """Ports and cells by net; cells as (kind, pin to net)."""
    instances = tuple(Instance(f"u{i}", kind, pins) for i, (kind, pins) in enumerate(cells))
    nets = [n for i in instances for n in i.pins.values()]
    nets += [n for ports in (inputs, outputs) for bits in ports.values() for n in bits]
    return Netlist(inputs, outputs, instances, max(nets) + 1)
