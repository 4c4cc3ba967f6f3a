"""Scales of two block formats on the same ports: powers of two, or floats."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import ScalarFormat
from rtl.parts.bits import replicate
from rtl.parts.operand import float_decoder

__all__ = ["SharedScale"]


class SharedScale(wiring.Component):
    """A sum times the scales of both sides; combinational.

    The first mode's scales have one significant bit, and only their exponents are added; those of
    the other mode are multiplied with each other and with the sum. One adder takes the exponents
    of either.

    Parameters:
        formats: Of the scales in each mode.
        sum_bits: Width of the sum's magnitude in each mode.

    Members:
        fine: ``In(1)``: the second mode.
        w, a: ``In``, code words of the scales.
        magnitude: ``In``, of the sum.
        significand: ``Out``, of the sum times the scales.
        shift: ``Out``, its exponent over that of the sum and the scales' last bits.
        sign: ``Out(1)``: that of the scales' product.
        nan: ``Out(1)``.
    """

    def __init__(self, *, formats: Sequence[ScalarFormat], sum_bits: Sequence[int]) -> None:
        self.formats = formats
        self.sum_bits = sum_bits
        _, fine = formats
        assert formats[0].significand_bits == 1
        self.product_bits = 2 * fine.significand_bits
        bits = max(sum_bits[0], sum_bits[1] + self.product_bits)
        most = 2 * max(fmt.max_shift for fmt in formats)
        super().__init__(
            {
                "fine": In(1),
                "w": In(formats[0].bits),
                "a": In(formats[0].bits),
                "magnitude": In(max(sum_bits)),
                "significand": Out(bits),
                "shift": Out(unsigned(most.bit_length())),
                "sign": Out(1),
                "nan": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        decoders = []
        for side in ("w", "a"):
            for index, fmt in enumerate(self.formats):
                m.submodules[f"decode_{side}_{index}"] = decoder = float_decoder(fmt)
                m.d.comb += decoder.code.eq(getattr(self, side))
                decoders.append(decoder)
        w = decoders[:2]
        a = decoders[2:]
        held = Signal(self.sum_bits[1])
        product = Signal(self.product_bits)
        scaled = Signal(len(self.significand))
        gate = replicate(self.fine, len(w[1].significand))
        m.d.comb += [
            # Held at zero in the other mode, lest the multipliers switch.
            product.eq((w[1].significand & gate) * a[1].significand),
            held.eq(self.magnitude),
            scaled.eq(held * product),
            self.significand.eq(Mux(self.fine, scaled, self.magnitude)),
            self.shift.eq(
                Mux(self.fine, w[1].shift, w[0].shift) + Mux(self.fine, a[1].shift, a[0].shift)
            ),
            self.sign.eq(self.fine & (w[1].sign ^ a[1].sign)),
            self.nan.eq(Mux(self.fine, w[1].nan | a[1].nan, w[0].nan | a[0].nan)),
        ]
        return m
