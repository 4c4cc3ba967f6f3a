"""Dyadic requantisers: a product, a shift that keeps what decides the rounding, and limits."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import Rounding
from hwdse.pe.converters.requant import Requant
from rtl.converter import function_members
from rtl.parts.bits import register
from rtl.parts.rounder import round_up

__all__ = ["Requantisers"]


class Requantisers(wiring.Component):
    """Multipliers, with the stage ``product`` behind them, and a rounder for each."""

    def __init__(self, design: Requant) -> None:
        self.design = design
        super().__init__(function_members(design))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        shift, zero = self.c, self.z if design.zero else Const(0, design.target.bits)
        staged = "product" in design.registers
        if staged:
            shift = register(m, "product_c", shift)
            zero = register(m, "product_z", zero) if design.zero else zero
        codes = []
        for i in range(design.lanes):
            product = Signal(signed(design.product_bits), name=f"product_{i}")
            x = self.x.word_select(i, design.source.bits).as_signed()
            m.d.comb += product.eq(x * self.b)
            m.submodules[f"round_{i}"] = rounder = _Round(design)
            m.d.comb += [
                rounder.product.eq(register(m, f"product_x_{i}", product) if staged else product),
                rounder.shift.eq(shift),
                rounder.zero.eq(zero),
            ]
            codes.append(rounder.y)
        m.d.comb += self.y.eq(Cat(*codes))
        return m


class _Round(wiring.Component):
    """``y = clip(round(product / 2**shift) + zero)``; combinational."""

    def __init__(self, design: Requant) -> None:
        self.design = design
        super().__init__(
            {
                "product": In(signed(design.product_bits)),
                "shift": In(design.shift_bits),
                "zero": In(design.target.bits),
                "y": Out(design.target.bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design, target = self.design, self.design.target
        # Two more bits behind the point: the first that is cut, and the rest as one.
        wide = Signal(signed(design.product_bits + 1))
        sticky = Const(0, 1)
        value = Cat(Const(0, 1), self.product).as_signed()
        for index, bit in enumerate(self.shift):
            distance = min(1 << index, len(value) - 1)
            stage = Signal(signed(len(value)), name=f"shifted_{index}")
            lost = Signal(name=f"lost_{index}")
            m.d.comb += [
                stage.eq(Mux(bit, value >> distance, value)),
                lost.eq(sticky | (bit & value[:distance].any())),
            ]
            value, sticky = stage, lost
        m.d.comb += wide.eq(value)
        quotient, half = wide[1:].as_signed(), wide[0]
        total = Signal(signed(design.product_bits + 2))
        up = self._up(quotient[0], half, sticky, self.product[-1])
        low, high = int(target.min), int(target.max)
        if design.zero:
            zero = self.zero.as_signed() if target.signed else self.zero
            m.d.comb += total.eq(quotient + up + zero)
        else:
            m.d.comb += total.eq(quotient + up)
        m.d.comb += self.y.eq(total)
        with m.If(total > high):
            m.d.comb += self.y.eq(high)
        with m.Elif(total < low):
            m.d.comb += self.y.eq(low)
        return m

    def _up(self, odd: Value, half: Value, sticky: Value, negative: Value) -> Value | int:
        """Whether the quotient, which is rounded down, goes one up."""
        match self.design.rounding:
            case "half_up":
                return half
            case "nearest_away":
                return half & (sticky | ~negative)
            case _:
                return round_up(
                    Rounding.NEAREST_EVEN, sign=negative, odd=odd, half=half, sticky=sticky
                )
