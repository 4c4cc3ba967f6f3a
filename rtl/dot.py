"""Dot product of the ``dot`` family; the reference is ``hwdse.pe.dot``."""

from __future__ import annotations

from amaranth import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe.dot import Dot
from rtl.parts.operand import fixed_point_value, require_decoder
from rtl.parts.term import integer_term_members

__all__ = ["IntegerDot", "term_source"]


def term_source(unit: Dot) -> wiring.Component:
    """The component that makes a ``dot``'s terms: ports ``w``, ``a`` and the term.

    Raises:
        HwdseError: There is no decoder for one of its formats.
    """
    for fmt in (unit.w, unit.a):
        require_decoder(fmt)
    return IntegerDot(unit=unit)


class IntegerDot(wiring.Component):
    """Exact sum of ``lanes`` fixed-point products; combinational.

    Members:
        w, a: ``In``, code words, lane 0 in the lowest bits.
        value: ``Out``, the sum in units of the term's last bit; signed where it can be negative.
    """

    def __init__(self, *, unit: Dot) -> None:
        self.unit = unit
        super().__init__(
            {"w": In(unit.w.bits * unit.lanes), "a": In(unit.a.bits * unit.lanes)}
            | integer_term_members(unit.term_shape)
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit = self.unit
        products = [
            self._operand(m, "w", lane) * self._operand(m, "a", lane) for lane in range(unit.lanes)
        ]
        m.d.comb += self.value.eq(_balanced_sum(products))
        return m

    def _operand(self, m: Module, side: str, lane: int) -> Value:
        fmt = getattr(self.unit, side)
        code = getattr(self, side).word_select(lane, fmt.bits)
        return fixed_point_value(m, code, fmt, f"decode_{side}_{lane}")


def _balanced_sum(values: list[object]) -> object:
    """A sum whose width grows with the logarithm of the number of addends."""
    while len(values) > 1:
        pairs = [x + y for x, y in zip(values[::2], values[1::2], strict=False)]
        values = pairs + (values[-1:] if len(values) % 2 else [])
    return values[0]
