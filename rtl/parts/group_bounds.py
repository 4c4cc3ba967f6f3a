"""Where groups begin and end, of elements that each take several cycles."""

from __future__ import annotations

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["GroupBounds"]


class GroupBounds(wiring.Component):
    """Counts elements from the last ``clear``.

    Every group is a sum of its own here; where groups are added to each other, and elements take
    one cycle, there is :class:`rtl.parts.group_count.GroupCount`.

    Parameters:
        elements: Of a group.

    Members:
        valid, first, last: ``In(1)``: a cycle of an element, its first one, its last one.
        clear: ``In(1)``: the element, in its first cycle, is the first of a group.
        starts: ``Out(1)``: the first cycle of a group's first element.
        ends: ``Out(1)``: the last cycle of a group's last element.
    """

    def __init__(self, *, elements: int) -> None:
        self.elements = elements
        inputs = {name: In(1) for name in ("valid", "first", "last", "clear")}
        super().__init__(inputs | {"starts": Out(1), "ends": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        place = Signal(range(self.elements), name="place_register")
        here = Signal.like(place, name="place")
        final = here == self.elements - 1
        m.d.comb += [
            here.eq(Mux(self.first & self.clear, 0, place)),
            self.starts.eq(self.valid & self.first & (here == 0)),
            self.ends.eq(self.valid & self.last & final),
        ]
        with m.If(self.valid):
            m.d.sync += place.eq(Mux(self.last, Mux(final, 0, here + 1), here))
        return m
