"""A graph of gates, compiled to simulate many streams of operands side by side.

Rows of words stand for literals, a bit for each stream. Every gate is computed as the multiplexer
that it is a case of, so that one sequence of array operations serves all gates of a level.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hwdse.cost.fit.graph import AND, INPUT, MUX, XOR, Graph
from hwdse.synth.simulate import Words

__all__ = ["ALL", "Program", "compile_graph", "follow", "settle"]


Ints = NDArray[np.int64]

# A word of streams that all have a one.
ALL = ~np.uint64(0)
# Steps that a gate takes, and its fan-out for one step more.
_STEPS = {INPUT: 0, AND: 3, XOR: 5, MUX: 5}
_LOAD = 2
_MOST_STEPS = 16


@dataclass(frozen=True, eq=False)
class Program:
    """A graph's nodes in order of their levels, each at a place of its own.

    Attributes:
        places: Of nodes by number; the constant's is 0, -1 where a node is not used.
        size: How many places there are. A literal's row is its node's place; inverted, as many
            rows further.
        sources: Places of what is driven from outside: ``1 <= place < sources``.
        levels: Ranges of places of gates, each of which takes earlier ones alone.
        fanins: Rows that each place's multiplexer takes, shape (3, size): select, then and else.
        delays: Steps that each place's gate takes.
    """

    places: Ints
    size: int
    sources: int
    levels: tuple[tuple[int, int], ...]
    fanins: Ints
    delays: Ints

    def row(self, literal: int) -> int:
        """Where a literal's words are."""
        return int(self.places[literal >> 1]) + self.size * (literal & 1)

    def blank(self, words: int) -> Words:
        """Rows of words for all literals, of which the constants are set."""
        rows = np.zeros((2 * self.size, words), dtype=np.uint64)
        rows[self.size :] = ALL
        return rows

    @cached_property
    def users(self) -> tuple[Ints, Ints]:
        """Places that take each place: all of them, and where each one's begin."""
        gates = np.arange(self.sources, self.size)
        taken = (self.fanins[:, gates] % self.size).ravel()
        pairs = np.unique(np.stack([taken, np.tile(gates, 3)]), axis=1)
        return pairs[1], np.searchsorted(pairs[0], np.arange(self.size + 1))


