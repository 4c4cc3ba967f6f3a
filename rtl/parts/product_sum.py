"""The exact sum of products of fixed-point operands, in the structure that was asked for."""

from __future__ import annotations

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe import Unit
from hwdse.pe.implementation import PACKED, Implementation
from hwdse.pe.packing import packing_of
from rtl.parts.addends import balanced_sum, carry_save_offset
from rtl.parts.adder import add
from rtl.parts.bits import register
from rtl.parts.heap import BitHeap
from rtl.parts.multiplier import add_product
from rtl.parts.operand import fixed_point_shape, fixed_point_value
from rtl.parts.pair_product import pair_product, pair_shape
from rtl.parts.term import carry_save_members, integer_term_members

__all__ = ["ProductSum", "add_rows"]


class ProductSum(wiring.Component):
    """Sum of the products of all lanes; its only registers are those of stage ``product``.

    Parameters:
        unit: Of fixed-point formats. With ``tree=star`` products are finished and then added in
            pairs; else one tree of compressors adds all partial products.

    Members:
        w, a: ``In``, code words, lane 0 in the lowest bits.
        value: ``Out``, the sum in units of the term's last bit; signed where it can be negative.
            Or, in a fused unit:
        save_sum, save_carry: ``Out``, the sum in carry-save form; see ``carry_save_members``.
    """

    def __init__(self, *, unit: Unit) -> None:
        self.unit = unit
        self.how = unit.implementation
        self.formats = {"w": unit.w_element, "a": unit.a_element}
        if self.how.fused == "no":
            term = integer_term_members(unit.term_shape)
        else:
            term = carry_save_members(self._open_width())
        super().__init__({o.name: In(o.width) for o in unit.operands} | term)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        how = self.how
        pairs = [
            (self._operand(m, "w", lane), self._operand(m, "a", lane))
            for lane in range(self.unit.lanes)
        ]
        if how.tree == "star":
            m.d.comb += self.value.eq(balanced_sum(self._products(m, pairs)))
        elif how.fused == "no":
            heap = BitHeap(len(self.value))
            self._fill(m, heap, pairs)
            rows_wait = not how.finished and "product" in how.registers
            m.d.comb += self.value.eq(add_rows(m, heap, how, "sum", registered=rows_wait))
        else:
            heap = BitHeap(len(self.save_sum))
            self._fill(m, heap, pairs)
            heap.add_constant(carry_save_offset(self.unit, heap.width))
            rows = heap.rows(m, how.tree, "tree")
            m.d.comb += [self.save_sum.eq(rows[0]), self.save_carry.eq(rows[1])]
        return m

    def _operand(self, m: Module, side: str, lane: int) -> Value:
        fmt = self.formats[side]
        code = getattr(self, side).word_select(lane, fmt.bits)
        return fixed_point_value(m, code, fmt, f"decode_{side}_{lane}")

    def _products(self, m: Module, pairs: list[tuple[Value, Value]]) -> list[Value]:
        """Finished products, or sums of two."""
        if self.how.mul == PACKED:
            packing = packing_of(self.formats["w"], self.formats["a"])
            waits = "product" in self.how.registers
            return [
                pair_product(m, *two, packing, registered=waits, name=f"pair_{i}")
                for i, two in enumerate(zip(pairs[::2], pairs[1::2], strict=True))
            ]
        products: list[Value] = [w * a for w, a in pairs]
        if "product" in self.how.registers:
            return [register(m, f"product_{i}", product) for i, product in enumerate(products)]
        return products

    def _fill(self, m: Module, heap: BitHeap, pairs: list[tuple[Value, Value]]) -> None:
        if self.how.finished:
            for product in self._products(m, pairs):
                heap.add(product)
            return
        for lane, (w, a) in enumerate(pairs):
            add_product(m, heap, w, a, mul=self.how.mul, name=f"lane{lane}")

    def _open_width(self) -> int:
        """Width of carry-save rows, which the constants of the partial products decide."""
        w, a = (Signal(fixed_point_shape(fmt)) for fmt in self.formats.values())
        heap, count = BitHeap(1), self.unit.lanes
        if self.how.mul == PACKED:
            packing = packing_of(self.formats["w"], self.formats["a"])
            heap.add(Signal(pair_shape(packing)))
            count //= 2
        elif self.how.mul == "star":
            heap.add(w * a)
        else:
            add_product(None, heap, w, a, mul=self.how.mul, name="lane")
        heap.add_constant((count - 1) * heap.constant)
        shape = self.unit.term_shape
        width = heap.unsigned_width(shape.max_units, signed=shape.signed)
        return min(width, self.unit.accumulator.width)


def add_rows(
    m: Module, heap: BitHeap, how: Implementation, name: str, *, registered: bool
) -> Value:
    """The sum of a heap: a tree, an adder, and registers between them where ``registered``."""
    rows = heap.rows(m, how.tree, f"{name}_tree")
    if registered:
        rows = tuple(register(m, f"{name}_row{i}", row) for i, row in enumerate(rows))
    return add(m, *rows, kind=how.adder, name=name)
