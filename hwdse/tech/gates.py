"""The gates that estimates count, as cells of a technology."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from hwdse.errors import HwdseError
from hwdse.tech.figures_of_merit import figures_of_merit, switch_fj
from hwdse.tech.model import Cell, Technology
from hwdse.tech.representatives import representatives
from hwdse.tech.requirements import functions

__all__ = ["Gate", "gates"]

_TABLES = {
    "inv": (1, 0),
    "nand": (1, 1, 1, 0),
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "xor": (0, 1, 1, 0),
}
# Of selecting one of two, the select input in any place.
_SELECTING = {
    tuple((row >> b) & 1 if (row >> s) & 1 else (row >> a) & 1 for row in range(8))
    for s, a, b in permutations(range(3))
}
# What takes the place of a gate that a library does not have.
_MADE_OF = {
    "and": {"nand": 1, "inv": 1},
    "or": {"nand": 1, "inv": 2},
    "xor": {"nand": 4},
    "mux": {"nand": 3, "inv": 1},
    "fa": {"xor": 2, "nand": 3},
}


@dataclass(frozen=True)
class Gate:
    """A gate of a technology.

    Attributes:
        cells: The cells it is, or is made of, with how many: ``FA_X1``, ``2 XOR2 + 3 NAND2``.
        area_um2, leakage_nw: Of all of them.
        energy_fj: Of one switch of each output, each driving one input of the same cell, at the
            transition time of a chain of inverters that drive four each; None where the
            technology's inverters do not give one.
    """

    cells: str
    area_um2: float
    leakage_nw: float
    energy_fj: float | None


def gates(technology: Technology) -> dict[str, Gate]:
    """AND, OR, XOR and multiplexer of two inputs and the full adder: the smallest cell of each.

    What a library lacks is made of its NAND gates, inverters and exclusive ors.

    Raises:
        HwdseError: It has no two-input NAND or no inverter to make it of.
    """
    slew = figures_of_merit(technology).slew_ps
    return {name: _gate(technology, name, slew) for name in _MADE_OF}


def _gate(technology: Technology, name: str, slew_ps: float | None) -> Gate:
    cells = _cells(technology, name)
    text = " + ".join(f"{n} {c.name}" if n > 1 else c.name for c, n in cells.items())
    energies = [
        n * switch_fj(c, slew_ps, _own_load(c), technology.corner.voltage_v)
        for c, n in cells.items()
        if slew_ps is not None
    ]
    return Gate(
        cells=text,
        area_um2=sum(n * c.area_um2 for c, n in cells.items()),
        leakage_nw=sum(n * c.leakage_nw for c, n in cells.items()),
        energy_fj=sum(energies) if slew_ps is not None else None,
    )


def _own_load(cell: Cell) -> float:
    return float(np.mean([pin.capacitance_ff for pin in cell.inputs]))


def _cells(technology: Technology, name: str) -> Counter[Cell]:
    cell = _smallest(technology, name)
    if cell is not None:
        return Counter({cell: 1})
    if name not in _MADE_OF:
        raise HwdseError(
            f"technology {technology.name!r} has no two-input {name.upper()}, which gates that it "
            "lacks are counted in; estimate with another, such as nangate45"
        )
    found: Counter[Cell] = Counter()
    for part, count in _MADE_OF[name].items():
        for cell, each in _cells(technology, part).items():
            found[cell] += count * each
    return found


def _smallest(technology: Technology, name: str) -> Cell | None:
    if name == "fa":
        return representatives(technology).full_adder
    matches: Callable[[Cell], bool] = _selects if name == "mux" else _has(_TABLES[name])
    found = (c for c in technology.cells.values() if matches(c))
    return min(found, key=lambda c: c.area_um2, default=None)


def _has(table: tuple[int, ...]) -> Callable[[Cell], bool]:
    inputs = len(table).bit_length() - 1
    return lambda cell: functions(cell, inputs) == [table]


def _selects(cell: Cell) -> bool:
    tables = functions(cell, 3)
    return len(tables) == 1 and tables[0] in _SELECTING
