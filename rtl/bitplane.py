"""Bit-plane dot products of the ``bitplane`` family; the reference is ``hwdse.pe.bitplane``."""

from __future__ import annotations

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe.bitplane import Bitplane
from hwdse.pe.planes import planes
from rtl.parts.addends import Addend, drive_sum, registered, sum_members
from rtl.parts.plane_counts import Wires, counts, wires
from rtl.parts.popcount import population_count

__all__ = ["BitplaneDot", "term_source"]


def term_source(unit: Bitplane) -> wiring.Component:
    """The component that makes a ``bitplane``'s terms: ports ``w``, ``a`` and the term."""
    return BitplaneDot(unit=unit)


class BitplaneDot(wiring.Component):
    """Counts of bits over the lanes, weighted and summed.

    With ``tree=star``, or where they are registered, counts of one weight are finished; else one
    tree takes the bits of all. Its only registers are those of stage ``product``, behind counts.

    Members:
        w, a: ``In``, code words, lane 0 in the lowest bits.
        value, or save_sum and save_carry: ``Out``, the term; see ``sum_members``.
    """

    def __init__(self, *, unit: Bitplane) -> None:
        self.unit = unit
        self.planes = [planes(operand.format) for operand in unit.operands]
        self.counts, self.constant = counts(*self.planes, unit.lanes)
        bits = [Addend(Signal(1), count.weight) for count in self.counts] * unit.lanes
        term = sum_members(unit, bits, self.constant)
        super().__init__({o.name: In(o.width) for o in unit.operands} | term)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        addends = self._addends(m)
        if "product" in self.unit.implementation.registers:
            addends = registered(m, addends, "product")
        drive_sum(m, self, self.unit, addends, self.constant)
        return m

    def _addends(self, m: Module) -> list[Addend]:
        how = self.unit.implementation
        lanes = [[self._wires(m, side, lane) for side in (0, 1)] for lane in range(self.unit.lanes)]
        bits: dict[int, list[Value]] = {}
        for count in self.counts:
            bits.setdefault(count.weight, []).extend(count.bit(*lane) for lane in lanes)
        if how.tree != "star" and "product" not in how.registers:
            return [Addend(bit, weight) for weight, group in bits.items() for bit in group]
        return [
            Addend(population_count(m, group, how.tree, how.adder, f"count{i}"), weight)
            for i, (weight, group) in enumerate(bits.items())
        ]

    def _wires(self, m: Module, side: int, lane: int) -> Wires:
        operand = self.unit.operands[side]
        code = getattr(self, operand.name).word_select(lane, operand.format.bits)
        return wires(m, self.planes[side], code, f"decode_{operand.name}{lane}")
