"""Shared hardware of the ``composite`` family; the reference is ``hwdse.pe.composite``.

Words of integers go to one array of partial products (``rtl.parts.packed``). Of words of floats
the wide product and one of the narrow ones share a multiplier (``rtl.parts.packed_float``). The
tree that adds the words, the adder of exponents of scales and the accumulator serve all modes.
"""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe.composite import WORD_BITS, Composite
from hwdse.pe.product import is_fixed_point
from rtl.parts.adder import add
from rtl.parts.heap import BitHeap
from rtl.parts.lanes import Lane, sum_of
from rtl.parts.packed import (
    add_packed_products,
    mode_flags,
    open_width,
    packed_shift,
    select,
    select_sum,
)
from rtl.parts.packed_float import FloatWord, word_addends, word_sum
from rtl.parts.shared_scale import SharedScale
from rtl.parts.term import carry_save_members, float_term_members, integer_term_members

__all__ = ["FloatComposite", "IntegerComposite", "term_source"]


def term_source(unit: Composite) -> wiring.Component:
    """The component that makes a ``composite``'s terms: ports of the operands, and the term."""
    return IntegerComposite(unit=unit) if unit.fixed_point else FloatComposite(unit=unit)


def _inputs(unit: Composite) -> dict[str, wiring.Member]:
    return {operand.name: In(operand.width) for operand in unit.operands}


class IntegerComposite(wiring.Component):
    """Sum of the products of integers; combinational.

    Parameters:
        unit: With terms that are integers.

    Members:
        mode, w, a: ``In``, as of the unit's operands.
        value: ``Out``, the sum; or, in a fused unit:
        save_sum, save_carry: ``Out``, the sum in carry-save form.
    """

    def __init__(self, *, unit: Composite) -> None:
        self.unit = unit
        self.fused = unit.implementation.fused != "no"
        if self.fused:
            largest = unit.term_shape.max_units
            bits = open_width(WORD_BITS, unit.codes_per_word, unit.words, largest)
            term = carry_save_members(bits)
        else:
            term = integer_term_members(unit.term_shape)
        super().__init__(_inputs(unit) | term)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit = self.unit
        flags = mode_flags(m, self.mode, len(unit.modes))
        if not self.fused:
            m.d.comb += self.value.eq(_integer_sum(m, unit, self.w, self.a, flags))
            return m
        # Rows that have no carries to lose; see ``carry_save_members``.
        bits = len(self.save_sum)
        heap = BitHeap(bits + packed_shift(WORD_BITS, max(unit.codes_per_word)))
        offset = 1 << (bits - 1)
        add_packed_products(
            m, heap, _pairs(unit, self.w, self.a), flags, unit.codes_per_word, offset, "word"
        )
        rows = heap.rows(m, unit.implementation.tree, "tree")
        for member, row in zip((self.save_sum, self.save_carry), rows, strict=True):
            m.d.comb += member.eq(select_sum(row, flags, WORD_BITS, unit.codes_per_word))
        return m


class FloatComposite(wiring.Component):
    """Sum of products of floats, or of elements of blocks times the scales; combinational.

    Members:
        mode, w, a, w_scale, a_scale: ``In``, as of the unit's operands.
        sign, significand, shift, nan: ``Out``, the term.
    """

    def __init__(self, *, unit: Composite) -> None:
        self.unit = unit
        super().__init__(_inputs(unit) | float_term_members(unit.term_shape))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        flags = mode_flags(m, self.mode, len(self.unit.modes))
        total = self._sum(m, flags)
        offsets = [Const(offset) for offset in self.unit.offsets]
        shift = total.shift + select(flags, offsets)
        sign, significand, nan = total.sign, total.significand, total.nan
        if self.unit.scaled:
            m.submodules.scale = scale = SharedScale(
                formats=[unit.scales["w_scale"] for unit in self.unit.plain_units],
                sum_bits=[unit.sum_shape.significand_bits for unit in self.unit.plain_units],
            )
            m.d.comb += [
                scale.fine.eq(flags[1]),
                scale.w.eq(self.w_scale),
                scale.a.eq(self.a_scale),
                scale.magnitude.eq(significand),
            ]
            sign, significand = sign ^ scale.sign, scale.significand
            shift, nan = shift + scale.shift, nan | scale.nan
        m.d.comb += [self.sign.eq(sign), self.significand.eq(significand), self.shift.eq(shift)]
        m.d.comb += self.nan.eq(nan)
        return m

    def _sum(self, m: Module, flags: list[Value]) -> Lane:
        unit = self.unit
        if all(is_fixed_point(mode.element) for mode in unit.modes):
            total = _integer_sum(m, unit, self.w, self.a, flags)
            return _magnitude(m, total, nan=Const(0, 1))
        words = [self._word(m, index, flags[1]) for index in range(unit.words)]
        if len(words) == 1:
            return word_sum(m, words[0])
        wide, narrow = (plain.sum_shape.significand_bits + 1 for plain in unit.plain_units)
        pairs = [word_addends(m, word, narrow, f"word_{index}") for index, word in enumerate(words)]
        # Neighbours are added first: the narrow ones among themselves.
        addends = [high for high, _ in pairs] + [low for _, low in pairs]
        values, carries = ([addend[i] for addend in addends] for i in range(2))
        total = sum_of(m, values, carries, wide, how=unit.implementation)
        chosen = Mux(flags[1], total[:narrow].as_signed(), total)
        return _magnitude(m, chosen, nan=Cat(*(word.nan for word in words)).any())

    def _word(self, m: Module, index: int, fine: Value) -> FloatWord:
        wide, narrow = (mode.element for mode in self.unit.modes)
        m.submodules[f"word_{index}"] = word = FloatWord(coarse=wide, fine=narrow)
        m.d.comb += [
            word.fine.eq(fine),
            word.w.eq(self.w.word_select(index, WORD_BITS)),
            word.a.eq(self.a.word_select(index, WORD_BITS)),
        ]
        return word


def _integer_sum(m: Module, unit: Composite, w: Value, a: Value, flags: list[Value]) -> Value:
    """The sum of all lanes' products, in units of the mode's last bit."""
    lanes = unit.codes_per_word
    width = 0
    for count in lanes:
        bits = WORD_BITS // count
        largest = (unit.words * count) << (2 * bits - 2)
        width = max(width, packed_shift(WORD_BITS, count) + largest.bit_length() + 1)
    heap = BitHeap(width)
    add_packed_products(m, heap, _pairs(unit, w, a), flags, lanes, 0, "word")
    how = unit.implementation
    total = add(m, *heap.rows(m, how.tree, "tree"), kind=how.adder, name="sum").as_signed()
    return select_sum(total, flags, WORD_BITS, lanes)


def _pairs(unit: Composite, w: Value, a: Value) -> list[tuple[Value, Value]]:
    return [(w.word_select(i, WORD_BITS), a.word_select(i, WORD_BITS)) for i in range(unit.words)]


def _magnitude(m: Module, total: Value, nan: Value) -> Lane:
    value = Signal(total.shape(), name="total")
    magnitude = Signal(len(total) - 1, name="magnitude")
    m.d.comb += [value.eq(total), magnitude.eq(Mux(value[-1], -value, value))]
    return Lane(
        sign=value[-1],
        significand=magnitude,
        shift=Const(0, 0),
        nan=nan,
        infinite=Const(0, 1),
        zero=magnitude == 0,
    )
