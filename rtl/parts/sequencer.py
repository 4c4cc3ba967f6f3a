"""Which cycle of an element it is, for units that take several cycles for each."""

from __future__ import annotations

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Sequencer", "sequence_members"]


def sequence_members() -> dict[str, wiring.Member]:
    """Members of a source that says in which cycles it has terms; see ``rtl.top``."""
    flags = {name: In(1) for name in ("in_valid", "in_clear")}
    return flags | {name: Out(1) for name in ("term_valid", "term_clear", "term_last")}


class Sequencer(wiring.Component):
    """Counts the cycles of an element, whose operands stay as they are meanwhile.

    Parameters:
        cycles: Cycles that an element takes, 2 or more.

    Members:
        in_valid, in_clear: ``In(1)``, read in the first cycle of an element.
        phase: ``Out``, 0 in the first cycle.
        term_valid, term_clear, term_last: ``Out(1)``: a cycle of an element, the first of one that
            comes with ``in_clear``, the last.
    """

    def __init__(self, *, cycles: int) -> None:
        self.cycles = cycles
        super().__init__(sequence_members() | {"phase": Out(range(cycles))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        phase = Signal(range(self.cycles), name="phase_register")
        first, last = phase == 0, phase == self.cycles - 1
        m.d.comb += [
            self.phase.eq(phase),
            self.term_valid.eq(self.in_valid | ~first),
            self.term_clear.eq(self.in_clear & first),
            self.term_last.eq(last),
        ]
        with m.If(self.term_valid):
            m.d.sync += phase.eq(Mux(last, 0, phase + 1))
        return m
