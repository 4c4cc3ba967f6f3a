"""The integer GELU of I-ViT; see ``hwdse.pe.converters.shiftgelu``."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.converters.shift_exp import LARGEST_SUM, SUM_BITS
from hwdse.pe.converters.shift_unit import quotient_bits
from hwdse.pe.converters.shiftgelu import FRACTION_BITS, ShiftGelu
from rtl.converter import ConverterTop
from rtl.converters.shiftmax import greatest
from rtl.parts.bits import register
from rtl.parts.divider import Divider
from rtl.parts.shift_exp import ShiftExp, limited_sum, magnitude

__all__ = ["Gelu", "top"]


def top(design: ShiftGelu) -> ConverterTop:
    """The exported module."""
    return ConverterTop(converter=design, function=Gelu(design))


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
        (result,) = design.results
        operands = {operand.name: In(operand.width) for operand in design.operands}
        flags = {"in_valid": In(1), "out_valid": Out(1)}
        super().__init__(operands | flags | {"y": Out(result.bits * result.lanes)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        bits = design.source.bits
        valid: Value = self.in_valid
        x: list[Value] = [self.x.word_select(i, bits).as_signed() for i in range(design.size)]
        most = self.x_max.as_signed() if design.maximum == "port" else greatest(m, x)
        x0 = magnitude(m, design.magnitude, getattr(self, "x0", None))
        bias = self._exponential(m, "exponential_max", -most, x0, positive=True)
        exponentials: list[Value] = []
        for lane, value in enumerate(x):
            below = Signal(signed(bits + 1), name=f"below_{lane}")
            m.d.comb += below.eq(Mux(value > most, 0, value - most))
            name = f"exponential_{lane}"
            exponentials.append(self._exponential(m, name, below, x0, positive=False))
        totals = [limited_sum(m, [e, bias], f"total_{i}") for i, e in enumerate(exponentials)]
        if "exponential" in design.registers:
            valid = register(m, "exponential_valid", valid, reset_less=False)
            totals = _registers(m, "exponential_total", totals)
            x, exponentials = _delayed(m, "exponential", x, exponentials)

        factors: list[Value] = []
        done = valid
        for lane, total in enumerate(totals):
            divider = Divider(
                dividend_bits=SUM_BITS,
                divisor_bits=len(total),
                quotient_bits=quotient_bits(2 * (design.magnitude or 1)),
                cycles=design.cycles,
            )
            m.submodules[f"divider_{lane}"] = divider
            m.d.comb += [
                divider.in_valid.eq(valid),
                divider.dividend.eq(Const(LARGEST_SUM, SUM_BITS)),
                divider.divisor.eq(total),
            ]
            factors.append(divider.quotient)
            done = divider.out_valid
        if "factor" in design.registers:
            done = register(m, "factor_valid", done, reset_less=False)
            factors = _registers(m, "factor", factors)
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

    def _exponential(self, m: Module, name: str, x: Value, x0: Value, *, positive: bool) -> Value:
        part = ShiftExp(
            n=FRACTION_BITS,
            bits=self.design.source.bits + 1,
            most_magnitude=self.design.most_magnitude,
            positive=positive,
        )
        m.submodules[name] = part
        m.d.comb += [part.x.eq(x), part.magnitude.eq(x0)]
        return part.e


def _registers(m: Module, name: str, values: list[Value]) -> list[Value]:
    return [register(m, f"{name}_{i}", value) for i, value in enumerate(values)]


def _delayed(
    m: Module, stage: str, x: list[Value], exponentials: list[Value]
) -> tuple[list[Value], list[Value]]:
    """What is multiplied last, one stage later."""
    return _registers(m, f"{stage}_x", x), _registers(m, f"{stage}_e", exponentials)
