"""Places a float term in the fixed-point window of an exact accumulator."""

from __future__ import annotations

from amaranth import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.term import TermShape
from rtl.parts.bits import replicate

__all__ = ["Aligner"]


class Aligner(wiring.Component):
    """``significand << shift`` in ones' complement with the carry that completes it; combinational.

    Leaving the ``+ 1`` of the negation to the accumulator's adder saves a carry chain.

    Parameters:
        shape: Bounds of the term.

    Members:
        sign, significand, shift: ``In``, as of the term.
        value: ``Out(signed)``; the term is ``value + carry``.
        carry: ``Out(1)``.
    """

    def __init__(self, *, shape: TermShape) -> None:
        self.magnitude_bits = shape.significand_bits + shape.max_shift
        super().__init__(
            {
                "sign": In(1),
                "significand": In(shape.significand_bits),
                "shift": In(shape.max_shift.bit_length()),
                "value": Out(signed(self.magnitude_bits + 1)),
                "carry": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        magnitude = (self.significand << self.shift)[: self.magnitude_bits]
        flipped = magnitude ^ replicate(self.sign, self.magnitude_bits)
        m.d.comb += [
            self.value[:-1].eq(flipped),
            self.value[-1].eq(self.sign),
            self.carry.eq(self.sign),
        ]
        return m
