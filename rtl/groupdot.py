"""Dot products of weights in groups; the reference is ``hwdse.pe.groupdot``."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.formats import ScalarFormat
from hwdse.pe.groupdot import GroupAfter, GroupBefore, GroupDot
from hwdse.pe.implementation import SHIFT_ADD
from hwdse.pe.lanes import Factor
from hwdse.pe.product import integers, is_fixed_point, operand_shape
from rtl import dot
from rtl.parts.bits import register, replicate
from rtl.parts.dequantise import Dequantiser
from rtl.parts.group_count import GroupCount
from rtl.parts.group_sum import GroupSum
from rtl.parts.lanes import Lane, place, product, sum_of, take
from rtl.parts.operand import float_decoder, require_decoder
from rtl.parts.sequencer import sequence_members
from rtl.parts.term import float_term_members

__all__ = ["DequantisedDot", "ScaledGroup", "term_source"]

_NO = Const(0, 1)


def term_source(unit: GroupDot) -> wiring.Component:
    """The component that makes a ``groupdot``'s terms: ports of the operands, and the term.

    Raises:
        HwdseError: There is no decoder for one of its formats.
    """
    for operand in unit.operands:
        require_decoder(operand.format)
    if isinstance(unit, GroupAfter):
        return ScaledGroup(unit=unit)
    assert isinstance(unit, GroupBefore)
    return DequantisedDot(unit=unit)


class ScaledGroup(wiring.Component):
    """The sum of a group's products, less zero point times activations, times the scale.

    Its registers are those of the group's sums and of stage ``product``, which holds the products,
    and the activations that the zero point is to be multiplied with. What follows the sums is held
    at zero until a group is complete, so that it does not switch for nothing.

    Members:
        w, a, w_scale, w_zero: ``In``, as of the unit's operands.
        in_valid, in_clear, term_valid, term_clear, term_last: see ``rtl.top``.
        sign, significand, shift, nan, infinite: ``Out``, the term.
    """

    def __init__(self, *, unit: GroupAfter) -> None:
        self.unit = unit
        inputs = {operand.name: In(operand.width) for operand in unit.operands}
        term = float_term_members(unit.term_shape)
        super().__init__(inputs | sequence_members() | term)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit, how = self.unit, self.unit.implementation
        sides = [self._taken(m, lane) for lane in range(unit.lanes)]
        products = [
            product(m, w, a, how=how, name=f"product_{i}") for i, (w, a) in enumerate(sides)
        ]
        activations = [a for _, a in sides] if unit.zero else []
        shared = {o.name: getattr(self, o.name) for o in unit.operands[2:]}
        valid, clear = self.in_valid, self.in_clear
        if "product" in how.registers:
            valid = register(m, "product_valid", valid, reset_less=False)
            clear = register(m, "product_clear", clear)
            products = [_held(m, lane, f"product_{i}") for i, lane in enumerate(products)]
            activations = [_held(m, lane, f"product_a_{i}") for i, lane in enumerate(activations)]
            shared = {name: register(m, f"product_{name}", x) for name, x in shared.items()}

        m.submodules.group_count = count = GroupCount(elements=unit.group_elements)
        m.d.comb += [
            count.in_valid.eq(valid),
            count.in_clear.eq(clear),
            self.term_valid.eq(count.term_valid),
            self.term_clear.eq(count.term_clear),
            self.term_last.eq(count.term_last),
        ]
        w, a = _reach(unit.w_element), _reach(unit.a_element)
        corners = [x * y for x in w for y in a]
        total = self._group(m, count, products, (min(corners), max(corners)), "group")
        if unit.zero:
            m.submodules.zero_point = zero_point = Module()
            run = self._group(zero_point, count, activations, a, "zero_point")
            total = self._less_zero_point(zero_point, total, run, shared["w_zero"])
        self._scale(m, total, self._specials(m, count, products), shared["w_scale"])
        return m

    def _taken(self, m: Module, index: int) -> tuple[Lane, Lane]:
        """Weight and activation of a lane."""
        w, a = (
            take(
                m,
                Factor(fmt),
                getattr(self, side).word_select(index, fmt.bits),
                None,
                magnitudes=False,
                name=f"decode_{side}_{index}",
            )
            for side, fmt in (("w", self.unit.w_element), ("a", self.unit.a_element))
        )
        return w, a

    def _group(
        self, m: Module, count: GroupCount, lanes: list[Lane], reach: tuple[int, int], name: str
    ) -> Value:
        """The sum of a group's lanes, each within ``reach``; 0 while it is not complete."""
        unit = self.unit
        values = [lane.significand for lane in lanes]
        if not is_fixed_point(unit.a_element):
            m.submodules[f"align_{name}"] = aligner = Module()
            # Integer weights shift nothing.
            a = operand_shape(unit.a_element)
            values = [place(aligner, x, a, f"{name}_lane_{i}") for i, x in enumerate(lanes)]
        value, total = (_within(reach, n) for n in (unit.lanes, unit.group))
        element = sum_of(m, values, [], value.width, how=unit.implementation)
        m.submodules[f"{name}_sum"] = summed = GroupSum(
            value=value, total=total, adder=unit.implementation.adder
        )
        m.d.comb += [
            summed.enable.eq(count.in_valid),
            summed.first.eq(count.first),
            summed.value.eq(element),
        ]
        complete = Signal(total, name=f"{name}_complete")
        m.d.comb += complete.eq(summed.total & replicate(count.term_last, total.width))
        return complete

    def _less_zero_point(self, m: Module, total: Value, run: Value, zero: Value) -> Value:
        unit = self.unit
        point = take(
            m, Factor(unit.w_element), zero, None, magnitudes=False, name="decode_zero"
        ).significand
        less = Signal(signed(unit.sum_shape.significand_bits + 1), name="less_zero_point")
        m.d.comb += less.eq(total - point * run)
        return less

    def _specials(self, m: Module, count: GroupCount, products: list[Lane]) -> tuple[Value, ...]:
        """Whether a product of the group was NaN, or infinite of either sign."""
        if not self.unit.sum_shape.special:
            return _NO, _NO, _NO
        infinite = Cat(*(lane.infinite for lane in products))
        negative = Cat(*(lane.negative for lane in products))
        nan = Cat(*(lane.nan for lane in products)).any()
        if self.unit.zero:
            now: Value = nan | infinite.any()
        else:
            now = Cat(nan, (infinite & ~negative).any(), (infinite & negative).any())
        held = Signal(len(now), name="special_register", reset_less=True)
        flags = Signal(len(now), name="special")
        m.d.comb += flags.eq(now | Mux(count.first, 0, held))
        with m.If(count.in_valid):
            m.d.sync += held.eq(flags)
        return (flags[0], _NO, _NO) if self.unit.zero else tuple(flags)

    def _scale(self, m: Module, total: Value, specials: tuple[Value, ...], code: Value) -> None:
        """Drive the term with the scaled total."""
        unit = self.unit
        nan, plus, minus = specials
        m.submodules.scale = scaler = Module()
        scaler.submodules.decode_scale = decoder = float_decoder(unit.scale)
        magnitude = Signal(unit.sum_shape.significand_bits, name="total_magnitude")
        negative = total[-1] if total.shape().signed else _NO
        infinite = plus | minus
        scaler.d.comb += [
            decoder.code.eq(code),
            magnitude.eq(Mux(negative, -total, total)),
        ]
        # Shifts and additions are for weights of few bits.
        mul = unit.implementation.mul if unit.implementation.mul != SHIFT_ADD else "star"
        found = product(
            scaler,
            Lane(
                sign=Mux(infinite, minus, negative),
                significand=magnitude,
                shift=Const(0, 0),
                nan=nan | (plus & minus),
                infinite=infinite,
                zero=(magnitude == 0) & ~infinite,
            ),
            Lane(**{field.name: getattr(decoder, field.name) for field in fields(Lane)}),
            how=replace(unit.implementation, mul=mul),
            name="scaled",
        )
        m.d.comb += [
            self.sign.eq(found.sign),
            self.significand.eq(found.significand),
            self.shift.eq(found.shift),
        ]
        if unit.term_shape.nan:
            m.d.comb += self.nan.eq(found.nan)
        if unit.term_shape.infinite:
            m.d.comb += self.infinite.eq(found.infinite & ~found.nan)


