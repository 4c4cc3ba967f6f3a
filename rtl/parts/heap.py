"""Sums of many addends: bits gathered by weight, and compressors that reduce them to two rows."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Signal, Value

__all__ = ["BitHeap"]


class BitHeap:
    """Bits to be added modulo ``2**width``, column by column.

    Negative weights cost no columns: a sign bit is added inverted, and what that adds too much is
    gathered in one constant.

    Parameters:
        width: Bits of the sum.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.columns: list[list[Value]] = [[] for _ in range(width)]
        self.constant = 0

    def add(self, value: Value, shift: int = 0) -> None:
        """Add ``value << shift``, signed if the value is."""
        last = len(value) - 1
        for i, bit in enumerate(value):
            if i == last and value.shape().signed:
                self.subtract_bit(bit, shift + i)
            else:
                self.add_bit(bit, shift + i)

    def subtract(self, value: Value, shift: int = 0) -> None:
        """Subtract ``value << shift``, signed if the value is."""
        # -v = ~v + 1, and the complement of a signed value is signed.
        inverted = ~value
        if value.shape().signed:
            self.add(inverted.as_signed(), shift)
        else:
            self.add(inverted, shift)
            self.constant -= 1 << (shift + len(value))
        self.constant += 1 << shift

    def add_bit(self, bit: Value, column: int) -> None:
        """Add ``bit << column``."""
        if column < self.width:
            self.columns[column].append(bit)

    def subtract_bit(self, bit: Value, column: int) -> None:
        """Subtract ``bit << column``."""
        self.add_bit(~bit, column)
        self.constant -= 1 << column

    def add_constant(self, constant: int) -> None:
        """Add an integer of either sign."""
        self.constant += constant

    def unsigned_width(self, largest: int, *, signed: bool) -> int:
        """Bits in which two rows are added without overflow, if what can be negative is offset.

        Rows of this width, from a heap to which ``2**(bits - 1)`` was added where ``signed``, have
        no carries to lose: their sum as unsigned integers is that of the heap, with the offset.

        Args:
            largest: Largest magnitude that the sum can have.
            signed: Whether it can be negative.
        """
        if not signed:
            assert self.constant >= 0
            return largest.bit_length()
        return max(largest, -self.constant - 1).bit_length() + 1

    def rows(self, m: Module, tree: str, name: str) -> tuple[Value, Value]:
        """Two addends whose sum is that of the heap, modulo ``2**width``.

        Args:
            m: Module that takes the compressors.
            tree: ``wallace`` (C. Wallace, 1964: each stage takes all threes and twos) or ``dadda``
                (L. Dadda, 1965: each stage takes no more than its height needs).
            name: Stem of the signals' names.
        """
        columns = [list(column) for column in self.columns]
        for i, column in enumerate(columns):
            if self.constant >> i & 1:
                column.append(Const(1, 1))
        reduce = {"wallace": _wallace_stage, "dadda": _dadda_stage}[tree]
        stage = 0
        while max(map(len, columns)) > 2:
            columns = reduce(_Compressors(m, f"{name}_{stage}"), columns)
            stage += 1
        first, second = (
            Cat(*(column[i] if i < len(column) else Const(0, 1) for column in columns))
            for i in range(2)
        )
        return first, second


class _Compressors:
    """Full and half adders of one stage; each gives a sum bit and a carry bit."""

    def __init__(self, m: Module, name: str) -> None:
        self.m = m
        self.name = name
        self.count = 0

    def __call__(self, bits: list[Value]) -> tuple[Value, Value]:
        total = Signal(name=f"{self.name}_s{self.count}")
        carry = Signal(name=f"{self.name}_c{self.count}")
        self.count += 1
        if len(bits) == 2:
            x, y = bits
            self.m.d.comb += [total.eq(x ^ y), carry.eq(x & y)]
        else:
            x, y, z = bits
            self.m.d.comb += [total.eq(x ^ y ^ z), carry.eq((x & y) | (z & (x ^ y)))]
        return total, carry


def _wallace_stage(compress: _Compressors, columns: list[list[Value]]) -> list[list[Value]]:
    after: list[list[Value]] = [[] for _ in range(len(columns) + 1)]
    last = max(map(len, columns)) == 3
    for i, column in enumerate(columns):
        rest = column
        # In the last stage a column of two that takes a carry makes room for it.
        threes = len(column) > 2 or (last and len(after[i]) > 0)
        while len(rest) >= 2 and threes:
            total, carry = compress(rest[:3])
            after[i].append(total)
            after[i + 1].append(carry)
            rest = rest[3:]
        # What waited comes first in the next stage, and late bits take the adders' fast input.
        after[i] = rest + after[i]
    return after[:-1]


def _dadda_stage(compress: _Compressors, columns: list[list[Value]]) -> list[list[Value]]:
    highest = max(map(len, columns))
    goal = 2
    while (goal * 3) // 2 < highest:
        goal = (goal * 3) // 2
    after: list[list[Value]] = [[] for _ in range(len(columns) + 1)]
    for i, column in enumerate(columns):
        # Carries from the column to the right already stand in this stage's result.
        rest = column
        while len(rest) + len(after[i]) > goal:
            excess = len(rest) + len(after[i]) - goal
            total, carry = compress(rest[: 2 if excess == 1 else 3])
            rest = rest[2 if excess == 1 else 3 :]
            after[i].append(total)
            after[i + 1].append(carry)
        after[i] = rest + after[i]
    return after[:-1]
