"""Exponentials as pairs of significand and exponent; see ``hwdse.pe.converters.pair_exp``."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import IntegerFormat
from hwdse.pe.converters.pair_exp import (
    FRACTION_BITS,
    INDEX_BITS,
    REST_BITS,
    exponent_bits,
    log2e,
    table,
)
from rtl.parts.table import look_up

__all__ = ["PairExp"]


class PairExp(wiring.Component):
    """The exponential of a fixed-point number; combinational.

    Parameters:
        source: Format of the number.

    Members:
        x: ``In``, the code.
        significand: ``Out``, with its leading one.
        exponent: ``Out``, signed.
    """

    def __init__(self, *, source: IntegerFormat) -> None:
        self.source = source
        super().__init__(
            {
                "x": In(source.bits),
                "significand": Out(FRACTION_BITS + 1),
                "exponent": Out(signed(exponent_bits(source))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        constant, point = log2e(self.source)
        x = self.x.as_signed() if self.source.signed else self.x
        t = Signal(signed(len(self.x) + constant.bit_length() + 1), name="t")
        m.d.comb += [t.eq(x * constant), self.exponent.eq(t >> point)]
        fraction = t[point - INDEX_BITS - REST_BITS : point]
        rest, index = fraction[:REST_BITS], fraction[REST_BITS:]

        words = table()
        starts = dict(enumerate(word - (1 << FRACTION_BITS) for word in words[:-1]))
        steps = {i: words[i + 1] - words[i] for i in starts}
        start = look_up(m, index, starts, FRACTION_BITS, "start")
        step = look_up(m, index, steps, max(steps.values()).bit_length(), "step")
        along = Signal(len(step), name="along")
        m.d.comb += [
            along.eq((step * rest) >> REST_BITS),
            self.significand.eq(Cat(start, Const(1, 1)) + along),
        ]
        return m
