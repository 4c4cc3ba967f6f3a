"""A weight times its group's scale, rounded to a float."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import Minifloat, Rounding, ScalarFormat
from hwdse.pe.lanes import Factor
from hwdse.pe.product import operand_shape, times_shape
from rtl.parts.rounder import Rounder, grid_of

__all__ = ["Dequantiser"]


class Dequantiser(wiring.Component):
    """``round_to_nearest_even(value * scale)``; combinational.

    The reference is :meth:`hwdse.pe.groupdot.GroupBefore.dequantised_codes`. Beyond the largest
    value the result is infinite, below the least normal one it is subnormal; a product of zero is
    positive.

    Parameters:
        weight: What weights are: integers, less their zero point where they have one.
        scale: Format of the scale.
        fmt: Of the result, with infinities and NaN.

    Members:
        value: ``In(signed)``, the weight less its zero point.
        scale_sign, scale_nan, scale_infinite: ``In(1)``, of the scale taken apart.
        scale_significand, scale_shift: ``In``, likewise.
        code: ``Out(fmt.bits)``.
    """

    def __init__(self, *, weight: Factor, scale: ScalarFormat, fmt: Minifloat) -> None:
        self.fmt = fmt
        fields = operand_shape(scale)
        self.value_bits = weight.shape.significand_bits
        self.shape = times_shape(weight.shape, fields)
        super().__init__(
            {
                "value": In(signed(self.value_bits + 1)),
                "scale_sign": In(1),
                "scale_nan": In(1),
                "scale_infinite": In(1),
                "scale_significand": In(fields.significand_bits),
                "scale_shift": In(unsigned(fields.max_shift.bit_length())),
                "code": Out(fmt.bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt = self.fmt
        negative = self.value[-1]
        magnitude = Signal(self.value_bits)
        product = Signal(self.shape.significand_bits)
        lowest = self.shape.lsb_exponent + len(product) - 1
        m.submodules.rounder = rounder = Rounder(
            grid=grid_of(fmt),
            rounding=Rounding.NEAREST_EVEN,
            significand_bits=len(product),
            exponents=(lowest, lowest + self.shape.max_shift),
            most_left=len(product) - 1,
        )
        zero = product == 0
        sign = self.scale_sign ^ negative
        m.d.comb += [
            magnitude.eq(Mux(negative, -self.value, self.value)),
            product.eq(magnitude * self.scale_significand),
            rounder.sign.eq(sign),
            rounder.zero.eq(zero),
            rounder.significand.eq(product),
            rounder.exponent.eq(self.scale_shift + lowest),
        ]
        infinity = ((1 << fmt.exponent_bits) - 1) << fmt.mantissa_bits
        quiet_nan = infinity | (1 << (fmt.mantissa_bits - 1))
        m.d.comb += self.code.eq(Mux(zero, 0, Cat(rounder.code[: fmt.bits - 1], sign)))
        with m.If(self.scale_nan | (self.scale_infinite & (magnitude == 0))):
            m.d.comb += self.code.eq(quiet_nan)
        with m.Elif(self.scale_infinite | (~zero & (rounder.code >= infinity))):
            m.d.comb += self.code.eq(Cat(Const(infinity, fmt.bits - 1), sign))
        return m
