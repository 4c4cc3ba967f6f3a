"""Terms of weights times activations, cycle by cycle; the reference is ``hwdse.pe.serial_unit``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe.product import operand_shape
from hwdse.pe.recoding import Recoding
from hwdse.pe.serial_unit import Serial
from rtl.parts.bits import register, replicate
from rtl.parts.exponent_match import ExponentMatch
from rtl.parts.group_bounds import GroupBounds
from rtl.parts.lanes import Lane, cut_off, place, sum_of
from rtl.parts.operand import fixed_point_value, float_decoder
from rtl.parts.sequencer import Sequencer, sequence_members
from rtl.parts.table import look_up
from rtl.parts.term import float_term_members, integer_term_members
from rtl.parts.term_decoder import TermDecoder

__all__ = ["SerialSource"]


class SerialSource(wiring.Component):
    """Sum of the lanes' activations, each times the term of its weight in the cycle.

    Its registers are the number of the cycle and those of stage ``product``, behind products, which
    are shifted as far as weights' own exponents say but neither negated nor aligned.

    Parameters:
        unit: The spec.
        elements: Elements of a group, each of which is a sum; None: sums go on until ``clear``.

    Members:
        w, a, w_select: ``In``, as of the unit's operands.
        value: ``Out``, the term; or, of floats, the members of ``float_term_members``.
        Those of ``sequence_members``, where there are several cycles, or groups.
    """

    def __init__(self, *, unit: Serial, elements: int | None = None) -> None:
        self.unit = unit
        self.elements = elements
        self.several = unit.initiation_interval > 1
        shape = unit.term_shape
        term = integer_term_members(shape) if unit.fixed_point else float_term_members(shape)
        inputs = {operand.name: In(operand.width) for operand in unit.operands}
        sequence = sequence_members() if self.several or elements else {}
        super().__init__(inputs | term | sequence)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        phase = self._sequence(m)
        weights = [self._weight(m, phase, lane) for lane in range(self.unit.lanes)]
        waits = "product" in self.unit.implementation.registers
        late = register(m, "product_phase", phase) if waits and len(phase) else phase
        if self.unit.fixed_point:
            self._integers(m, weights, late, waits=waits)
        else:
            self._floats(m, weights, late, waits=waits)
        return m

    def _sequence(self, m: Module) -> Value:
        """Drive the flags of the sequence; return the number of the cycle."""
        phase: Value = Const(0, 0)
        if not (self.several or self.elements):
            return phase
        valid, first, last = self.in_valid, Const(1), Const(1)
        clear = self.in_clear
        if self.several:
            m.submodules.sequencer = cycles = Sequencer(cycles=self.unit.initiation_interval)
            m.d.comb += [cycles.in_valid.eq(self.in_valid), cycles.in_clear.eq(self.in_clear)]
            phase, valid, clear, last = (
                cycles.phase,
                cycles.term_valid,
                cycles.term_clear,
                cycles.term_last,
            )
            first = phase == 0
        if self.elements:
            m.submodules.counter = groups = GroupBounds(elements=self.elements)
            m.d.comb += [
                groups.valid.eq(valid),
                groups.first.eq(first),
                groups.last.eq(last),
                groups.clear.eq(self.in_clear),
            ]
            clear, last = groups.starts, groups.ends
        flags = {"term_valid": valid, "term_clear": clear, "term_last": last}
        waits = "product" in self.unit.implementation.registers
        for name, flag in flags.items():
            if waits:
                flag = register(m, f"product_{name}", flag, reset_less=name == "term_clear")
            m.d.comb += getattr(self, name).eq(flag)
        return phase

    def _weight(self, m: Module, phase: Value, lane: int) -> TermDecoder:
        found = self.unit.recoding
        decoder = TermDecoder(recoding=found)
        m.submodules[f"decode_w_{lane}"] = decoder
        m.d.comb += [
            decoder.code.eq(self.w.word_select(lane, found.code_bits)),
            decoder.phase.eq(phase),
        ]
        if found.select_bits:
            m.d.comb += decoder.select.eq(self.w_select)
        return decoder

    def _integers(
        self, m: Module, weights: Sequence[TermDecoder], phase: Value, *, waits: bool
    ) -> None:
        unit, signs = self.unit, self.unit.recoding.common_signs
        values, carries = [], []
        for lane, weight in enumerate(weights):
            code = self.a.word_select(lane, unit.a_element.bits)
            a = fixed_point_value(m, code, unit.a_element, f"decode_a_{lane}")
            bits = len(a) + unit.recoding.reach
            product = Signal(Shape(bits, a.shape().signed), name=f"product_{lane}")
            m.d.comb += product.eq((a << weight.steps)[:bits] & replicate(weight.present, bits))
            value: Value = product
            negative: Value = weight.negative
            if waits:
                value = register(m, f"product_{lane}_value", value)
                if signs is None:
                    negative = register(m, f"product_{lane}_negative", negative)
            if signs is None:
                value = _signed(value)
                value = (value.as_unsigned() ^ replicate(negative, len(value))).as_signed()
                carries.append(negative)
            values.append(value)
        bits = (unit.product_shape.max_units * unit.lanes).bit_length() + 1
        total: Value = sum_of(m, values, carries, bits, how=unit.implementation)
        if signs is not None and any(signs):
            negative = look_up(m, phase, dict(enumerate(map(int, signs))), 1, "negative")
            opposite = Signal(signed(bits), name="lanes_negated")
            m.d.comb += opposite.eq(Mux(negative, -total, total))
            total = opposite
        m.d.comb += self.value.eq(total << _base(m, unit.recoding, phase))

    def _floats(
        self, m: Module, weights: Sequence[TermDecoder], phase: Value, *, waits: bool
    ) -> None:
        unit = self.unit
        activations = []
        for lane in range(unit.lanes):
            m.submodules[f"decode_a_{lane}"] = decoder = float_decoder(unit.a_element)
            m.d.comb += decoder.code.eq(self.a.word_select(lane, unit.a_element.bits))
            activations.append(decoder)
        lanes = [_product(w, a) for w, a in zip(weights, activations, strict=True)]
        if unit.align is not None:
            m.submodules.align = match = ExponentMatch(
                x=unit.digit_shape, y=operand_shape(unit.a_element), lanes=unit.lanes
            )
            for i, (w, a, lane) in enumerate(zip(weights, activations, lanes, strict=True)):
                m.d.comb += [
                    match.x_shift[i].eq(w.steps),
                    match.y_shift[i].eq(a.shift),
                    match.zero[i].eq(lane.zero),
                ]
            lanes = [
                replace(lane, shift=distance)
                for lane, distance in zip(lanes, match.distance, strict=True)
            ]
        top: Value = match.top if unit.align is not None else Const(0, 0)
        if waits:
            lanes = [_registered(m, lane, f"product_{i}") for i, lane in enumerate(lanes)]
            top = register(m, "product_top", top) if len(top) else top
        self._drive(m, lanes, top, phase)

    def _drive(self, m: Module, lanes: list[Lane], top: Value, phase: Value) -> None:
        """The term of products that have shifts, or distances below ``top``."""
        unit, one = self.unit, self.unit.product_shape
        if unit.lanes == 1:
            (lane,) = lanes
            sign, magnitude, top = lane.sign & ~lane.zero, lane.significand, lane.shift
        else:
            values, carries = [], []
            for i, lane in enumerate(lanes):
                if unit.align is None:
                    values.append(place(m, lane, one, f"lane_{i}"))
                    continue
                value, carry = cut_off(m, lane, lane.shift, one, unit.align, f"lane_{i}")
                values.append(value)
                carries.append(carry)
            bits = unit.sum_shape.significand_bits
            total = sum_of(m, values, carries, bits + 1, how=unit.implementation)
            sign, magnitude = total[-1], Mux(total[-1], -total, total)[:bits]
        minus = Cat(*(lane.infinite & lane.sign for lane in lanes)).any()
        plus = Cat(*(lane.infinite & ~lane.sign for lane in lanes)).any()
        nan = Cat(*(lane.nan for lane in lanes)).any() | (plus & minus)
        infinite = plus | minus
        m.d.comb += [
            self.sign.eq(Mux(infinite, minus, sign)),
            self.significand.eq(magnitude),
            self.shift.eq(top + _base(m, unit.recoding, phase)),
        ]
        if unit.term_shape.nan:
            m.d.comb += self.nan.eq(nan)
        if unit.term_shape.infinite:
            m.d.comb += self.infinite.eq(infinite & ~nan)


def _product(weight: TermDecoder, a: wiring.Component) -> Lane:
    """An activation times the term of a weight; one that is no number, times the whole weight."""
    present = weight.present
    return Lane(
        sign=Mux(a.infinite, weight.weight_negative, weight.negative) ^ a.sign,
        significand=a.significand & replicate(present, len(a.significand)),
        shift=a.shift + weight.steps,
        nan=a.nan | (a.infinite & weight.weight_zero),
        infinite=a.infinite & ~weight.weight_zero,
        zero=~present | a.zero,
    )


def _registered(m: Module, lane: Lane, name: str) -> Lane:
    members = {
        field.name: register(m, f"{name}_{field.name}", getattr(lane, field.name))
        for field in fields(lane)
        if len(getattr(lane, field.name))
    }
    return replace(lane, **members)


def _base(m: Module, recoding: Recoding, phase: Value) -> Value:
    """The exponent that all weights share in a cycle."""
    bases = recoding.bases
    return look_up(m, phase, dict(enumerate(bases)), max(bases).bit_length(), "base")


def _signed(value: Value) -> Value:
    """The same number in a signed shape."""
    return value if value.shape().signed else Cat(value, Const(0, 1)).as_signed()
