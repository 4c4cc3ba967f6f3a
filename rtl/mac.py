"""Multiplier of the ``mac`` family; the reference is ``hwdse.pe.mac``."""

from __future__ import annotations

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe.mac import Mac
from hwdse.pe.product import is_fixed_point
from rtl.parts.operand import fixed_point_value, float_decoder, require_decoder
from rtl.parts.term import float_term_members, integer_term_members

__all__ = ["FloatMultiplier", "IntegerMultiplier", "term_source"]


def term_source(unit: Mac) -> wiring.Component:
    """The component that makes a ``mac``'s terms: ports ``w``, ``a`` and the term.

    Raises:
        HwdseError: There is no decoder for one of its formats.
    """
    for fmt in (unit.w, unit.a):
        require_decoder(fmt)
    if is_fixed_point(unit.w) and is_fixed_point(unit.a):
        return IntegerMultiplier(unit=unit)
    return FloatMultiplier(unit=unit)


class IntegerMultiplier(wiring.Component):
    """Exact product of fixed-point operands; combinational.

    Members:
        w, a: ``In``, code words.
        value: ``Out``, the product in units of the term's last bit; signed where it can be
            negative.
    """

    def __init__(self, *, unit: Mac) -> None:
        self.unit = unit
        super().__init__(
            {"w": In(unit.w.bits), "a": In(unit.a.bits)} | integer_term_members(unit.term_shape)
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        w = fixed_point_value(m, self.w, self.unit.w, "decode_w")
        a = fixed_point_value(m, self.a, self.unit.a, "decode_a")
        m.d.comb += self.value.eq(w * a)
        return m


class FloatMultiplier(wiring.Component):
    """Exact product as sign, significand and shift; combinational.

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
        m.submodules.unpack_w = w = float_decoder(self.unit.w)
        m.submodules.unpack_a = a = float_decoder(self.unit.a)
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
