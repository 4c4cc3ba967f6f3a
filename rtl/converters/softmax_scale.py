"""Exponentials over their sum; see ``hwdse.pe.converters.softmax_scale``."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from hwdse.pe.converters.pair_exp import FRACTION_BITS
from hwdse.pe.converters.softmax_scale import SoftmaxScale
from hwdse.pe.converters.softmax_sum import SIGNIFICAND_BITS
from rtl.converter import function_members
from rtl.parts.bits import register
from rtl.parts.divider import Divider
from rtl.parts.pair_exp import PairExp

__all__ = ["PairScale"]


class PairScale(wiring.Component):
    """Divides one exponential after another.

    Parameters:
        design: The spec; its stages other than ``operand`` are in here.

    Members:
        in_valid: ``In(1)``.
        x, sum, exponent: ``In``, as the spec's operands.
        out_valid: ``Out(1)``.
        y: ``Out``, the result.
    """

    def __init__(self, design: SoftmaxScale) -> None:
        self.design = design
        super().__init__(function_members(design, sequential=True))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        valid: Value = self.in_valid
        m.submodules.exponential = part = PairExp(source=design.source)
        m.d.comb += part.x.eq(self.x)
        # How far the quotient is shifted to the right; below 0, the share is beyond 1.
        down = Signal(signed(len(self.exponent) + 1), name="down")
        m.d.comb += down.eq(self.exponent.as_signed() - part.exponent)
        total: Value = Cat(self.sum, Const(1, 1))
        significand: Value = part.significand
        distance: Value = down
        if "exponential" in design.registers:
            valid = register(m, "exponential_valid", valid, reset_less=False)
            significand = register(m, "exponential_significand", significand)
            distance = register(m, "exponential_down", distance)
            total = register(m, "exponential_sum", total)

        zeros = design.bits + SIGNIFICAND_BITS - FRACTION_BITS
        m.submodules.divider = divider = Divider(
            dividend_bits=len(significand) + zeros,
            divisor_bits=len(total),
            quotient_bits=design.bits + 1,
            cycles=design.cycles,
        )
        m.d.comb += [
            divider.in_valid.eq(valid),
            divider.dividend.eq(Cat(Const(0, zeros), significand)),
            divider.divisor.eq(total),
        ]
        done, quotient = divider.out_valid, divider.quotient
        if "quotient" in design.registers:
            done = register(m, "quotient_valid", done, reset_less=False)
            quotient = register(m, "quotient", quotient)
            distance = register(m, "quotient_down", distance)

        bits = len(quotient).bit_length()
        share = Signal(len(quotient), name="share")
        gone = distance[bits:-1].any() if len(distance) - 1 > bits else Const(0, 1)
        over = (distance < 0) | share[-1]
        m.d.comb += [
            share.eq(Mux(gone, 0, quotient >> distance[:bits])),
            self.y.eq(Mux(over, (1 << design.bits) - 1, share)),
            self.out_valid.eq(done),
        ]
        return m
