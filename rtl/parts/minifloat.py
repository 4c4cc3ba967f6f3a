"""Operand decoder of a minifloat code word."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Value, unsigned
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
        shift: ``Out``: exponent over the format's least one: ``max(field, 1) - 1``, or the field
            where the format has no subnormals.
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
        sign = self.code[-1] if fmt.signed else Const(0)
        all_zeros = (field == 0) & (mantissa == 0)
        m.d.comb += [
            self.sign.eq(sign),
            self.subnormal.eq(field == 0),
            self.zero.eq(_zero(fmt, all_zeros, sign)),
            self.significand.eq(Cat(mantissa, ~(self.subnormal if fmt.subnormals else self.zero))),
            self.shift.eq(Mux(self.subnormal, 0, field - 1) if fmt.subnormals else field),
            self.infinite.eq(all_ones & (mantissa == 0) if fmt.infinities else 0),
            self.nan.eq(_nan(fmt, all_ones, all_zeros, mantissa, sign)),
        ]
        return m


def _zero(fmt: Minifloat, all_zeros: Value, sign: Value) -> Value | int:
    if not fmt.zero:
        return 0
    return all_zeros & ~sign if fmt.nan is NanPolicy.NEGATIVE_ZERO else all_zeros


def _nan(
    fmt: Minifloat, all_ones: Value, all_zeros: Value, mantissa: Value, sign: Value
) -> Value | int:
    match fmt.nan:
        case NanPolicy.NONE:
            return 0
        case NanPolicy.IEEE:
            return all_ones & mantissa.any()
        case NanPolicy.ALL_ONES:
            return all_ones & mantissa.all()
        case NanPolicy.NEGATIVE_ZERO:
            return all_zeros & sign
