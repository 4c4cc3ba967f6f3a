"""Which element of its group it is, and whether the group is the first of a sum."""

from __future__ import annotations

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from rtl.parts.sequencer import sequence_members

__all__ = ["GroupCount"]


class GroupCount(wiring.Component):
    """Counts elements, of which ``elements`` make a group and its last one a term.

    What it says is defined from the first ``in_clear`` on.

    Parameters:
        elements: Of a group, 1 or more.

    Members:
        in_valid, in_clear: ``In(1)``; an element with ``in_clear`` is the first of a group.
        first: ``Out(1)``: the element is the first of its group.
        term_valid, term_last: ``Out(1)``: it is there, and the last of its group.
        term_clear: ``Out(1)``: its group is the first since ``in_clear``.
    """

    def __init__(self, *, elements: int) -> None:
        self.elements = elements
        super().__init__(sequence_members() | {"first": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.term_last.eq(self.term_valid)
        if self.elements == 1:
            m.d.comb += [
                self.first.eq(1),
                self.term_valid.eq(self.in_valid),
                self.term_clear.eq(self.in_clear),
            ]
            return m
        count = Signal(range(self.elements), name="count_register", reset_less=True)
        fresh = Signal(name="fresh_register", reset_less=True)
        place = Signal(range(self.elements))
        last = Signal()
        m.d.comb += [
            place.eq(Mux(self.in_clear, 0, count)),
            last.eq(place == self.elements - 1),
            self.first.eq(place == 0),
            self.term_valid.eq(self.in_valid & last),
            self.term_clear.eq(self.in_clear | fresh),
        ]
        with m.If(self.in_valid):
            m.d.sync += [count.eq(Mux(last, 0, place + 1)), fresh.eq(self.term_clear & ~last)]
        return m
