"""Transitions of a mapped netlist with gate delays: what it switches on the way to settling.

Bit-parallel like :mod:`hwdse.synth.simulate`, but every net carries a waveform: the times at which
it may change and, for each of them, the value of all vectors. A cell's output follows its function
after a delay, on a grid of whole steps; a pulse of its function shorter than the delay does not
pass (inertial delay, as of a Verilog continuous assignment). With every delay one step this is
unit-delay simulation. A pulse that passes counts as two full transitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.synth.netlist import CellModel, topological_order
from hwdse.synth.power import look_up, pins_by_kind
from hwdse.synth.simulate import Program
from hwdse.synth.timing import Timing
from hwdse.tech.boolean import Ast, variables
from hwdse.tech.model import Technology

__all__ = ["Delays", "EventProgram", "compile_events", "timed_delays", "unit_delays"]

Words = NDArray[np.uint64]
_Steps = NDArray[np.int64]
# Before everything: the time of a waveform's first value.
_EVER = -1
# Nets times words that are simulated together.
_WORDS_AT_ONCE = 1 << 18
# Grid steps in the mean gate delay.
STEPS_PER_GATE = 4
_COMBINE: dict[str, Callable[..., Any]] = {
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}


@dataclass(frozen=True, eq=False)
class Delays:
    """Delay of the cell that drives each net, in steps of the time grid.

    Attributes:
        rise, fall: Shape (nets,), at least 1.
        step_ps: The grid; None where steps stand for no time.
    """

    rise: _Steps
    fall: _Steps
    step_ps: float | None


def unit_delays(net_count: int) -> Delays:
    """Every cell takes one step."""
    ones = np.ones(net_count, dtype=np.int64)
    return Delays(ones, ones, None)


def timed_delays(program: Program, technology: Technology, timing: Timing) -> Delays:
    """Delays from the technology's tables at a timing analysis' loads and slews.

    The delay of an edge is the mean over the arcs that can make it, rounded to the grid of a
    quarter of the mean gate delay.
    """
    netlist = program.netlist
    delay = np.zeros((2, netlist.net_count))
    count = np.zeros((2, netlist.net_count))
    slew = timing.slew_ps.mean(axis=1)
    for kind, pins in pins_by_kind(netlist).items():
        for output in technology.cells[kind].outputs:
            for arc in output.arcs:
                ends = [
                    (p[arc.related_pin], p[output.name])
                    for p in pins
                    if arc.related_pin in p and output.name in p
                ]
                if not ends:
                    continue
                source, net = np.array(ends).T
                for edge, table in enumerate((arc.rise_delay, arc.fall_delay)):
                    delay[edge, net] += look_up(table, slew[source], timing.load_ff[net])
                    count[edge, net] += 1
    driven = count.min(axis=0) > 0
    mean = delay / np.maximum(count, 1)
    step = float(mean[:, driven].mean()) / STEPS_PER_GATE if driven.any() else 1.0
    rise, fall = np.maximum(np.rint(mean / step), 1).astype(np.int64)
    return Delays(rise, fall, step)


@dataclass(frozen=True, eq=False)
class _Gate:
    """One output of a cell: ``ast`` over pins, and the row that each pin reads."""

    target: int
    ast: Ast
    rows: dict[str, int]
    rise: int
    fall: int
    dropped: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class EventProgram:
    """A netlist's cells in topological order, with their delays."""

    gates: tuple[_Gate, ...]
    net_count: int

    def transitions(self, before: Words, after: Words) -> NDArray[np.int64]:
        """Transitions of every net from one settled state to the next.

        Flip-flops and input ports change at time 0; a flip-flop's output follows after its delay.

        Args:
            before, after: Shape (rows, words): settled values, with the flip-flops' states in the
                rows that the program has for them.

        Returns:
            Shape (nets, words): transitions, summed over the 64 vectors of each word.
        """
        # Waveforms of many nets are kept at a time: memory bounds how many vectors go together.
        pieces = max(1, self.net_count * before.shape[1] // _WORDS_AT_ONCE)
        parts = np.array_split(np.arange(before.shape[1]), min(pieces, before.shape[1]))
        counted = [self._transitions(before[:, part], after[:, part]) for part in parts]
        return np.concatenate(counted, axis=1)

    def _transitions(self, before: Words, after: Words) -> NDArray[np.int64]:
        nets = slice(0, self.net_count)
        counts: NDArray[np.int64] = np.bitwise_count(before[nets] ^ after[nets]).astype(np.int64)
        waves: dict[int, tuple[_Steps, Words]] = {}
        for gate in self.gates:
            pins = {}
            for pin, row in gate.rows.items():
                if row not in waves:
                    waves[row] = _edge(before[row], after[row])
                pins[pin] = waves[row]
            times, values = _settle(gate, pins)
            changes = values[1:] ^ values[:-1]
            counts[gate.target] = np.bitwise_count(changes).sum(axis=0, dtype=np.int64)
            happens = changes.any(axis=1)
            if not happens.all():
                kept = np.concatenate([[True], happens])
                times, values = times[kept], values[kept]
            waves[gate.target] = (times, values)
            for row in gate.dropped:
                del waves[row]
        return counts


def compile_events(
    program: Program, models: Mapping[str, CellModel], delays: Delays
) -> EventProgram:
    """Put the cells of a program's netlist in order and give each output its delay."""
    netlist = program.netlist
    found: list[tuple[int, Ast, dict[str, int]]] = []
    logic = []
    states = iter(program.registers)
    for instance in netlist.instances:
        model = models[instance.kind]
        if model.next_state is None:
            logic.append(instance)
            continue
        state, _ = next(states)
        rows = {**instance.pins, model.state: state}
        found += [
            (instance.pins[p], ast, rows) for p, ast in model.outputs.items() if p in instance.pins
        ]
    for instance in topological_order(logic, lambda i: models[i.kind].outputs):
        outputs = models[instance.kind].outputs.items()
        found += [
            (instance.pins[p], ast, instance.pins) for p, ast in outputs if p in instance.pins
        ]
    # What has no inputs never changes: its row is read where it stands.
    found = [each for each in found if variables(each[1])]
    reads = [{pin: rows[pin] for pin in variables(ast)} for _, ast, rows in found]
    last = {row: index for index, rows in enumerate(reads) for row in rows.values()}
    gates = tuple(
        _Gate(
            target=target,
            ast=ast,
            rows=rows,
            rise=int(delays.rise[target]),
            fall=int(delays.fall[target]),
            dropped=tuple(
                {row for row in rows.values() if last[row] == index}
                | ({target} if target not in last else set())
            ),
        )
        for index, ((target, ast, _), rows) in enumerate(zip(found, reads, strict=True))
    )
    return EventProgram(gates, netlist.net_count)


def _edge(before: Words, after: Words) -> tuple[_Steps, Words]:
    """The waveform of a row that changes, if at all, at time 0."""
    if np.array_equal(before, after):
        return np.array([_EVER]), before[None]
    return np.array([_EVER, 0]), np.stack([before, after])


def _settle(gate: _Gate, pins: dict[str, tuple[_Steps, Words]]) -> tuple[_Steps, Words]:
    """The waveform of a gate's output: its function's, later, with short pulses left out."""
    times = _union([t for t, _ in pins.values()])
    sampled = {
        pin: values if len(t) == len(times) else values[np.searchsorted(t, times, "right") - 1]
        for pin, (t, values) in pins.items()
    }
    function = _evaluate(gate.ast, sampled)
    if len(times) == 1:
        return times, function
    later = times[1:] + gate.rise
    if gate.fall != gate.rise:
        later = _union([later, times[1:] + gate.fall])
    # A rise takes effect where the function has been 1 for the rise delay, a fall likewise.
    newest = np.searchsorted(times, later, "left") - 1
    since_rise, since_fall = (
        np.maximum(np.searchsorted(times, later - delay, "right") - 1, 0)
        for delay in (gate.rise, gate.fall)
    )
    output = np.empty((len(later) + 1, function.shape[1]), dtype=np.uint64)
    output[0] = function[0]
    always = _over_windows(np.bitwise_and, function, since_rise, newest)
    ever = _over_windows(np.bitwise_or, function, since_fall, newest)
    output[1:] = ever
    if always is not ever:
        rows = list(output)
        for row, previous, high in zip(rows[1:], rows[:-1], always, strict=True):
            np.bitwise_and(row, previous, out=row)
            np.bitwise_or(row, high, out=row)
    return np.concatenate([[_EVER], later]), output


def _over_windows(combine: Any, values: Words, first: _Steps, last: _Steps) -> Words:
    """Combine the rows ``first[i] .. last[i]`` for every i, from rows combined in powers of two."""
    size = 1
    length = last - first + 1
    result: Words = values[last]
    while True:
        chosen = np.flatnonzero(length >= 2 * size)
        if len(chosen) == 0:
            return result
        values = combine(values[:-size], values[size:])
        size *= 2
        result[chosen] = combine(values[first[chosen]], values[last[chosen] - size + 1])


def _union(parts: list[_Steps]) -> _Steps:
    """Times of any part, ascending."""
    if len(parts) == 1:
        return parts[0]
    marks = np.zeros(max(int(t[-1]) for t in parts) + 2, dtype=np.bool_)
    for times in parts:
        marks[times + 1] = True
    return np.flatnonzero(marks) - 1


def _evaluate(ast: Ast, pins: Mapping[str, Words]) -> Words:
    kind = ast[0]
    if kind == "var":
        return pins[ast[1]]
    if kind == "const":
        some = next(iter(pins.values()))
        return np.full_like(some, ~np.uint64(0) if ast[1] else np.uint64(0))
    operands = [_evaluate(operand, pins) for operand in ast[1:]]
    if kind == "not":
        return np.invert(operands[0])
    return reduce(_COMBINE[kind], operands)
