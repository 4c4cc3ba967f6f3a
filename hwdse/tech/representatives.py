"""The cells by which technologies are compared, recognised by function, not by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hwdse.tech.model import Cell, Technology
from hwdse.tech.requirements import functions

__all__ = ["Representatives", "representatives"]

_INVERTER = (1, 0)
_NAND = (1, 1, 1, 0)
_XOR = (0, 1, 1, 0)
_PARITY = (0, 1, 1, 0, 1, 0, 0, 1)
_MAJORITY = (0, 0, 0, 1, 0, 1, 1, 1)


@dataclass(frozen=True, eq=False)
class Representatives:
    """The smallest cell of each kind, the first in the library's order among equals, or None.

    Attributes:
        inverters: All inverters of the smallest area, for there may be several drives of it.
        full_adder: May have inverted outputs (as ASAP7's has).
        flip_flop: May store or give the complement. One that acts on the rising edge without
            clear and preset comes first; only where there is none, any other (GT2N's).
    """

    nand2: Cell | None
    xor2: Cell | None
    inverters: tuple[Cell, ...]
    full_adder: Cell | None
    flip_flop: Cell | None


def representatives(tech: Technology) -> Representatives:
    """Find the cells by which a technology is compared with others."""
    inverter = _smallest(tech, _is([_INVERTER]))
    return Representatives(
        nand2=_smallest(tech, _is([_NAND])),
        xor2=_smallest(tech, _is([_XOR])),
        inverters=()
        if inverter is None
        else tuple(
            c
            for c in tech.cells.values()
            if _is([_INVERTER])(c) and c.area_um2 == inverter.area_um2
        ),
        full_adder=_smallest(tech, _is_full_adder),
        flip_flop=_smallest(tech, _is_plain_flip_flop)
        or _smallest(tech, lambda c: c.ff is not None),
    )


def _smallest(tech: Technology, wanted: Callable[[Cell], bool]) -> Cell | None:
    found = (c for c in tech.cells.values() if wanted(c))
    return min(found, key=lambda c: c.area_um2, default=None)


def _is(tables: list[tuple[int, ...]]) -> Callable[[Cell], bool]:
    inputs = len(tables[0]).bit_length() - 1
    return lambda cell: functions(cell, inputs) == tables


def _is_plain_flip_flop(cell: Cell) -> bool:
    ff = cell.ff
    return (
        ff is not None
        and ff.clear is None
        and ff.preset is None
        and not ff.clocked_on.startswith("!")
    )


def _is_full_adder(cell: Cell) -> bool:
    upright = {_upright(f) for f in functions(cell, 3)}
    return len(cell.outputs) == 2 and upright == {_PARITY, _upright(_MAJORITY)}


def _upright(table: tuple[int, ...]) -> tuple[int, ...]:
    """The table or its complement, whichever is 0 where all inputs are 0."""
    return tuple(1 - b for b in table) if table[0] else table
