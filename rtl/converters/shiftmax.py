"""The integer softmax of I-ViT; see ``hwdse.pe.converters.shiftmax``."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.converters.shift_exp import LARGEST_SUM, SUM_BITS
from hwdse.pe.converters.shift_unit import quotient_bits
from hwdse.pe.converters.shiftmax import FRACTION_BITS, Shiftmax
from rtl.converter import ConverterTop
from rtl.parts.bits import register
from rtl.parts.divider import Divider
from rtl.parts.shift_exp import ShiftExp, limited_sum, magnitude, tree

__all__ = ["Softmax", "greatest", "top"]


def top(design: Shiftmax) -> ConverterTop:
    """The exported module."""
    return ConverterTop(converter=design, function=Softmax(design))


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
        (result,) = design.results
        operands = {operand.name: In(operand.width) for operand in design.operands}
        flags = {"in_valid": In(1), "out_valid": Out(1)}
        super().__init__(operands | flags | {"y": Out(result.bits * result.lanes)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        bits = design.source.bits
        valid: Value = self.in_valid
        x = [self.x.word_select(lane, bits).as_signed() for lane in range(design.size)]
        x0 = magnitude(m, design.magnitude, getattr(self, "x0", None))
        most = greatest(m, x)
        exponentials: list[Value] = []
        for lane, value in enumerate(x):
            part = ShiftExp(
                n=FRACTION_BITS,
                bits=bits + 1,
                most_magnitude=design.most_magnitude,
                positive=False,
            )
            m.submodules[f"exponential_{lane}"] = part
            m.d.comb += [part.x.eq(value - most), part.magnitude.eq(x0)]
            exponentials.append(part.e)
        total = limited_sum(m, exponentials, "total")
        if "exponential" in design.registers:
            valid = register(m, "exponential_valid", valid, reset_less=False)
            total = register(m, "exponential_total", total)
            exponentials = [
                register(m, f"exponential_{i}", value) for i, value in enumerate(exponentials)
            ]

        m.submodules.divider = divider = Divider(
            dividend_bits=SUM_BITS,
            divisor_bits=len(total),
            quotient_bits=quotient_bits((design.magnitude or 1) << FRACTION_BITS),
            cycles=design.cycles,
        )
        m.d.comb += [
            divider.in_valid.eq(valid),
            divider.dividend.eq(Const(LARGEST_SUM, SUM_BITS)),
            divider.divisor.eq(total),
        ]
        valid, factor = divider.out_valid, divider.quotient
        if "factor" in design.registers:
            valid = register(m, "factor_valid", valid, reset_less=False)
            factor = register(m, "factor", factor)
            exponentials = [
                register(m, f"factor_{i}", value) for i, value in enumerate(exponentials)
            ]
        results = [
            ((value * factor) >> (SUM_BITS - design.bits + 1))[: design.bits]
            for value in exponentials
        ]
        m.d.comb += [self.out_valid.eq(valid), self.y.eq(Cat(*results))]
        return m


def greatest(m: Module, values: list[Value]) -> Value:
    """The greatest of signed numbers of one width, by a tree of comparators."""
    count = 0

    def greater(one: Value, other: Value) -> Value:
        nonlocal count
        found = Signal(signed(len(one)), name=f"greatest_{count}")
        count += 1
        m.d.comb += found.eq(Mux(one > other, one, other))
        return found

    return tree(values, greater)