def compile_graph(graph: Graph, live: list[int]) -> Program:
    """Compile a graph.

    Args:
        graph: It.
        live: Its nodes that are used, in topological order, all that they take among them.
    """
    kinds, fanins = graph.kinds, graph.fanins
    depth = [0] * len(kinds)
    fanout = [0] * len(kinds)
    for node in live:
        taken = fanins[node]
        if taken:
            depth[node] = 1 + max(depth[literal >> 1] for literal in taken)
            for literal in taken:
                fanout[literal >> 1] += 1
    order = np.array([0, *sorted(live, key=depth.__getitem__)])
    deep = np.array(depth)[order]
    places = np.full(len(kinds), -1)
    places[order] = np.arange(len(order))
    size = len(order)
    cuts = np.searchsorted(deep, np.arange(1, deep[-1] + 2))
    triples = np.array([_multiplexer(kinds[n], fanins[n]) for n in order.tolist()]).T
    steps = [min(_STEPS[kinds[n]] + fanout[n] // _LOAD, _MOST_STEPS) for n in order.tolist()]
    return Program(
        places=places,
        size=size,
        sources=int(cuts[0]),
        levels=tuple(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)),
        fanins=places[triples >> 1] + size * (triples & 1),
        delays=np.array(steps),
    )


def _multiplexer(kind: int, fanins: tuple[int, ...]) -> tuple[int, ...]:
    """The literals that a multiplexer of a gate's function takes."""
    if kind == AND:
        return (*fanins, 0)
    if kind == XOR:
        return fanins[0], fanins[1] ^ 1, fanins[1]
    return fanins if kind == MUX else (0, 0, 0)


def _computed(rows: Words, fanins: Ints) -> Words:
    other = rows[fanins[2]]
    found = rows[fanins[1]]
    found ^= other
    found &= rows[fanins[0]]
    found ^= other
    return np.asarray(found)


def settle(program: Program, rows: Words) -> None:
    """Compute all gates from the rows of the sources, whose inverted rows are made too."""
    size, sources = program.size, program.sources
    np.invert(rows[1:sources], out=rows[size + 1 : size + sources])
    for start, end in program.levels:
        found = _computed(rows, program.fanins[:, start:end])
        rows[start:end] = found
        np.invert(found, out=rows[size + start : size + end])


def follow(program: Program, before: Words, after: Words) -> Ints:
    """Transitions of each place between two settled states, shape (size,).

    Delays are inertial: what a gate's function is for less than its delay does not pass.

    Args:
        program: The gates.
        before, after: Rows of all literals.
    """
    size, sources = program.size, program.sources
    transitions = np.zeros(size, dtype=np.int64)
    now = before.copy()
    for first in (1, size + 1):
        now[first : first + sources - 1] = after[first : first + sources - 1]
    function = before[:size].copy()
    recent = _Recent(before[:size].shape)
    waiting: dict[int, list[Ints]] = {}
    moved = np.flatnonzero((before[:sources] != after[:sources]).any(axis=1))
    time = 0
    while True:
        _evaluate(program, now, function, recent, waiting, _users(program, moved), time)
        if not waiting:
            return transitions
        time = min(waiting)
        due = np.concatenate(waiting.pop(time))
        changed = function[due] ^ now[due]
        changed &= ~recent.unsettled(due, program.delays[due], time)
        counts = np.bitwise_count(changed).sum(axis=1, dtype=np.int64)
        some = counts > 0
        moved = due[some]
        transitions[moved] += counts[some]
        now[moved] ^= changed[some]
        now[moved + size] = ~now[moved]


def _users(program: Program, places: Ints) -> Ints:
    users, starts = program.users
    first, counts = starts[places], starts[places + 1] - starts[places]
    at = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
    marked = np.zeros(program.size, dtype=np.bool_)
    marked[users[at]] = True
    return np.flatnonzero(marked)


def _evaluate(
    program: Program,
    now: Words,
    function: Words,
    recent: _Recent,
    waiting: dict[int, list[Ints]],
    gates: Ints,
    time: int,
) -> None:
    """Compute gates whose inputs changed; those whose function did are due after their delays."""
    found = _computed(now, program.fanins[:, gates])
    changed = found ^ function[gates]
    some = changed.any(axis=1)
    gates = gates[some]
    if not len(gates):
        return
    function[gates] = found[some]
    recent.note(gates, changed[some], time)
    due = time + program.delays[gates]
    for each in np.unique(due).tolist():
        waiting.setdefault(each, []).append(gates[due == each])


class _Recent:
    """What functions changed in the last steps, as far back as any delay reaches."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._changes = np.zeros((_MOST_STEPS + 1, *shape), dtype=np.uint64)
        self._times = [-1] * len(self._changes)
        self._noted: list[Ints] = [np.zeros(0, dtype=np.int64)] * len(self._changes)
        self._last = np.full(shape[0], -1)

    def note(self, places: Ints, changes: Words, time: int) -> None:
        slot = time % len(self._changes)
        self._changes[slot, self._noted[slot]] = 0
        self._changes[slot, places] = changes
        self._noted[slot] = places
        self._times[slot] = time
        self._last[places] = time

    def unsettled(self, places: Ints, delays: Ints, time: int) -> Words:
        """Streams in which functions changed for less than a delay."""
        found = np.zeros((len(places), self._changes.shape[2]), dtype=np.uint64)
        some = np.flatnonzero(self._last[places] > time - delays)
        back = 1
        while len(some):
            slot = (time - back) % len(self._changes)
            if self._times[slot] == time - back:
                found[some] |= self._changes[slot, places[some]]
            back += 1
            some = some[delays[some] > back]
        return found
