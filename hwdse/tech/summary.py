"""A technology in a few figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

from hwdse.tech.boolean import Ast, parse
from hwdse.tech.model import Cell, Technology

__all__ = ["summarise"]

_NAND = (1, 1, 1, 0)
_INVERTER = (1, 0)
_PARITY = (0, 1, 1, 0, 1, 0, 0, 1)
_MAJORITY = (0, 0, 0, 1, 0, 1, 1, 1)


def summarise(tech: Technology) -> dict[str, Any]:
    """What ``hwdse tech NAME`` prints.

    Cells are recognised by their function, not their name; the smallest of each kind is taken,
    the first in the library's order among equals. A full adder may have inverted outputs (as
    ASAP7's has), a flip-flop may store or give the complement but has neither clear nor preset
    and acts on the rising edge. A kind that the technology lacks is None.

    Returns:
        ``name, description, cells, combinational, flip_flops, corner, source, sha256`` and
        ``nand2, inverter, full_adder, dff``, each ``{"cell": name, "area_um2": area}`` or None,
        ready for JSON.
    """
    cells = tech.cells.values()
    flops = [c for c in cells if c.ff is not None]
    plain = [
        c
        for c in flops
        if c.ff
        and c.ff.clear is None
        and c.ff.preset is None
        and not c.ff.clocked_on.startswith("!")
    ]
    source = tech.source
    return {
        "name": tech.name,
        "description": tech.description,
        "corner": {
            "process": tech.corner.process,
            "voltage_v": tech.corner.voltage_v,
            "temperature_c": tech.corner.temperature_c,
        },
        "cells": len(tech.cells),
        "combinational": len(tech.cells) - len(flops),
        "flip_flops": len(flops),
        "nand2": _smallest(cells, lambda c: _functions(c, 2) == [_NAND]),
        "inverter": _smallest(cells, lambda c: _functions(c, 1) == [_INVERTER]),
        "full_adder": _smallest(cells, _is_full_adder),
        "dff": _smallest(plain, lambda c: True),
        "source": {
            "files": [{"name": n, "sha256": h} for n, h in source.files],
            "library": list(source.library),
            "licence": source.licence,
            "url": source.url,
            "importer": source.importer,
        },
        "sha256": tech.sha256,
    }


def _smallest(cells: Iterable[Cell], wanted: Callable[[Cell], bool]) -> dict[str, Any] | None:
    found = min((c for c in cells if wanted(c)), key=lambda c: c.area_um2, default=None)
    return None if found is None else {"cell": found.name, "area_um2": found.area_um2}


def _is_full_adder(cell: Cell) -> bool:
    upright = {_upright(f) for f in _functions(cell, 3)}
    return len(cell.outputs) == 2 and upright == {_PARITY, _upright(_MAJORITY)}


def _upright(table: tuple[int, ...]) -> tuple[int, ...]:
    """The table or its complement, whichever is 0 where all inputs are 0."""
    return tuple(1 - b for b in table) if table[0] else table


def _functions(cell: Cell, inputs: int) -> list[tuple[int, ...]]:
    """Truth tables of a combinational cell's outputs, empty unless it has this many inputs."""
    if cell.ff is not None or len(cell.inputs) != inputs:
        return []
    names = [p.name for p in cell.inputs]
    rows = [dict(zip(names, bits, strict=True)) for bits in product((0, 1), repeat=inputs)]
    trees = [parse(p.function) for p in cell.outputs if p.function is not None]
    return [tuple(_value(tree, row) for row in rows) for tree in trees]


def _value(ast: Ast, row: dict[str, int]) -> int:
    kind = ast[0]
    if kind == "const":
        return int(ast[1])
    if kind == "var":
        return row[ast[1]]
    bits = [_value(child, row) for child in ast[1:]]
    if kind == "not":
        return 1 - bits[0]
    if kind == "xor":
        return sum(bits) % 2
    return min(bits) if kind == "and" else max(bits)
