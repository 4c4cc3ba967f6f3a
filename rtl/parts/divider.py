"""Division by restoring, some quotient bits each cycle."""

from __future__ import annotations

from amaranth import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.parts.sequencer import Sequencer

__all__ = ["Divider"]


class Divider(wiring.Component):
    """``dividend // divisor``, whose quotient is known to have few bits.

    Parameters:
        dividend_bits, divisor_bits, quotient_bits: Widths.
        cycles: Cycles that a division takes, 1 to ``quotient_bits``. In each as many bits of the
            quotient are found as it takes, from the most significant on.

    Members:
        in_valid: ``In(1)``, high in the first cycle of a division.
        dividend, divisor: ``In``; they stay for all cycles. ``divisor << quotient_bits`` exceeds
            the dividend.
        out_valid: ``Out(1)``: the last cycle of a division.
        quotient: ``Out``, in that cycle.
    """

    def __init__(
        self, *, dividend_bits: int, divisor_bits: int, quotient_bits: int, cycles: int
    ) -> None:
        self.cycles = cycles
        self.each = -(-quotient_bits // cycles)
        super().__init__(
            {
                "in_valid": In(1),
                "dividend": In(dividend_bits),
                "divisor": In(divisor_bits),
                "out_valid": Out(1),
                "quotient": Out(quotient_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total, width = self.each * self.cycles, len(self.divisor)
        # Quotient bits beyond those asked for are zeros in front.
        padded = Cat(self.dividend, Const(0, max(total - len(self.dividend), 0)))
        start, bits = padded[total:], padded[:total]
        groups = [bits.word_select(i, self.each) for i in reversed(range(self.cycles))]
        if self.cycles == 1:
            m.d.comb += self.out_valid.eq(self.in_valid)
            remainder, before, group = start, Const(0, 0), groups[0]
        else:
            m.submodules.sequencer = sequencer = Sequencer(cycles=self.cycles)
            m.d.comb += [
                sequencer.in_valid.eq(self.in_valid),
                self.out_valid.eq(sequencer.term_last),
            ]
            held = Signal(width, name="remainder_register", reset_less=True)
            remainder = Mux(sequencer.phase == 0, start, held)
            before = Signal(total - self.each, name="quotient_register", reset_less=True)
            group = Array(groups)[sequencer.phase]
        found = []
        for index in reversed(range(self.each)):
            trial = Signal(width + 1, name=f"trial_{index}")
            fits = Signal(name=f"fits_{index}")
            after = Signal(width, name=f"remainder_{index}")
            m.d.comb += [
                trial.eq(Cat(group[index], remainder)),
                fits.eq(trial >= self.divisor),
                after.eq(Mux(fits, trial - self.divisor, trial)),
            ]
            remainder, found = after, [fits, *found]
        quotient = Cat(*found, before)
        m.d.comb += self.quotient.eq(quotient)
        if self.cycles > 1:
            m.d.sync += [held.eq(remainder), before.eq(quotient)]
        return m
