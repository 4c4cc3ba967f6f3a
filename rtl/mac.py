"""Multiplier of the ``mac`` family; the reference is ``hwdse.pe.mac``."""

from __future__ import annotations

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.formats import Format, IntegerFormat
from hwdse.pe.mac import Mac
from rtl.parts.minifloat import Unpack
from rtl.parts.term import float_term_members, integer_term_members

__all__ = ["FloatMultiplier", "IntegerMultiplier", "integer_operand", "term_source"]


def term_source(unit: Mac) -> wiring.Component:
    """The component that makes a ``mac``'s terms: ports ``w``, ``a`` and the term."""
    if isinstance(unit.w, IntegerFormat):
        return IntegerMultiplier(unit=unit)
    return FloatMultiplier(unit=unit)


def integer_operand(code: object, fmt: Format) -> object:
    """A code word as the number it stands for."""
    return code.as_signed() if fmt.signed else code.as_unsigned()


class IntegerMultiplier(wiring.Component):
    """Exact integer product; combinational.

    Members:
        w, a: ``In``, code words.
        value: ``Out``, the product; signed where it can be negative.
    """

    def __init__(self, *, unit: Mac) -> None:
        self.unit = unit
        super().__init__(
            {"w": In(unit.w.bits), "a": In(unit.a.bits)} | integer_term_members(unit.term_shape)
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        w = integer_operand(self.w, self.unit.w)
        a = integer_operand(self.a, self.unit.a)
        m.d.comb += self.value.eq(w * a)
        return m


class FloatMultiplier(wiring.Component):
    """Exact minifloat product as sign, significand and shift; combinational.

    Members:
        w, a: ``In``, code words.
        sign, significand, shift, nan, infinite: ``Out``, the term.
    """

    def __init__(self, *, unit: Mac) -> None:
        self.unit = unit
        super().__init__(
            {"w": In(unit.w.bits), "a": In(unit.a.bits)} | float_term_members(unit.term_shape)
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unpack_w = w = Unpack(fmt=self.unit.w)
        m.submodules.unpack_a = a = Unpack(fmt=self.unit.a)
        m.d.comb += [
            w.code.eq(self.w),
            a.code.eq(self.a),
            self.sign.eq(w.sign ^ a.sign),
            self.significand.eq(w.significand * a.significand),
            self.shift.eq(w.shift + a.shift),
        ]
        if self.unit.term_shape.nan:
            invalid = (w.infinite & a.zero) | (a.infinite & w.zero)
            m.d.comb += self.nan.eq(w.nan | a.nan | invalid)
        if self.unit.term_shape.infinite:
            m.d.comb += self.infinite.eq((w.infinite | a.infinite) & ~self.nan)
        return m
