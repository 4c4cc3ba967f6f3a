"""Product with a factor that is taken bit by bit."""

from __future__ import annotations

from amaranth import Cat, Module, Mux, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SerialMultiplier"]


class SerialMultiplier(wiring.Component):
    """``multiplicand * factor``, one bit of the factor a cycle from the lowest one up.

    The finished low bits of the product take the places of the factor's.

    Parameters:
        shape: Of the multiplicand.
        bits: Of the factor, unsigned; a power of two of them.

    Members:
        start: ``In(1)``: the operands are there; again after ``bits`` cycles at the earliest.
        multiplicand, factor: ``In``, read in that cycle.
        done: ``Out(1)``: ``bits`` cycles later, in the cycle in which the product is defined.
        product: ``Out``, as signed as the multiplicand.
    """

    def __init__(self, *, shape: Shape, bits: int) -> None:
        self.shape = shape
        self.bits = bits
        super().__init__(
            {
                "start": In(1),
                "multiplicand": In(shape),
                "factor": In(bits),
                "done": Out(1),
                "product": Out(Shape(shape.width + bits, shape.signed)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal(self.shape, reset_less=True, name="multiplicand_register")
        high = Signal(self.shape, reset_less=True, name="high_register")
        low = Signal(self.bits, reset_less=True, name="low_register")
        phase = Signal(range(self.bits), name="phase_register")
        done = Signal(name="done_register")
        factor = Mux(self.start, self.factor, low)
        multiplicand = Mux(self.start, self.multiplicand, held)
        total = Signal(Shape(self.shape.width + 1, self.shape.signed), name="total")
        addend = Signal(self.shape, name="addend")
        m.d.comb += [
            addend.eq(Mux(factor[0], multiplicand, 0)),
            total.eq(Mux(self.start, 0, high) + addend),
            self.done.eq(done),
            self.product.eq(Cat(low, high)),
        ]
        with m.If(self.start | (phase != 0)):
            m.d.sync += [
                held.eq(multiplicand),
                high.eq(total >> 1),
                low.eq(Cat(factor[1:], total[0])),
                phase.eq(phase + 1),
            ]
        m.d.sync += done.eq(phase == self.bits - 1)
        return m
