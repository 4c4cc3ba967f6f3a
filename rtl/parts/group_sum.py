"""The exact sum of a group of elements, of which there is one a cycle."""

from __future__ import annotations

from amaranth import Module, Mux, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.parts.adder import add

__all__ = ["GroupSum"]


class GroupSum(wiring.Component):
    """``total = value + (first ? 0 : total of the element before)``, in the same cycle.

    Parameters:
        value: Shape of the addend.
        total: Shape of the sum, which must hold that of a whole group.
        adder: Kind of the adder; see :func:`rtl.parts.adder.add`.

    Members:
        enable: ``In(1)``: there is an element.
        first: ``In(1)``: it is the first of a group.
        value: ``In``.
        total: ``Out``.
    """

    def __init__(self, *, value: Shape, total: Shape, adder: str) -> None:
        self.adder = adder
        super().__init__(
            {
                "enable": In(1),
                "first": In(1),
                "value": In(value),
                "total": Out(total),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal(self.total.shape(), name="total_register", reset_less=True)
        before = Signal(self.total.shape(), name="before")
        value = Signal(self.total.shape(), name="extended")
        m.d.comb += [
            before.eq(Mux(self.first, 0, held)),
            value.eq(self.value),
            self.total.eq(add(m, before, value, kind=self.adder, name="total")),
        ]
        with m.If(self.enable):
            m.d.sync += held.eq(self.total)
        return m
