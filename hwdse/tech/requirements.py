"""What a technology must have so that designs can be mapped to it, and what it lacks."""

from __future__ import annotations

from hwdse.tech.boolean import parse, truth_table
from hwdse.tech.model import Cell, Technology

__all__ = ["functions", "lacking", "limitations"]


def lacking(tech: Technology) -> tuple[str, ...]:
    """Kinds of cells without which technology mapping fails, empty if none is missing.

    ABC needs an inverter, a buffer, and a two-input gate that is AND up to inversions; every unit
    has registers. Other gates are made of these.
    """
    cells = tech.cells.values()
    wanted = {
        "an inverter": any(functions(c, 1) == [(1, 0)] for c in cells),
        "a buffer": any(functions(c, 1) == [(0, 1)] for c in cells),
        "a two-input NAND, NOR, AND or OR": any(
            len(tables) == 1 and sum(tables[0]) in (1, 3)
            for tables in (functions(c, 2) for c in cells)
        ),
        "a D flip-flop": any(c.ff is not None for c in cells),
    }
    return tuple(kind for kind, present in wanted.items() if not present)


def limitations(technology: Technology) -> tuple[str, ...]:
    """What a technology's files did not say, and what it therefore cannot do, a line each."""
    cells = technology.cells.values()
    driven = [c for c in cells if c.inputs]
    no_power = sum(not any(p.power for p in c.pins.values()) for c in driven)
    no_leakage = sum(not c.leakage_nw for c in driven)
    no_setup = sum(all(not p.setup for p in c.inputs) for c in driven if c.ff is not None)
    notes = []
    if no_power:
        notes.append(
            f"{no_power} of {len(driven)} cells have no internal power: their energy is that of "
            "charging the loads they drive"
        )
    if no_leakage:
        notes.append(f"{no_leakage} of {len(driven)} cells state no leakage: taken as 0")
    if no_setup:
        notes.append(f"{no_setup} flip-flops state no setup time: taken as 0")
    missing = lacking(technology)
    if missing:
        notes.append(f"nothing can be synthesised with it: it lacks {', '.join(missing)}")
    return tuple(notes)


def functions(cell: Cell, inputs: int) -> list[tuple[int, ...]]:
    """Truth tables of a combinational cell's outputs, empty unless it has this many inputs."""
    if cell.ff is not None or len(cell.inputs) != inputs:
        return []
    names = [p.name for p in cell.inputs]
    return [truth_table(parse(p.function), names) for p in cell.outputs if p.function is not None]
