"""How far the products of a cycle lie below the largest one."""

from __future__ import annotations

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.term import TermShape
from rtl.parts.lanes import largest_of

__all__ = ["ExponentMatch"]


class ExponentMatch(wiring.Component):
    """Adds the exponents of both factors and finds the largest product's; combinational.

    Parameters:
        x, y: Bounds of the factors.
        lanes: Number of products.

    Members:
        x_shift, y_shift: ``In``, arrays by lane.
        zero: ``In(1)``, by lane: products of zero take no part.
        top: ``Out``: the largest exponent, 0 where all products are zero.
        distance: ``Out``, by lane: how far it lies below; means nothing for products of zero.
    """

    def __init__(self, *, x: TermShape, y: TermShape, lanes: int) -> None:
        self.lanes = lanes
        self.max_shift = x.max_shift + y.max_shift
        bits = self.max_shift.bit_length()
        super().__init__(
            {
                "x_shift": In(x.max_shift.bit_length()).array(lanes),
                "y_shift": In(y.max_shift.bit_length()).array(lanes),
                "zero": In(1).array(lanes),
                "top": Out(bits),
                "distance": Out(bits).array(lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shifts = [Signal.like(self.top, name=f"shift_{i}") for i in range(self.lanes)]
        m.d.comb += [
            shift.eq(x + y) for shift, x, y in zip(shifts, self.x_shift, self.y_shift, strict=True)
        ]
        m.d.comb += self.top.eq(largest_of(m, shifts, list(self.zero), self.max_shift))
        for distance, shift in zip(self.distance, shifts, strict=True):
            m.d.comb += distance.eq(self.top - shift)
        return m
