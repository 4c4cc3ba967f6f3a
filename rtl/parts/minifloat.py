"""Operand decoder of a minifloat code word."""

from __future__ import annotations

from amaranth import Cat, Module, Mux, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import Minifloat, NanPolicy

__all__ = ["Unpack"]


class Unpack(wiring.Component):
    """Splits a code word; combinational.

    Parameters:
        fmt: The code's format.

    Members:
        code: ``In(fmt.bits)``.
        sign, nan, infinite, zero: ``Out(1)``; ``nan`` and ``infinite`` are constant 0 where the
            format has none.
        subnormal: ``Out(1)``: the exponent field is zero (also for zero).
        significand: ``Out(mantissa_bits + 1)`` with the hidden bit.
        shift: ``Out``: exponent over the format's least one, ``max(field, 1) - 1``.
    """

    def __init__(self, *, fmt: Minifloat) -> None:
        self.fmt = fmt
        super().__init__(
            {
                "code": In(fmt.bits),
                "sign": Out(1),
                "nan": Out(1),
                "infinite": Out(1),
                "zero": Out(1),
                "subnormal": Out(1),
                "significand": Out(fmt.mantissa_bits + 1),
                "shift": Out(unsigned(fmt.max_shift.bit_length())),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt = self.fmt
        mantissa = self.code[: fmt.mantissa_bits]
        field = self.code[fmt.mantissa_bits : fmt.mantissa_bits + fmt.exponent_bits]
        all_ones = field.all()
        m.d.comb += [
            self.sign.eq(self.code[-1]),
            self.subnormal.eq(field == 0),
            self.zero.eq((field == 0) & (mantissa == 0)),
            self.significand.eq(Cat(mantissa, ~self.subnormal)),
            self.shift.eq(Mux(self.subnormal, 0, field - 1)),
            self.infinite.eq(all_ones & (mantissa == 0) if fmt.infinities else 0),
            self.nan.eq(_nan(fmt, all_ones, mantissa)),
        ]
        return m


def _nan(fmt: Minifloat, all_ones: Value, mantissa: Value) -> Value | int:
    if fmt.nan is NanPolicy.IEEE:
        return all_ones & mantissa.any()
    if fmt.nan is NanPolicy.ALL_ONES:
        return all_ones & mantissa.all()
    return 0
