"""Rounding a significand once, to the magnitudes of a minifloat or of integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import IntegerFormat, Minifloat, Rounding
from rtl.parts.bits import leading_zeros, shift_right_jam

__all__ = ["Grid", "Rounder", "grid_of", "round_up"]


def round_up(
    rounding: Rounding, *, sign: Value, odd: Value, half: Value, sticky: Value
) -> Value | int:
    """Whether a magnitude that is cut goes to the next one.

    Args:
        rounding: Not stochastic.
        sign: Of the number.
        odd: Last bit of what is kept.
        half: First bit that is cut.
        sticky: Whether any bit behind that is set.
    """
    match rounding:
        case Rounding.NEAREST_EVEN:
            return half & (sticky | odd)
        case Rounding.NEAREST_AWAY:
            return half
        case Rounding.TOWARD_ZERO:
            return 0
        case Rounding.TOWARD_POSITIVE:
            return ~sign & (half | sticky)
        case Rounding.TOWARD_NEGATIVE:
            return sign & (half | sticky)
        case Rounding.TO_ODD:
            return ~odd & (half | sticky)
        case Rounding.STOCHASTIC:
            raise AssertionError("stochastic rounding draws numbers, which this part does not have")
        case _:
            assert_never(rounding)


@dataclass(frozen=True)
class Grid:
    """Magnitudes whose codes rise with them, ``2**mantissa_bits`` codes a binade.

    Attributes:
        mantissa_bits: The hidden bit not counted.
        min_exponent: Of the least numbers that have a hidden bit.
        subnormals: Whether code 0 is zero, and multiples of one step follow; if not, code 0 is
            ``2**min_exponent``, and all that is less becomes that.
    """

    mantissa_bits: int
    min_exponent: int
    subnormals: bool = True


def grid_of(fmt: Minifloat | IntegerFormat) -> Grid:
    """The grid of a format's magnitudes; beyond the largest it goes on.

    Integers are the subnormals of a float whose largest magnitude has the only hidden bit.
    """
    if isinstance(fmt, IntegerFormat):
        top = fmt.significand_bits - 1
        return Grid(mantissa_bits=top, min_exponent=top + fmt.lsb_exponent)
    return Grid(fmt.mantissa_bits, fmt.min_exponent, fmt.subnormals)


class Rounder(wiring.Component):
    """The code of a magnitude on a grid, rounded once; combinational.

    The magnitude is ``significand * 2**(exponent - significand_bits + 1)``: normalised, or as far
    as ``most_left`` says, unless it is below the grid's least exponent anyway.

    Parameters:
        grid: The grid.
        rounding: How; not stochastic.
        significand_bits: Width.
        exponents: Least and largest exponent of the significand's top bit.
        most_left: Leading zeros that there may be where the exponent is above the grid's least.

    Members:
        sign: ``In(1)``: for rounding that is directed.
        zero: ``In(1)``: the significand is zero.
        significand: ``In(significand_bits)``.
        exponent: ``In``, signed.
        code: ``Out``, as wide as the largest exponent takes it.
    """

    def __init__(
        self,
        *,
        grid: Grid,
        rounding: Rounding,
        significand_bits: int,
        exponents: tuple[int, int],
        most_left: int = 0,
    ) -> None:
        self.grid = grid
        self.rounding = rounding
        self.exponents = exponents
        self.most_left = min(most_left, significand_bits - 1)
        self.precision = grid.mantissa_bits + 1
        self.most_field = max(exponents[1] - grid.min_exponent, 0)
        most = (self.most_field + 2) << grid.mantissa_bits
        super().__init__(
            {
                "sign": In(1),
                "zero": In(1),
                "significand": In(significand_bits),
                "exponent": In(_shape(*exponents)),
                "code": Out(most.bit_length()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        grid = self.grid
        low, high = (exponent - grid.min_exponent for exponent in self.exponents)
        # Binades over the least exponent.
        binade = Signal(_shape(low, high))
        m.d.comb += binade.eq(self.exponent - grid.min_exponent)
        normal, field = self._normalised(m, binade, low)
        window = self._window(m, normal, binade, low)

        precision = self.precision
        kept = window[-precision:]
        half = window[-precision - 1] if len(window) > precision else Const(0, 1)
        sticky = window[: max(len(window) - precision - 1, 0)].any()
        # The hidden bit carries into the field, so subnormals need no own case.
        cut = Signal(len(self.code))
        if grid.subnormals:
            m.d.comb += cut.eq(Cat(Const(0, grid.mantissa_bits), field) + kept)
        else:
            m.d.comb += cut.eq(Cat(kept[:-1], field))
        up = round_up(self.rounding, sign=self.sign, odd=cut[0], half=half, sticky=sticky)
        m.d.comb += self.code.eq(cut + up)
        if not grid.subnormals:
            with m.If(~kept[-1] | self.zero):
                m.d.comb += self.code.eq(0)
        elif self.most_left or low > 0:
            with m.If(self.zero):
                m.d.comb += self.code.eq(0)
        return m

    def _normalised(self, m: Module, binade: Value, low: int) -> tuple[Value, Value]:
        """The significand moved left, no further than the least exponent; binades left over it."""
        value, left = self.significand, Const(0, 0)
        if self.most_left:
            # The one behind the bits that count ends the search.
            count, _ = leading_zeros(m, Cat(Const(1, 1), value[-self.most_left :]), "lead")
            left = Signal(range(self.most_left + 1))
            m.d.comb += left.eq(count)
            if low < self.most_left:
                with m.If(binade < count):
                    m.d.comb += left.eq(Mux(binade[-1], 0, binade) if low < 0 else binade)
            moved = Signal(len(value))
            m.d.comb += moved.eq(value << left)
            value = moved
        field = Signal(range(self.most_field + 1))
        m.d.comb += field.eq(binade - left)
        if low < 0:
            with m.If(binade[-1]):
                m.d.comb += field.eq(0)
        return value, field

    def _window(self, m: Module, value: Value, binade: Value, low: int) -> Value:
        """The bits that are kept, the first that is cut, and the rest as one; fewer if it fits."""
        wide = self.precision + 2
        if len(value) > wide:
            value = Cat(value[: len(value) - wide + 1].any(), value[len(value) - wide + 1 :])
        if low >= 0:
            return Cat(Const(0, max(self.precision - len(value), 0)), value)
        value = Cat(Const(0, max(wide - len(value), 0)), value)
        most = min(-low, wide - 1)
        down = Signal(range(most + 1))
        with m.If(binade[-1]):
            m.d.comb += down.eq(Mux(binade < -most, most, -binade) if most < -low else -binade)
        return shift_right_jam(m, value, down, "down")


def _shape(low: int, high: int) -> range:
    """Signed, whatever the bounds, so that the top bit is the sign."""
    return range(min(low, -1), max(high, 0) + 1)
