"""`hwdse memory`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hwdse import memory as memories
from hwdse.cli.output import figure, note, print_json, print_table
from hwdse.errors import HwdseError
from hwdse.memory import Interval, Memory
from hwdse.memory.data import KIB_BITS
from hwdse.memory.sram import published_points
from hwdse.report.memory_figure import MemoryPicture, save_memory_figure

__all__ = ["show_memories"]

_MAX_KIB = 1 << 20
_LINE = 65


def show_memories(
    kib: float | None, width: int, node: str | None, output: Path | None, *, json: bool
) -> None:
    """Print a memory's cost, or what one costs over capacities, and the DRAM types."""
    wanted = memories.technologies() if node is None else (node,)
    if node is not None and node not in memories.technologies():
        memories.memory_cost(Memory(64 * KIB_BITS, 64), node)  # raises, naming the known ones
    if kib is not None:
        memory = _memory(kib, width)
        costs = []
        for name in wanted:
            try:
                costs.append(memories.memory_cost(memory, name))
            except HwdseError as error:
                # Of several technologies those that reach so far are shown.
                if node is not None:
                    raise
                note(str(error))
        if not costs:
            raise HwdseError(f"no technology has memories of {kib:g} KiB, {width} bits wide")
    else:
        costs = [
            memories.memory_cost(Memory(round(size * KIB_BITS), width), name)
            for name in wanted
            for size in _published_sizes(name)
        ]
    if output is not None:
        note(str(save_memory_figure(_picture(node or wanted[0], width), output)))
    if json:
        print_json(
            {
                "sram": [cost.to_json() for cost in costs],
                "dram": [
                    {
                        "type": kind.type,
                        "description": kind.description,
                        "pj_per_bit": kind.pj_per_bit.value,
                        "pj_per_bit_low": kind.pj_per_bit.low,
                        "pj_per_bit_high": kind.pj_per_bit.high,
                        "source": kind.source,
                    }
                    for kind in memories.dram_types()
                ],
            }
        )
    else:
        print_table(
            ["node", "KiB", "width", "area um2", "read pJ", "write pJ", "read pJ/bit", "basis"],
            [
                [
                    cost.technology,
                    f"{cost.memory.capacity_kib:g}",
                    cost.memory.width_bits,
                    _text(cost.area_um2),
                    _text(cost.read_pj),
                    _text(cost.write_pj),
                    figure(cost.read_pj.value / cost.memory.width_bits, 3),
                    cost.basis,
                ]
                for cost in costs
            ],
        )
        print()
        print_table(
            ["DRAM", "pJ/bit", "what", "source"],
            [
                [kind.type, _text(kind.pj_per_bit), kind.description, kind.source]
                for kind in memories.dram_types()
            ],
        )


def _memory(kib: float, width: int) -> Memory:
    if not 0 < kib <= _MAX_KIB:
        raise HwdseError(f"--kib {kib:g}: give a capacity of more than 0 and at most {_MAX_KIB}")
    bits = kib * KIB_BITS
    if bits != round(bits):
        raise HwdseError(f"--kib {kib:g}: that is {bits:g} bits, not a whole number")
    return Memory(round(bits), width)


def _published_sizes(name: str) -> list[float]:
    return sorted({kib for source, kib, _ in published_points(name) if "scaled" not in source})


def _text(interval: Interval) -> str:
    low, value, high = (figure(x, 3) for x in (interval.low, interval.value, interval.high))
    return f"{value} [{low}, {high}]"


def _picture(node: str, width: int) -> MemoryPicture:
    sizes = _published_sizes(node)
    kib = [float(x) for x in np.geomspace(sizes[0], sizes[-1], _LINE)]
    costs = [
        # Whole words: the capacity of a line's point need not be a power of two.
        memories.memory_cost(Memory(round(x * KIB_BITS / width) * width, width), node)
        for x in kib
    ]
    # The published points are of 64-bit accesses.
    points: dict[str, list[tuple[float, float]]] = {}
    for source, size, read_pj in published_points(node) if width == 64 else ():
        points.setdefault(source, []).append((size, read_pj / width))
    where = node if not node.isdigit() else f"{node} nm"
    return MemoryPicture(
        title=f"SRAM read energy, {where}, {width}-bit access",
        capacity_kib=kib,
        value=[c.read_pj.value / width for c in costs],
        low=[c.read_pj.low / width for c in costs],
        high=[c.read_pj.high / width for c in costs],
        points=points,
    )
