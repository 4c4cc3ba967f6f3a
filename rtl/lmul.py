"""Multiplier of the ``lmul`` family; the reference is ``hwdse.pe.lmul``."""

from __future__ import annotations

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe.lmul import Lmul
from rtl.parts.adder import add
from rtl.parts.heap import BitHeap
from rtl.parts.minifloat import Unpack
from rtl.parts.term import float_term_members

__all__ = ["FieldAdder", "term_source"]


def term_source(unit: Lmul) -> wiring.Component:
    """The component that makes an ``lmul``'s terms: ports ``w``, ``a`` and the term."""
    return FieldAdder(unit=unit)


class FieldAdder(wiring.Component):
    """Adds exponent and mantissa fields as one integer, with L-Mul's offset; combinational.

    Members:
        w, a: ``In``, code words.
        sign, significand, shift, nan, infinite: ``Out``, the term.
    """

    def __init__(self, *, unit: Lmul) -> None:
        self.unit = unit
        super().__init__(
            {"w": In(unit.w.bits), "a": In(unit.a.bits)} | float_term_members(unit.term_shape)
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit, fmt = self.unit, self.unit.minifloat
        m.submodules.unpack_w = w = Unpack(fmt=fmt)
        m.submodules.unpack_a = a = Unpack(fmt=fmt)
        fields = Signal(fmt.bits)
        zero = w.subnormal | a.subnormal
        mantissa = fields[: fmt.mantissa_bits]
        m.d.comb += [
            w.code.eq(self.w),
            a.code.eq(self.a),
            fields.eq(self._field_sum(m)),
            self.sign.eq(w.sign ^ a.sign),
            self.significand.eq(Mux(zero, 0, Cat(mantissa, 1))),
            # A zero term keeps a harmless shift: its significand decides.
            self.shift.eq(fields[fmt.mantissa_bits :] - unit.least_field),
        ]
        if unit.term_shape.nan:
            invalid = (w.infinite & a.subnormal) | (a.infinite & w.subnormal)
            m.d.comb += self.nan.eq(w.nan | a.nan | invalid)
        if unit.term_shape.infinite:
            m.d.comb += self.infinite.eq((w.infinite | a.infinite) & ~self.nan)
        return m

    def _field_sum(self, m: Module) -> Value:
        magnitudes = self.w[:-1], self.a[:-1]
        adder = self.unit.implementation.adder
        if adder == "star":
            return magnitudes[0] + magnitudes[1] + self.unit.offset
        heap = BitHeap(self.unit.minifloat.bits)
        for magnitude in magnitudes:
            heap.add(magnitude)
        heap.add_constant(self.unit.offset)
        return add(m, *heap.rows(m, "dadda", "fields"), kind=adder, name="fields")
