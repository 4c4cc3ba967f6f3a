"""Tables of sums of activations, and what picks an entry; see ``hwdse.pe.lut_table``."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.lanes import Factor
from hwdse.pe.lut_table import Table
from hwdse.pe.lut_unit import Lut
from hwdse.pe.product import is_fixed_point, operand_shape
from rtl.parts.bits import replicate
from rtl.parts.lanes import Lane, align, largest, place, take

__all__ = ["RowTables", "entry_shape", "one_hot", "pick", "sums"]


def entry_shape(unit: Lut) -> Shape:
    """Of an entry as it is picked: an integer, sign over magnitude, or a code of a float."""
    if not unit.inside:
        return Shape(unit.entry_format.bits, signed=unit.fixed_point)
    return signed(unit.entry_bits)


class RowTables(wiring.Component):
    """The tables of one row of activations; combinational.

    Parameters:
        unit: Whose they are; it makes its tables itself.
        magnitudes: Whether entries are to be magnitudes under a sign bit.

    Members:
        a: ``In``, codes of the row's activations, lane 0 in the lowest bits.
        entries: ``Out``, entry 0 of table 0 in the lowest bits.
        shift: ``Out``, that of all entries.
        nan: ``Out(1)``, whether an activation is no number.
    """

    def __init__(self, *, unit: Lut, magnitudes: bool) -> None:
        self.unit = unit
        self.magnitudes = magnitudes
        self.entry = entry_shape(unit)
        count = unit.tables * unit.table.entries
        super().__init__(
            {
                "a": In(unit.a_element.bits * unit.lanes),
                "entries": Out(self.entry.width * count),
                "shift": Out(unit.row_shape.max_shift.bit_length()),
                "nan": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values = self._values(m)
        k, words = self.unit.k, []
        for first in range(0, len(values), k):
            for i, total in enumerate(sums(self.unit.table, values[first : first + k])):
                entry = Signal(self.entry, name=f"entry_{first // k}_{i}")
                m.d.comb += entry.eq(total)
                words.append(self._word(entry))
        m.d.comb += self.entries.eq(Cat(*words))
        return m

    def _word(self, entry: Value) -> Value:
        if not self.magnitudes:
            return entry
        return Cat(Mux(entry[-1], -entry, entry)[: len(entry) - 1], entry[-1])

    def _values(self, m: Module) -> list[Value]:
        """Activations as signed integers of one unit."""
        unit, fmt = self.unit, self.unit.a_element
        codes = [self.a.word_select(i, fmt.bits) for i in range(unit.lanes)]
        cut = unit.align is not None
        lanes = [
            take(m, Factor(fmt), code, None, magnitudes=cut, name=f"decode_{i}")
            for i, code in enumerate(codes)
        ]
        if is_fixed_point(fmt):
            return [lane.significand for lane in lanes]
        m.d.comb += self.nan.eq(Cat(*(lane.nan | lane.infinite for lane in lanes)).any())
        one = operand_shape(fmt)
        if not cut:
            return [place(m, lane, one, f"lane_{i}") for i, lane in enumerate(lanes)]
        top = largest(m, lanes, one)
        m.d.comb += self.shift.eq(top)
        return [self._cut(m, lane, top, i) for i, lane in enumerate(lanes)]

    def _cut(self, m: Module, lane: Lane, top: Value, index: int) -> Value:
        one, bits = operand_shape(self.unit.a_element), self.unit.align
        value, carry = align(m, lane, top, one, bits, f"lane_{index}")
        kept = Signal(signed(bits + 1), name=f"cut_{index}")
        m.d.comb += kept.eq(value + carry)
        return kept


def sums(table: Table, values: Sequence[Value]) -> list[Value]:
    """The entries of a table of some values, each of two sums of half as many."""
    if table.half:
        return _half(values)
    return _full(values, signs=table.signs)


def _half(values: Sequence[Value]) -> list[Value]:
    if len(values) == 1:
        return [values[0]]
    middle = len(values) // 2
    low, high = _half(values[:middle]), _half(values[middle:])
    found: dict[int, Value] = {}
    for i, y in enumerate(high):
        # Bits of this half's index are relative to its own first value, which has a bit itself.
        complement = len(high) - 1 - i
        for j, x in enumerate(low):
            found[j | i << middle] = x + y
            found[j | (complement << 1 | 1) << (middle - 1)] = x - y
    return [found[i] for i in range(len(found))]


def _full(values: Sequence[Value], *, signs: bool) -> list[Value]:
    if len(values) == 1:
        return [-values[0], values[0]] if signs else [Const(0, 1), values[0]]
    middle = len(values) // 2
    low, high = (_full(x, signs=signs) for x in (values[:middle], values[middle:]))
    return [x + y for y in high for x in low]


def one_hot(index: Value, count: int) -> list[Value]:
    """Which of ``count`` entries an index means."""
    return [index == i for i in range(count)]


def pick(entries: Sequence[Value], chosen: Sequence[Value]) -> Value:
    """The entry that is chosen, of one; entries have one width."""
    if len(entries) == 1:
        return entries[0]
    width = len(entries[0])
    picked: Value = Const(0, width)
    for entry, one in zip(entries, chosen, strict=True):
        picked |= entry.as_unsigned() & replicate(one, width)
    return picked
