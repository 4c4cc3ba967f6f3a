"""Transitions of a design's gates while it computes: settled ones, and glitches.

Many independent sums are simulated side by side (:mod:`hwdse.cost.fit.simulation`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.cost.energy import sum_length
from hwdse.cost.fit.gates import Gates
from hwdse.cost.fit.simulation import ALL, Program, compile_graph, follow, settle
from hwdse.cost.operands import Operands
from hwdse.pe import Design
from hwdse.synth.simulate import Words, pack
from hwdse.verify.check import operand_planes

__all__ = ["Activity", "measure_activity"]

# Sums side by side.
_STREAMS = 512
_SEED = 20_261


@dataclass(frozen=True, eq=False)
class Activity:
    """Transitions a cycle of every node.

    Attributes:
        settled: From one settled value to the next.
        glitches: Beyond those, with delays by kind of gate and fan-out.
    """

    settled: NDArray[np.float64]
    glitches: NDArray[np.float64]


def measure_activity(
    design: Design, gates: Gates, live: list[int], operands: Operands, *, streams: int = _STREAMS
) -> Activity:
    """Count transitions over sums as :func:`hwdse.cost.energy.measure_energy` makes them.

    Args:
        design: The design.
        gates: Its gates.
        live: Its nodes that are used, in order.
        operands: What it computes on.
        streams: Independent sums; a multiple of 64.
    """
    program = compile_graph(gates.graph, live)
    size, words = program.size, streams // 64
    settled = np.zeros(size, dtype=np.int64)
    cycles = sum_length(design) * design.initiation_interval
    # Glitches are followed once, in every sum from another cycle to the next.
    masks = _masks(streams, cycles)
    mixed = np.zeros((2, 2 * size, words), dtype=np.uint64)
    before = np.zeros((2 * size, words), dtype=np.uint64)
    for cycle, rows in enumerate(_cycles(design, gates, program, operands, streams)):
        if cycle:
            settled += np.bitwise_count(before[:size] ^ rows[:size]).sum(axis=1, dtype=np.int64)
            mixed[0] |= before & masks[cycle - 1]
            mixed[1] |= rows & masks[cycle - 1]
        before[:] = rows
    final = np.bitwise_count(mixed[0, :size] ^ mixed[1, :size]).sum(axis=1, dtype=np.int64)
    # Transitions of sources are none of gates.
    final[: program.sources] = 0
    glitches = follow(program, *mixed) - final
    at = program.places[live]
    return Activity(
        settled=_by_node(gates, live, settled[at] / (streams * cycles)),
        glitches=_by_node(gates, live, glitches[at] / streams),
    )


def _by_node(gates: Gates, live: list[int], values: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.zeros(len(gates.graph.kinds))
    found[live] = values
    return found


def _masks(streams: int, cycles: int) -> Words:
    """For each cycle, the sums whose transition of that cycle is followed; each sum once."""
    chosen = np.random.default_rng(_SEED).permutation(np.arange(streams) * cycles // streams)
    return np.stack([pack((chosen == cycle).astype(np.uint8), 1)[0] for cycle in range(cycles)])


def _cycles(
    design: Design, gates: Gates, program: Program, operands: Operands, streams: int
) -> Iterator[Words]:
    """Rows of all literals, cycle by cycle of a sum, and one more."""
    rng = np.random.default_rng(_SEED)
    each, interval = sum_length(design), design.initiation_interval
    codes = operands.sample(design, (each, streams), rng)
    planes = [
        {o.name: operand_planes(o, codes[o.name][step]) for o in design.operands}
        for step in range(each)
    ]
    rows = program.blank(streams // 64)
    inputs = {
        name: [int(program.places[literal >> 1]) for literal in literals]
        for name, literals in gates.inputs.items()
    }
    kept = [(d, q) for d, q in gates.registers if program.places[d >> 1] >= 0]
    data, outputs = ([program.row(pair[end]) for pair in kept] for end in (0, 1))
    for cycle in range(design.latency + each * interval + 1):
        step, phase = divmod(cycle % (each * interval), interval)
        for name, places in inputs.items():
            if name == "in_valid":
                rows[places] = 0 if phase else ALL
            elif name == "clear":
                rows[places] = 0 if step or phase else ALL
            else:
                rows[places] = planes[step][name]
        settle(program, rows)
        if cycle >= design.latency:
            yield rows
        rows[outputs] = rows[data]
