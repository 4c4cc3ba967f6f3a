"""Golden vectors of arrays: whole tiles, with pauses, for the testbench of all designs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwdse.pe.array import Array
from hwdse.verify.array_streams import tile_stream

__all__ = ["ARRAY_SEMANTICS", "array_cycles"]

ARRAY_SEMANTICS = (
    "One line per clock cycle, a hexadecimal word with the fields from the most significant bits "
    "down; each field starts at a hexadecimal digit, and underscores part them.",
    "A line with in_valid=1 is an element, whose operands stay in the `initiation_interval` - 1 "
    "lines behind it; where in_valid is 0, clear, swap and last mean nothing.",
    "Stimulus fields are applied before a rising edge of clk. Expected fields are due `latency` "
    "rising edges later, counting that edge.",
    "Where out_valid is 0, other expected fields mean nothing.",
)


def array_cycles(array: Array, elements: int, seed: int) -> tuple[list[dict[str, int]], int, int]:
    """At least so many elements in tiles, and the cycles until all is out.

    Returns:
        The bits of every port in each cycle; elements; and cycles with ``out_valid``.
    """
    cycles = elements
    while True:
        stream = tile_stream(array, cycles, np.random.default_rng(seed))
        if stream.elements >= elements:
            break
        cycles += max(cycles // 4, 1)
    late = array.latency
    columns: dict[str, Sequence[int]] = {
        name: _numbers(bits) for name, bits in stream.inputs.items() if name != "rst"
    }
    # Results stand in the line that they follow from.
    columns |= {n: _numbers(np.roll(bits, -late, axis=0)) for n, bits in stream.expected.items()}
    columns["out_valid"] = [int(flag) for flag in np.roll(stream.out_valid, -late)]
    names = list(columns)
    lines = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return lines, stream.elements, sum(columns["out_valid"])


def _numbers(bits: NDArray[np.uint8]) -> list[int]:
    """Bits of one copy, shape (cycles, 1, width), as integers."""
    octets = np.packbits(bits[:, 0], axis=-1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in octets]
