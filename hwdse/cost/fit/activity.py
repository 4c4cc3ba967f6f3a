"""Transitions of a design's gates while it computes: settled ones, and glitches.

A node's values in many independent sums are the bits of one Python integer, so that a gate costs
one operation for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.cost.energy import sum_length
from hwdse.cost.fit.gates import Gates
from hwdse.cost.fit.graph import AND, INPUT, MUX, XOR, Graph
from hwdse.cost.operands import Operands
from hwdse.pe import Design
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


@dataclass(frozen=True, eq=False)
class _Timed:
    """What following transitions takes of a graph."""

    kinds: list[int]
    fanins: list[tuple[int, ...]]
    live: list[int]
    sources: list[int]
    users: list[list[int]]
    delays: list[int]


# Steps that a gate takes, and its fan-out for one step more.
_STEPS = {AND: 3, XOR: 5, MUX: 5}
_LOAD = 2
_MOST_STEPS = 16


def _timed(graph: Graph, live: list[int]) -> _Timed:
    users: list[list[int]] = [[] for _ in graph.kinds]
    for node in live:
        for literal in graph.fanins[node]:
            users[literal >> 1].append(node)
    delays = [
        min(_STEPS.get(kind, 0) + len(taken) // _LOAD, _MOST_STEPS)
        for kind, taken in zip(graph.kinds, users, strict=True)
    ]
    sources = [node for node in live if graph.kinds[node] == INPUT]
    return _Timed(graph.kinds, graph.fanins, live, sources, users, delays)


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
    nodes = len(gates.graph.kinds)
    settled = [0] * nodes
    cycles = sum_length(design) * design.initiation_interval
    # Glitches are followed once, in every sum from another cycle to the next.
    masks = _masks(streams, cycles)
    mixed_before, mixed_after = [0] * nodes, [0] * nodes
    before: list[int] | None = None
    for cycle, values in enumerate(_cycles(design, gates, live, operands, streams)):
        if before is not None:
            mask = masks[cycle - 1]
            for node in live:
                then, now = before[node], values[node]
                settled[node] += (then ^ now).bit_count()
                mixed_before[node] |= then & mask
                mixed_after[node] |= now & mask
        before = values.copy()
    glitches = _follow(_timed(gates.graph, live), mixed_before, mixed_after, (1 << streams) - 1)
    return Activity(np.array(settled) / (streams * cycles), np.array(glitches) / streams)


def _masks(streams: int, cycles: int) -> list[int]:
    """For each cycle, the sums whose transition of that cycle is followed; each sum once."""
    chosen = np.random.default_rng(_SEED).permutation(np.arange(streams) * cycles // streams)
    masks = [0] * cycles
    for stream, cycle in enumerate(chosen.tolist()):
        masks[cycle] |= 1 << stream
    return masks


def _cycles(
    design: Design, gates: Gates, live: list[int], operands: Operands, streams: int
) -> Iterator[list[int]]:
    """Values of all nodes, cycle by cycle of a sum, and one more."""
    rng = np.random.default_rng(_SEED)
    each, interval = sum_length(design), design.initiation_interval
    codes = operands.sample(design, (each, streams), rng)
    planes = [
        {o.name: _integers(operand_planes(o, codes[o.name][step])) for o in design.operands}
        for step in range(each)
    ]
    everything = (1 << streams) - 1
    values = [0] * len(gates.graph.kinds)
    for cycle in range(design.latency + each * interval + 1):
        step, phase = divmod(cycle % (each * interval), interval)
        words = dict(planes[step])
        words["in_valid"] = [0 if phase else everything]
        words["clear"] = [0 if step or phase else everything]
        for name, literals in gates.inputs.items():
            for literal, word in zip(literals, words[name], strict=True):
                values[literal >> 1] = word
        _settle(gates.graph, live, values, everything)
        if cycle >= design.latency:
            yield values
        following = [values[d >> 1] ^ (everything if d & 1 else 0) for d, _ in gates.registers]
        for (_, output), value in zip(gates.registers, following, strict=True):
            values[output >> 1] = value


def _integers(planes: NDArray[np.uint64]) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in np.ascontiguousarray(planes)]


def _settle(graph: Graph, live: list[int], values: list[int], everything: int) -> None:
    kinds, fanins = graph.kinds, graph.fanins
    for node in live:
        kind = kinds[node]
        if kind == INPUT:
            continue
        x, y, *rest = [
            values[f >> 1] ^ everything if f & 1 else values[f >> 1] for f in fanins[node]
        ]
        if kind == AND:
            values[node] = x & y
        elif kind == XOR:
            values[node] = x ^ y
        else:
            values[node] = (x & y) | (rest[0] & ~x)


def _follow(gates: _Timed, before: list[int], after: list[int], everything: int) -> list[int]:
    """Transitions of each node between two settled states, beyond the way from one to the other.

    Delays are inertial: what a gate's function is for less than its delay does not pass.
    """
    kinds, fanins, users, delays = gates.kinds, gates.fanins, gates.users, gates.delays
    transitions = [0] * len(kinds)
    # By literal: a node's value, then its complement.
    now = [value ^ flip for value in before for flip in (0, everything)]
    function = before.copy()
    changes: list[list[tuple[int, int]]] = [[] for _ in kinds]
    waiting: dict[int, set[int]] = {}
    for node in gates.sources:
        now[2 * node], now[2 * node + 1] = after[node], after[node] ^ everything
    fresh = {user for n in gates.sources if before[n] != after[n] for user in users[n]}
    time = 0
    while fresh or waiting:
        for node in fresh:
            kind, taken = kinds[node], fanins[node]
            x, y = now[taken[0]], now[taken[1]]
            if kind == AND:
                value = x & y
            elif kind == XOR:
                value = x ^ y
            else:
                value = (x & y) | (now[taken[2]] & ~x)
            if moved := value ^ function[node]:
                function[node] = value
                changes[node].append((time, moved))
                waiting.setdefault(time + delays[node], set()).add(node)
        if not waiting:
            break
        time = min(waiting)
        fresh = set()
        for node in waiting.pop(time):
            late = time - delays[node]
            changes[node] = kept = [change for change in changes[node] if change[0] > late]
            old = now[2 * node]
            value = function[node]
            if kept:
                unsettled = 0
                for _, moved in kept:
                    unsettled |= moved
                value = (value & ~unsettled) | (old & unsettled)
            if moved := value ^ old:
                transitions[node] += moved.bit_count()
                now[2 * node], now[2 * node + 1] = value, value ^ everything
                fresh.update(users[node])
    for node in gates.live:
        if kinds[node] != INPUT:
            transitions[node] -= (before[node] ^ after[node]).bit_count()
    return transitions
