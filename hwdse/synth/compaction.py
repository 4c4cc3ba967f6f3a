"""Programs without the nets nobody asks for: the same outputs, quicker, for comparisons.

Constants are folded, equal operations shared, those without a reader dropped, and rows taken again
after their last use, so that what is at work fits the processor's caches. Only ports and registers
can be read afterwards: counting transitions takes the program as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from hwdse.synth.simulate import Operation, Program

__all__ = ["compact"]

_ZERO, _ONE = 0, 1


def compact(program: Program) -> Program:
    """A program with the same ports and registers, in the same order, and fewer operations."""
    values = _Values()
    inputs = {
        name: tuple(values.new() for _ in nets) for name, nets in program.netlist.inputs.items()
    }
    states = [values.new() for _ in program.registers]
    # What each row holds at the present operation.
    held = {0: _ZERO, 1: _ONE}
    for name, nets in program.netlist.inputs.items():
        held.update(zip(nets, inputs[name], strict=True))
    held.update((row, state) for (row, _), state in zip(program.registers, states, strict=True))
    for operation in program.operations:
        # A net without driver reads as 0, as in the simulator's initial values.
        first = held.get(operation.first, _ZERO)
        second = None if operation.second is None else held.get(operation.second, _ZERO)
        held[operation.target] = values.apply(operation.function, first, second)
    # A register may follow another, which is overwritten at the same edge: each gets a copy.
    following = [values.copy(held.get(row, _ZERO)) for _, row in program.registers]
    outputs = {
        name: tuple(held.get(net, _ZERO) for net in nets)
        for name, nets in program.netlist.outputs.items()
    }
    kept = [value for nets in outputs.values() for value in nets] + following
    rows, operations, count = values.schedule(kept)
    netlist = replace(
        program.netlist,
        inputs={name: tuple(rows[value] for value in held) for name, held in inputs.items()},
        outputs={name: tuple(rows[value] for value in held) for name, held in outputs.items()},
        instances=(),
        net_count=count,
    )
    registers = tuple((rows[s], rows[f]) for s, f in zip(states, following, strict=True))
    return Program(netlist, operations, registers, count)


class _Values:
    """Values in single assignment: 0 and 1 are the constants, then sources, then results."""

    def __init__(self) -> None:
        self._count = 2
        self._made: dict[int, tuple[Callable[..., Any], int, int | None]] = {}
        self._known: dict[tuple[Callable[..., Any], int, int | None], int] = {}

    def new(self) -> int:
        self._count += 1
        return self._count - 1

    def copy(self, value: int) -> int:
        """A value of its own that equals another."""
        result = self.new()
        self._made[result] = (np.positive, value, None)
        return result

    def apply(self, function: Callable[..., Any], first: int, second: int | None) -> int:
        """The value of an operation, by the laws of 0 and 1 where one is an operand."""
        if second is None:
            if function is np.positive:
                return first
            return self._inverted(first)
        low, high = min(first, second), max(first, second)
        if function is np.bitwise_and:
            if low in (high, _ZERO):
                return low
            if low == _ONE:
                return high
        elif function is np.bitwise_or:
            if low in (high, _ONE):
                return low
            if low == _ZERO:
                return high
        elif low == high:
            return _ZERO
        elif low == _ZERO:
            return high
        elif low == _ONE:
            return self._inverted(high)
        return self._made_of(function, low, high)

    def _inverted(self, value: int) -> int:
        if value in (_ZERO, _ONE):
            return _ONE - value
        function, source, _ = self._made.get(value, (None, value, None))
        return source if function is np.invert else self._made_of(np.invert, value, None)

    def _made_of(self, function: Callable[..., Any], first: int, second: int | None) -> int:
        key = (function, first, second)
        if key not in self._known:
            self._known[key] = self.new()
            self._made[self._known[key]] = key
        return self._known[key]

    def schedule(self, kept: Iterable[int]) -> tuple[dict[int, int], tuple[Operation, ...], int]:
        """Row of every source and kept value, the operations that are needed, and rows in all."""
        kept = set(kept)
        needed = set(kept)
        order = []
        for value in sorted(self._made, reverse=True):
            if value in needed:
                order.append(value)
                needed.update(self._operands(value))
        order.reverse()
        last = {source: value for value in order for source in self._operands(value)}
        sources = [value for value in range(self._count) if value not in self._made]
        rows = {value: row for row, value in enumerate(sources)}
        lasting = kept | set(sources)
        free: list[int] = []
        count = len(sources)
        operations = []
        for value in order:
            function, first, second = self._made[value]
            places = (rows[first], None if second is None else rows[second])
            # An operation may overwrite an operand that it is the last to read.
            free += [
                rows[source]
                for source in set(self._operands(value)) - lasting
                if last[source] == value
            ]
            if not free:
                free.append(count)
                count += 1
            rows[value] = free.pop()
            operations.append(Operation(function, rows[value], *places))
        return rows, tuple(operations), count

    def _operands(self, value: int) -> tuple[int, ...]:
        _, first, second = self._made[value]
        return (first,) if second is None else (first, second)
