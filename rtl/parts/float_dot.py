"""Dot product of floats and of block formats; the reference is ``hwdse.pe.dot``."""

from __future__ import annotations

from dataclasses import fields, replace

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe.dot import Dot
from hwdse.pe.product import times_shape
from rtl.parts.bits import register
from rtl.parts.lanes import Lane, align, largest, place, product, sum_of, take
from rtl.parts.operand import float_decoder
from rtl.parts.term import float_term_members

__all__ = ["FloatDot"]

_MEMBERS = tuple(field.name for field in fields(Lane))


class FloatDot(wiring.Component):
    """Sum of the lanes' products times the scales; combinational but for a ``product`` stage.

    That stage holds products before they are brought to one exponent, and the product of the
    scales.

    Members:
        w, a, w_scale, a_scale, w_zero, a_zero: ``In``, as of the unit's operands.
        sign, significand, shift, nan, infinite: ``Out``, the term.
    """

    def __init__(self, *, unit: Dot) -> None:
        self.unit = unit
        inputs = {operand.name: In(operand.width) for operand in unit.operands}
        super().__init__(inputs | float_term_members(unit.term_shape))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = [self._product(m, i) for i in range(self.unit.lanes)]
        total = self._sum(m, lanes)
        scale = self._scale(m)
        if scale is None:
            result = total
        else:
            result = product(m, total, scale, how=self.unit.implementation, name="scaled")
        m.d.comb += [
            self.sign.eq(result.sign),
            self.significand.eq(result.significand),
            self.shift.eq(result.shift),
        ]
        shape = self.unit.term_shape
        if shape.nan:
            m.d.comb += self.nan.eq(result.nan)
        if shape.infinite:
            m.d.comb += self.infinite.eq(result.infinite & ~result.nan)
        return m

    def _product(self, m: Module, index: int) -> Lane:
        sides = []
        for side, factor in zip("wa", self.unit.factors, strict=True):
            code = getattr(self, side).word_select(index, factor.format.bits)
            zero = getattr(self, f"{side}_zero") if factor.zero_point else None
            magnitudes = self.unit.align is not None
            name = f"decode_{side}_{index}"
            sides.append(take(m, factor, code, zero, magnitudes=magnitudes, name=name))
        lane = product(m, *sides, how=self.unit.implementation, name=f"product_{index}")
        return self._registered(m, lane, f"product_{index}")

    def _sum(self, m: Module, lanes: list[Lane]) -> Lane:
        unit = self.unit
        one = times_shape(*(factor.shape for factor in unit.factors))
        shift: Value = Const(0, 0)
        if unit.align is None:
            values = [place(m, lane, one, f"lane_{i}") for i, lane in enumerate(lanes)]
            carries: list[Value] = []
        else:
            shift = largest(m, lanes, one)
            pairs = [
                align(m, lane, shift, one, unit.align, f"lane_{i}") for i, lane in enumerate(lanes)
            ]
            values, carries = [value for value, _ in pairs], [carry for _, carry in pairs]
        bits = unit.sum_shape.significand_bits
        total = sum_of(m, values, carries, bits + 1, how=unit.implementation)
        magnitude = Signal(bits)
        m.d.comb += magnitude.eq(Mux(total[-1], -total, total))
        minus = Cat(*(lane.infinite & lane.negative for lane in lanes)).any()
        plus = Cat(*(lane.infinite & ~lane.negative for lane in lanes)).any()
        infinite = plus | minus
        return Lane(
            sign=Mux(infinite, minus, total[-1]),
            significand=magnitude,
            shift=shift,
            nan=Cat(*(lane.nan for lane in lanes)).any() | (plus & minus),
            infinite=infinite,
            zero=(magnitude == 0) & ~infinite,
        )

    def _scale(self, m: Module) -> Lane | None:
        scale: Lane | None = None
        for name, fmt in self.unit.scales.items():
            m.submodules[f"decode_{name}"] = decoder = float_decoder(fmt)
            m.d.comb += decoder.code.eq(getattr(self, name))
            other = Lane(**{member: getattr(decoder, member) for member in _MEMBERS})
            how = self.unit.implementation
            scale = other if scale is None else product(m, scale, other, how=how, name="scales")
        return None if scale is None else self._registered(m, scale, "scale")

    def _registered(self, m: Module, lane: Lane, name: str) -> Lane:
        if "product" not in self.unit.implementation.registers:
            return lane
        held = {
            member: register(m, f"{name}_{member}", getattr(lane, member))
            for member in _MEMBERS
            if not isinstance(getattr(lane, member), Const)
        }
        return replace(lane, **held)
