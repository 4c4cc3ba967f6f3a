"""Linear feedback shift registers."""

from __future__ import annotations

import functools
import operator

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.converters.lfsr import TAPS

__all__ = ["Lfsr"]


class Lfsr(wiring.Component):
    """A Fibonacci register of maximal length; see :mod:`hwdse.pe.converters.lfsr`.

    Parameters:
        width: Bits.
        seed: State that ``clear`` brings back.

    Members:
        enable: ``In(1)``: one step at the rising edge.
        clear: ``In(1)``: the state is the seed, in this cycle already.
        state: ``Out(width)``.
    """

    def __init__(self, *, width: int, seed: int) -> None:
        self.seed = seed
        super().__init__({"enable": In(1), "clear": In(1), "state": Out(width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = len(self.state)
        held = Signal(width, name="lfsr_state", reset_less=True)
        m.d.comb += self.state.eq(Mux(self.clear, self.seed, held))
        feedback = functools.reduce(operator.xor, (self.state[tap - 1] for tap in TAPS[width]))
        with m.If(self.enable):
            m.d.sync += held.eq(Cat(feedback, self.state))
        return m
