"""The integer exponential of I-ViT; see ``hwdse.pe.converters.shift_exp``."""

from __future__ import annotations

from collections.abc import Callable

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.converters.shift_exp import LARGEST_SUM, SUM_BITS

__all__ = ["ShiftExp", "limited_sum", "magnitude", "tree"]


class ShiftExp(wiring.Component):
    """The exponential of an integer; combinational.

    Parameters:
        n: Fraction bits.
        bits: Of ``x``, with its sign.
        most_magnitude: Largest ``magnitude``.
        positive: Whether ``x`` can be positive; then results are limited to the largest sum.

    Members:
        x: ``In``, signed.
        magnitude: ``In``: that of ``x0``, 1 or more.
        e: ``Out``, unsigned.
    """

    def __init__(self, *, n: int, bits: int, most_magnitude: int, positive: bool) -> None:
        self.n = n
        self.positive = positive
        result = SUM_BITS if positive else (most_magnitude << n).bit_length()
        members = {"x": In(signed(bits)), "magnitude": In(most_magnitude.bit_length())}
        super().__init__(members | {"e": Out(result)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Exponentials of positive numbers beyond so many times x0 are beyond the largest sum.
        head = SUM_BITS - 1 - self.n if self.positive else 0
        steps = self.n + head
        # x * log2(e), negated: how far below zero, in units of which x0 are a power of two.
        down = Signal(signed(len(self.x) + 2), name="down")
        m.d.comb += down.eq((self.x >> 4) - self.x - (self.x >> 1))
        lowest = Signal(len(self.magnitude) + self.n.bit_length(), name="lowest")
        m.d.comb += lowest.eq(self.magnitude * self.n)
        width = max(len(down), len(self.magnitude) + steps.bit_length()) + 1
        from_top = Signal(signed(width), name="from_top")
        m.d.comb += from_top.eq(Mux(down > lowest, lowest, down) + self.magnitude * head)
        rest: Value = from_top[:-1]
        quotient: list[Value] = []
        for bit in reversed(range(steps.bit_length())):
            fits = Signal(name=f"fits_{bit}")
            after = Signal(len(self.magnitude) + bit, name=f"rest_{bit}")
            step = self.magnitude << bit
            m.d.comb += [fits.eq(rest >= step), after.eq(Mux(fits, rest - step, rest))]
            rest, quotient = after, [fits, *quotient]
        base = Signal(len(self.magnitude) + 1, name="base")
        wide = Signal(len(base) + steps - 1, name="wide")
        m.d.comb += [
            base.eq((self.magnitude << 1) - rest),
            wide.eq(Cat(Const(0, steps - 1), base) >> Cat(*quotient)),
        ]
        if self.positive:
            over = (from_top < 0) | wide[SUM_BITS:].any()
            m.d.comb += self.e.eq(Mux(over, LARGEST_SUM, wide))
        else:
            m.d.comb += self.e.eq(wide)
        return m


def magnitude(m: Module, fixed: int | None, code: Value | None) -> Value:
    """The magnitude of ``x0``: a constant, or from the port's code."""
    if fixed is not None:
        return Const(fixed)
    assert code is not None
    value = Signal(len(code) + 1, name="magnitude")
    m.d.comb += value.eq(Cat(code, code == 0))
    return value


def limited_sum(m: Module, addends: list[Value], name: str) -> Value:
    """A sum of unsigned numbers, limited to the largest one that is divided by."""
    total = tree(addends, lambda one, other: one + other)
    limited = Signal(min(len(total), SUM_BITS), name=name)
    m.d.comb += limited.eq(Mux(total > LARGEST_SUM, LARGEST_SUM, total))
    return limited


def tree(values: list[Value], join: Callable[[Value, Value], Value]) -> Value:
    """Values joined by pairs."""
    while len(values) > 1:
        pairs = [join(*values[i : i + 2]) for i in range(0, len(values) - 1, 2)]
        values = pairs + values[len(values) & ~1 :]
    return values[0]
