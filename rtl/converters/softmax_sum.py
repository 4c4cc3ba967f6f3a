"""The sum of exponentials as a pair; see ``hwdse.pe.converters.softmax_sum``."""

from __future__ import annotations

from amaranth import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from hwdse.pe.converters.pair_exp import FRACTION_BITS
from hwdse.pe.converters.softmax_sum import SIGNIFICAND_BITS, SoftmaxSum
from rtl.converter import function_members
from rtl.parts.bits import register
from rtl.parts.pair_exp import PairExp

__all__ = ["PairSum"]


class PairSum(wiring.Component):
    """Adds exponentials, one each cycle.

    Parameters:
        design: The spec; its stage ``exponential`` is in here.

    Members:
        in_valid, in_clear: ``In(1)``.
        x: ``In``, the code.
        out_valid: ``Out(1)``.
        sum, exponent: ``Out``: the results with this value, or without one as they were.
    """

    def __init__(self, design: SoftmaxSum) -> None:
        self.design = design
        super().__init__(function_members(design, sequential=True))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        m.submodules.exponential = part = PairExp(source=design.source)
        m.d.comb += part.x.eq(self.x)
        valid, clear = self.in_valid, self.in_clear
        significand: Value = part.significand
        n: Value = part.exponent
        if "exponential" in design.registers:
            valid = register(m, "exponential_valid", valid, reset_less=False)
            clear = register(m, "exponential_clear", clear)
            significand = register(m, "exponential_significand", significand)
            n = register(m, "exponential_n", n)

        width = design.point + 1
        held = Signal(width, name="held_sum", reset_less=True)
        held_exponent = Signal(signed(len(self.exponent)), name="held_exponent", reset_less=True)
        total, exponent = Signal(width), Signal(signed(len(self.exponent)))
        added = Signal(width, name="added")
        distance = Signal(signed(len(n) + 1), name="distance")
        m.d.comb += [added.eq(significand << (design.point - FRACTION_BITS))]
        m.d.comb += distance.eq(held_exponent - n)
        joined = Signal(width + 1, name="joined")
        less = distance < 0
        m.d.comb += joined.eq(
            Mux(less, added, held) + _shifted(m, Mux(less, held, added), distance, less)
        )
        carry = joined[-1]
        greater = Mux(less, n, held_exponent)
        with m.If(~valid):
            m.d.comb += [total.eq(held), exponent.eq(held_exponent)]
        with m.Elif(clear):
            m.d.comb += [total.eq(added), exponent.eq(n)]
        with m.Else():
            m.d.comb += [total.eq(Mux(carry, joined[1:], joined)), exponent.eq(greater + carry)]
        # The registers of the results hold the same, and become one with these in synthesis.
        m.d.sync += [held.eq(total), held_exponent.eq(exponent)]
        m.d.comb += [
            self.out_valid.eq(valid),
            self.sum.eq(total[design.guard :][:SIGNIFICAND_BITS]),
            self.exponent.eq(exponent),
        ]
        return m


def _shifted(m: Module, value: Value, distance: Value, less: Value) -> Value:
    """A number shifted to the right by a magnitude, all of it out beyond its width."""
    amount = Signal(len(distance), name="amount")
    bits = (len(value) - 1).bit_length()
    shifted = Signal(len(value), name="shifted")
    m.d.comb += amount.eq(Mux(less, -distance, distance))
    m.d.comb += shifted.eq(Mux(amount[bits:].any(), 0, value >> amount[:bits]))
    return shifted
