"""The integer GELU of I-ViT; see ``hwdse.pe.converters.shiftgelu``."""

from __future__ import annotations

from amaranth import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from hwdse.pe.converters.shift_exp import SUM_BITS
from hwdse.pe.converters.shiftgelu import ShiftGelu
from rtl.converter import function_members
from rtl.converters.shift_unit import divider, exponential, greatest, registers
from rtl.parts.bits import register
from rtl.parts.shift_exp import limited_sum, magnitude

__all__ = ["Gelu"]


class Gelu(wiring.Component):
    """The GELU of some values, each with a divider of its own.

    Parameters:
        design: The spec; its stages other than ``operand`` are in here.

    Members:
        in_valid: ``In(1)``.
        x, x_max, x0: ``In``, as the spec's operands.
        out_valid: ``Out(1)``.
        y: ``Out``, the results, lane 0 in the lowest bits.
    """

    def __init__(self, design: ShiftGelu) -> None:
        self.design = design
        super().__init__(function_members(design, sequential=True))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        bits = design.source.bits
        valid: Value = self.in_valid
        x: list[Value] = [self.x.word_select(i, bits).as_signed() for i in range(design.size)]
        most = self.x_max.as_signed() if design.maximum == "port" else greatest(m, x)
        x0 = magnitude(m, design.magnitude, getattr(self, "x0", None))
        bias = exponential(m, "exponential_max", design, -most, x0, positive=True)
        exponentials: list[Value] = []
        for lane, value in enumerate(x):
            below = Signal(signed(bits + 1), name=f"below_{lane}")
            m.d.comb += below.eq(Mux(value > most, 0, value - most))
            exponentials.append(exponential(m, f"exponential_{lane}", design, below, x0))
        totals = [limited_sum(m, [e, bias], f"total_{i}") for i, e in enumerate(exponentials)]
        if "exponential" in design.registers:
            valid = register(m, "exponential_valid", valid, reset_less=False)
            totals = registers(m, "exponential_total", totals)
            x, exponentials = _delayed(m, "exponential", x, exponentials)

        factors: list[Value] = []
        done = valid
        for lane, total in enumerate(totals):
            done, factor = divider(m, f"divider_{lane}", design, valid, total)
            factors.append(factor)
        if "factor" in design.registers:
            done = register(m, "factor_valid", done, reset_less=False)
            factors = registers(m, "factor", factors)
            x, exponentials = _delayed(m, "factor", x, exponentials)
        results: list[Value] = []
        for lane, (value, e, factor) in enumerate(zip(x, exponentials, factors, strict=True)):
            sigmoid = Signal(design.most_sigmoid.bit_length(), name=f"sigmoid_{lane}")
            product = Signal(signed(design.results[0].bits), name=f"product_{lane}")
            m.d.comb += [
                sigmoid.eq((e * factor) >> (SUM_BITS - design.bits + 1)),
                product.eq(value * sigmoid),
            ]
            results.append(product)
        m.d.comb += [self.out_valid.eq(done), self.y.eq(Cat(*results))]
        return m


def _delayed(
    m: Module, stage: str, x: list[Value], exponentials: list[Value]
) -> tuple[list[Value], list[Value]]:
    """What is multiplied last, one stage later."""
    return registers(m, f"{stage}_x", x), registers(m, f"{stage}_e", exponentials)
