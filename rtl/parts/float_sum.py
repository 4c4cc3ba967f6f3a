"""Floating-point accumulation: align, add, normalise, round once."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import Minifloat, Rounding
from hwdse.pe.term import TermShape
from rtl.parts.bits import leading_zeros, shift_right_jam
from rtl.parts.rounder import round_up

__all__ = ["FloatSum"]


class FloatSum(wiring.Component):
    """``result = round_to_nearest_even(acc + term)``; combinational.

    The reference is ``hwdse.pe.float_sum.add_term``. One path: the addend of larger exponent leads,
    the other is shifted right with a jammed sticky bit, the sum is made positive, normalised no
    further than the least exponent (which gives subnormals), and rounded.

    Parameters:
        fmt: Format of the accumulator; it has infinities and NaN.
        shape: Bounds of the term.

    Members:
        acc, result: ``In``/``Out(fmt.bits)`` code words.
        sign, significand, shift, nan, infinite: ``In``, as of the term.
    """

    def __init__(self, *, fmt: Minifloat, shape: TermShape) -> None:
        self.fmt = fmt
        self.shape = shape
        self.precision = fmt.mantissa_bits + 1
        # Guard and round bits and the jammed sticky below the wider significand: enough for one
        # rounding whenever the shift is 2 or more; below that nothing is shifted out.
        self.window_bits = max(self.precision, shape.significand_bits) + 3
        # Biased exponent of a normalised term's top bit, at shift 0 and no leading zeros.
        self.term_bias = shape.lsb_exponent + shape.significand_bits - 1 + fmt.bias
        least = self.term_bias - (1 << (shape.significand_bits - 1).bit_length())
        most = max(self.term_bias + shape.max_shift, (1 << fmt.exponent_bits) - 1)
        self.exponent_shape = signed(max(least.bit_length(), most.bit_length()) + 1)
        super().__init__(
            {
                "acc": In(fmt.bits),
                "sign": In(1),
                "significand": In(shape.significand_bits),
                "shift": In(shape.max_shift.bit_length()),
                "nan": In(1),
                "infinite": In(1),
                "result": Out(fmt.bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt, window = self.fmt, self.window_bits

        acc_mantissa = self.acc[: fmt.mantissa_bits]
        acc_field = self.acc[fmt.mantissa_bits : -1]
        acc_sign = self.acc[-1]
        acc_significand = Cat(acc_mantissa, acc_field.any())
        acc_exponent = Signal(self.exponent_shape)
        m.d.comb += acc_exponent.eq(Mux(acc_field.any(), acc_field, 1))

        zeros, term_is_zero = leading_zeros(m, self.significand, "term_lead")
        term_significand = Signal(self.shape.significand_bits)
        term_exponent = Signal(self.exponent_shape)
        m.d.comb += [
            term_significand.eq(self.significand << zeros),
            term_exponent.eq(self.shift - zeros + Const(self.term_bias, self.exponent_shape)),
        ]

        # The addend of larger exponent leads; a zero term never does.
        distance = Signal(signed(self.exponent_shape.width + 1))
        acc_leads = Signal()
        m.d.comb += [
            distance.eq(acc_exponent - term_exponent),
            acc_leads.eq(~distance[-1] | term_is_zero),
        ]
        acc_aligned = Cat(Const(0, window - self.precision), acc_significand)
        term_aligned = Cat(Const(0, window - self.shape.significand_bits), term_significand)
        lead = Signal(window)
        other = Signal(window)
        lead_exponent = Signal(unsigned(self.exponent_shape.width - 1))
        amount = Signal(unsigned(self.exponent_shape.width))
        m.d.comb += [
            lead.eq(Mux(acc_leads, acc_aligned, term_aligned)),
            other.eq(Mux(acc_leads, term_aligned, acc_aligned)),
            lead_exponent.eq(Mux(acc_leads, acc_exponent, term_exponent)),
            amount.eq(Mux(distance[-1], -distance, distance)),
        ]

        # Beyond the window everything is sticky, so the amount saturates.
        clipped = Signal(range(window + 1))
        m.d.comb += clipped.eq(Mux(amount > window, window, amount))
        shifted = Signal(window)
        m.d.comb += shifted.eq(shift_right_jam(m, other, clipped, "aligned"))

        subtract = acc_sign ^ self.sign
        total = Signal(signed(window + 2))
        negative = total[-1]
        magnitude = Signal(window + 1)
        m.d.comb += [
            total.eq(Mux(subtract, lead - shifted, lead + shifted)),
            magnitude.eq(Mux(negative, -total, total)),
        ]
        lead_sign = Mux(acc_leads, acc_sign, self.sign)

        code, is_zero = self._round(m, magnitude, lead_exponent)
        result_sign = Mux(is_zero, acc_sign & self.sign, lead_sign ^ negative)

        acc_special = acc_field.all()
        acc_nan = acc_special & acc_mantissa.any()
        acc_infinite = acc_special & ~acc_mantissa.any()
        infinity = ((1 << fmt.exponent_bits) - 1) << fmt.mantissa_bits
        quiet_nan = infinity | (1 << (fmt.mantissa_bits - 1))
        m.d.comb += self.result.eq(Cat(code, result_sign))
        with m.If(acc_nan | self.nan | (acc_infinite & self.infinite & subtract)):
            m.d.comb += self.result.eq(quiet_nan)
        with m.Elif(acc_infinite):
            m.d.comb += self.result.eq(self.acc)
        with m.Elif(self.infinite):
            m.d.comb += self.result.eq(Cat(Const(infinity, fmt.bits - 1), self.sign))
        return m

    def _round(self, m: Module, magnitude: Signal, lead_exponent: Signal) -> tuple[Signal, Signal]:
        """Code word without sign, and a zero flag, of a magnitude one bit above the window."""
        fmt, precision = self.fmt, self.precision
        zeros, is_zero_value = leading_zeros(m, magnitude, "sum_lead")
        is_zero = Signal()
        left = Signal(range(len(magnitude)))
        normal = Signal(len(magnitude))
        m.d.comb += [
            is_zero.eq(is_zero_value),
            # The exponent stops at its least value, which leaves a subnormal.
            left.eq(Mux(zeros > lead_exponent, lead_exponent, zeros)),
            normal.eq(magnitude << left),
        ]
        kept = normal[-precision:]
        half = normal[-precision - 1]
        sticky = normal[: -precision - 1].any()
        up = round_up(Rounding.NEAREST_EVEN, sign=Const(0), odd=kept[0], half=half, sticky=sticky)
        # The hidden bit of `kept` carries into the exponent field: subnormals need no own case.
        wide = Signal(fmt.mantissa_bits + len(lead_exponent) + 1)
        m.d.comb += wide.eq(Cat(Const(0, fmt.mantissa_bits), lead_exponent - left) + kept + up)
        infinity_field = (1 << fmt.exponent_bits) - 1
        code = Signal(fmt.bits - 1)
        with m.If(is_zero):
            m.d.comb += code.eq(0)
        with m.Elif(wide[fmt.mantissa_bits :] >= infinity_field):
            m.d.comb += code.eq(infinity_field << fmt.mantissa_bits)
        with m.Else():
            m.d.comb += code.eq(wide)
        return code, is_zero
