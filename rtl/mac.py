"""Multiplier of the ``mac`` family; the reference is ``hwdse.pe.mac``."""

from __future__ import annotations

from amaranth import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe.mac import Mac
from hwdse.pe.product import is_fixed_point
from rtl.parts.bits import register
from rtl.parts.heap import BitHeap
from rtl.parts.multiplier import add_product
from rtl.parts.operand import float_decoder, require_decoder
from rtl.parts.product_sum import ProductSum, add_rows
from rtl.parts.term import float_term_members

__all__ = ["FloatMultiplier", "term_source"]


def term_source(unit: Mac) -> wiring.Component:
    """The component that makes a ``mac``'s terms: ports ``w``, ``a`` and the term.

    Raises:
        HwdseError: There is no decoder for one of its formats.
    """
    w, a = unit.w_element, unit.a_element
    for fmt in (w, a):
        require_decoder(fmt)
    if is_fixed_point(w) and is_fixed_point(a):
        return ProductSum(unit=unit)
    return FloatMultiplier(unit=unit)


class FloatMultiplier(wiring.Component):
    """Exact product as sign, significand and shift; registers only of the stage ``product``.

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
        fields: dict[str, Value] = {"sign": w.sign ^ a.sign, "shift": w.shift + a.shift}
        if self.unit.term_shape.nan:
            invalid = (w.infinite & a.zero) | (a.infinite & w.zero)
            fields["nan"] = w.nan | a.nan | invalid
        if self.unit.term_shape.infinite:
            fields["infinite"] = (w.infinite | a.infinite) & ~fields["nan"]
        if "product" in self.unit.implementation.registers:
            fields = {name: register(m, f"product_{name}", v) for name, v in fields.items()}
        m.d.comb += [
            w.code.eq(self.w),
            a.code.eq(self.a),
            self.significand.eq(self._product(m, w.significand, a.significand)),
            *(getattr(self, name).eq(value) for name, value in fields.items()),
        ]
        return m

    def _product(self, m: Module, w: Value, a: Value) -> Value:
        how = self.unit.implementation
        if how.mul == "star":
            return w * a
        heap = BitHeap(len(self.significand))
        add_product(m, heap, w, a, mul=how.mul, name="product")
        return add_rows(m, heap, how, "significand", registered="product" in how.registers)
