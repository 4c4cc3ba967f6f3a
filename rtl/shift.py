"""Shift-and-add multipliers of the ``shift`` family; the reference is ``hwdse.pe.shift``."""

from __future__ import annotations

from amaranth import Cat, Module, Mux, Shape, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe.digits import Digit, digits
from hwdse.pe.shift import Shift
from rtl.parts.addends import Addend, drive_sum, registered, sum_members
from rtl.parts.bits import replicate
from rtl.parts.operand import fixed_point_shape, fixed_point_value, float_decoder, require_decoder
from rtl.parts.power_sum import decode_powers, require_power_decoder
from rtl.parts.shifter import shift_left_fill
from rtl.parts.term import float_term_members

__all__ = ["ExponentAdder", "ShiftAdd", "term_source"]


def term_source(unit: Shift) -> wiring.Component:
    """The component that makes a ``shift``'s terms: ports ``w``, ``a`` and the term.

    Raises:
        HwdseError: There is no decoder for one of its formats.
    """
    require_decoder(unit.a_element)
    require_power_decoder(unit.w_element)
    return ShiftAdd(unit=unit) if unit.integer_terms else ExponentAdder(unit=unit)


class ShiftAdd(wiring.Component):
    """Sum of the products of all lanes; its only registers are those of stage ``product``.

    A product is the sum of the activation shifted by each power of the weight. A negative weight
    takes the activation's complement, shifts in ones, and adds a one: a negation that leaves its
    carries to the sum.

    Members:
        w, a: ``In``, code words, lane 0 in the lowest bits.
        value, or save_sum and save_carry: ``Out``, the term; see ``sum_members``.
    """

    def __init__(self, *, unit: Shift) -> None:
        self.unit = unit
        self.digits = digits(unit.w_element).terms
        shapes = [
            Addend(Signal(_row_shape(unit, digit)), 1 << digit.least) for digit in self.digits
        ]
        if unit.w_element.signed:
            shapes += [Addend(Signal(1), 1 << digit.least) for digit in self.digits]
        term = sum_members(unit, shapes * unit.lanes)
        super().__init__({o.name: In(o.width) for o in unit.operands} | term)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        addends = [addend for lane in range(self.unit.lanes) for addend in self._lane(m, lane)]
        if "product" in self.unit.implementation.registers:
            addends = registered(m, addends, "product")
        drive_sum(m, self, self.unit, addends)
        return m

    def _lane(self, m: Module, lane: int) -> list[Addend]:
        fmt = self.unit.w_element
        negative, powers = decode_powers(
            m, self.w.word_select(lane, fmt.bits), fmt, f"decode_w{lane}"
        )
        a_code = self.a.word_select(lane, self.unit.a.bits)
        a = fixed_point_value(m, a_code, self.unit.a_element, f"decode_a{lane}")
        addends = []
        for index, (digit, power) in enumerate(zip(self.digits, powers, strict=True)):
            masked = a.as_unsigned() & replicate(power.present, len(a))
            # The complement of an unsigned activation has a sign of its own.
            flipped = Cat(masked ^ replicate(negative, len(a)), negative)
            row = Signal(_row_shape(self.unit, digit), name=f"row{lane}_{index}")
            shifted = shift_left_fill(
                m,
                flipped[: len(row) - digit.reach],
                power.steps,
                digit.step,
                signed=row.shape().signed,
                fill=negative,
                name=f"shift{lane}_{index}",
            )
            m.d.comb += row.eq(shifted)
            addends.append(Addend(row, 1 << digit.least))
            if fmt.signed:
                addends.append(Addend(negative, 1 << digit.least))
        return addends


def _row_shape(unit: Shift, digit: Digit) -> Shape:
    """Of an activation times a power of two over the digit's least, or the complement of that."""
    a = fixed_point_shape(unit.a_element)
    if not unit.w_element.signed:
        return Shape(a.width + digit.reach, signed=a.signed)
    return signed(a.width + (0 if a.signed else 1) + digit.reach)


class ExponentAdder(wiring.Component):
    """Product of a power of two and a float, as sign, significand and shift; combinational.

    Members:
        w, a: ``In``, code words.
        sign, significand, shift, nan, infinite: ``Out``, the term.
    """

    def __init__(self, *, unit: Shift) -> None:
        self.unit = unit
        super().__init__(
            {"w": In(unit.w.bits), "a": In(unit.a.bits)} | float_term_members(unit.term_shape)
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit = self.unit
        negative, (power,) = decode_powers(m, self.w, unit.w_element, "decode_w")
        (digit,) = digits(unit.w_element).terms
        m.submodules.unpack_a = a = float_decoder(unit.a_element)
        m.d.comb += [
            a.code.eq(self.a),
            self.sign.eq(negative ^ a.sign),
            self.significand.eq(Mux(power.present, a.significand, 0)),
            self.shift.eq(power.steps * digit.step + digit.least + a.shift),
        ]
        if unit.term_shape.nan:
            m.d.comb += self.nan.eq(a.nan | (a.infinite & ~power.present))
        if unit.term_shape.infinite:
            m.d.comb += self.infinite.eq(a.infinite & power.present)
        return m
