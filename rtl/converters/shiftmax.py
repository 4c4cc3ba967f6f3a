"""The integer softmax of I-ViT; see ``hwdse.pe.converters.shiftmax``."""

from __future__ import annotations

from amaranth import Cat, Module, Value
from amaranth.lib import wiring

from hwdse.pe.converters.shift_exp import SUM_BITS
from hwdse.pe.converters.shiftmax import Shiftmax
from rtl.converter import function_members
from rtl.converters.shift_unit import divider, exponential, greatest, registers
from rtl.parts.bits import register
from rtl.parts.shift_exp import limited_sum, magnitude

__all__ = ["Softmax"]


class Softmax(wiring.Component):
    """The softmax of a vector.

    Parameters:
        design: The spec; its stages other than ``operand`` are in here.

    Members:
        in_valid: ``In(1)``.
        x, x0: ``In``, as the spec's operands.
        out_valid: ``Out(1)``.
        y: ``Out``, the results, lane 0 in the lowest bits.
    """

    def __init__(self, design: Shiftmax) -> None:
        self.design = design
        super().__init__(function_members(design, sequential=True))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        bits = design.source.bits
        valid: Value = self.in_valid
        x = [self.x.word_select(lane, bits).as_signed() for lane in range(design.size)]
        x0 = magnitude(m, design.magnitude, getattr(self, "x0", None))
        most = greatest(m, x)
        exponentials = [
            exponential(m, f"exponential_{lane}", design, value - most, x0)
            for lane, value in enumerate(x)
        ]
        total = limited_sum(m, exponentials, "total")
        if "exponential" in design.registers:
            valid = register(m, "exponential_valid", valid, reset_less=False)
            total = register(m, "exponential_total", total)
            exponentials = registers(m, "exponential", exponentials)
        valid, factor = divider(m, "divider", design, valid, total)
        if "factor" in design.registers:
            valid = register(m, "factor_valid", valid, reset_less=False)
            factor = register(m, "factor", factor)
            exponentials = registers(m, "factor", exponentials)
        results = [
            ((value * factor) >> (SUM_BITS - design.bits + 1))[: design.bits]
            for value in exponentials
        ]
        m.d.comb += [self.out_valid.eq(valid), self.y.eq(Cat(*results))]
        return m