class DequantisedDot(wiring.Component):
    """A dequantiser for every lane, and a dot product of floats; no registers of its own.

    Members:
        w, a, w_scale, w_zero: ``In``, as of the unit's operands.
        Those of the term, as of the dot product; see ``rtl.parts.float_dot``.
    """

    def __init__(self, *, unit: GroupBefore) -> None:
        self.unit = unit
        inputs = {operand.name: In(operand.width) for operand in unit.operands}
        super().__init__(inputs | float_term_members(unit.term_shape))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit = self.unit
        m.submodules.dot = inner = dot.term_source(unit.dot)
        m.submodules.decode_scale = scale = float_decoder(unit.scale)
        m.d.comb += [scale.code.eq(self.w_scale), inner.a.eq(self.a)]
        codes = []
        for lane in range(unit.lanes):
            name = f"dequantise_{lane}"
            m.submodules[name] = dequantiser = Dequantiser(
                weight=unit.weight, scale=unit.scale, fmt=unit.dequantised
            )
            code = self.w.word_select(lane, unit.w_element.bits)
            zero = self.w_zero if unit.zero else None
            weight = take(m, unit.weight, code, zero, magnitudes=False, name=f"decode_w_{lane}")
            m.d.comb += [
                dequantiser.value.eq(weight.significand),
                dequantiser.scale_sign.eq(scale.sign),
                dequantiser.scale_nan.eq(scale.nan),
                dequantiser.scale_infinite.eq(scale.infinite),
                dequantiser.scale_significand.eq(scale.significand),
                dequantiser.scale_shift.eq(scale.shift),
            ]
            codes.append(dequantiser.code)
        m.d.comb += inner.w.eq(Cat(*codes))
        for name in float_term_members(unit.term_shape):
            m.d.comb += getattr(self, name).eq(getattr(inner, name))
        return m


def _reach(fmt: ScalarFormat) -> tuple[int, int]:
    """Least and largest finite value, in units of the format's last bit."""
    if not is_fixed_point(fmt):
        most = operand_shape(fmt).max_units
        return (-most if fmt.signed else 0), most
    values = integers(fmt, fmt.codes().astype(np.int64))
    return int(values.min()), int(values.max())


def _within(reach: tuple[int, int], count: int) -> Shape:
    """Shape of a sum of so many values."""
    low, high = (count * end for end in reach)
    return Shape.cast(range(min(low, 0), max(high, 0) + 1))


def _held(m: Module, lane: Lane, name: str) -> Lane:
    """A lane one cycle later."""
    held = {
        field.name: register(m, f"{name}_{field.name}", getattr(lane, field.name))
        for field in fields(Lane)
        if not isinstance(getattr(lane, field.name), Const)
    }
    return replace(lane, **held)
