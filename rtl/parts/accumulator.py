"""The registers that hold a sum, one component per accumulator policy."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.accumulate import FixedAccumulator as FixedSpec
from hwdse.pe.accumulate import FloatAccumulator as FloatSpec
from hwdse.pe.term import TermShape
from rtl.parts.aligner import Aligner
from rtl.parts.float_sum import FloatSum
from rtl.parts.term import float_term_members, integer_term_members

__all__ = ["FixedAccumulator", "FloatAccumulator"]


def _control(spec: FixedSpec | FloatSpec) -> dict[str, In | Out]:
    members: dict[str, In | Out] = {"enable": In(1), "clear": In(1), "acc": Out(spec.width)}
    if spec.special:
        members["acc_special"] = Out(2)
    return members


class FixedAccumulator(wiring.Component):
    """Two's complement register: ``acc = (clear ? 0 : acc) + term`` where ``enable``.

    Parameters:
        spec: Width and whether special terms are tracked.
        shape: Bounds of the term.
        integer: The term comes as one signed ``value``, else as sign, significand and shift.

    Members:
        enable, clear: ``In(1)``.
        value, or sign, significand, shift, nan, infinite: ``In``, the term.
        acc: ``Out(spec.width)``.
        acc_special: ``Out(2)``, sticky, where ``spec.special``.
    """

    def __init__(self, *, spec: FixedSpec, shape: TermShape, integer: bool) -> None:
        self.spec = spec
        self.shape = shape
        self.integer = integer
        term = integer_term_members(shape) if integer else float_term_members(shape)
        super().__init__(_control(spec) | {name: member.flip() for name, member in term.items()})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        register = Signal(signed(self.spec.width), reset_less=True, name="acc_register")
        held = Mux(self.clear, 0, register)
        if self.integer:
            total = held + self.value
        else:
            m.submodules.aligner = aligner = Aligner(shape=self.shape)
            m.d.comb += [
                aligner.sign.eq(self.sign),
                aligner.significand.eq(Mux(self._special(), 0, self.significand)),
                aligner.shift.eq(self.shift),
            ]
            total = held + aligner.value + aligner.carry
        with m.If(self.enable):
            m.d.sync += register.eq(total)
        m.d.comb += self.acc.eq(register)
        if self.spec.special:
            self._track_specials(m)
        return m

    def _special(self) -> Value:
        infinite = self.infinite if self.shape.infinite else Const(0)
        return infinite | self.nan if self.shape.nan else infinite

    def _track_specials(self, m: Module) -> None:
        sticky = Signal(2, reset_less=True, name="special_register")
        infinite = self.infinite if self.shape.infinite else 0
        raised = Cat(self.nan | (infinite & ~self.sign), self.nan | (infinite & self.sign))
        with m.If(self.enable):
            m.d.sync += sticky.eq(Mux(self.clear, 0, sticky) | raised)
        m.d.comb += self.acc_special.eq(sticky)


class FloatAccumulator(wiring.Component):
    """Float register: ``acc = round((clear ? +0 : acc) + term)`` where ``enable``.

    Parameters and members as of :class:`FixedAccumulator`, with float terms only.
    """

    def __init__(self, *, spec: FloatSpec, shape: TermShape) -> None:
        self.spec = spec
        self.shape = shape
        term = float_term_members(shape)
        super().__init__(_control(spec) | {name: member.flip() for name, member in term.items()})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        register = Signal(self.spec.width, reset_less=True, name="acc_register")
        m.submodules.sum = adder = FloatSum(fmt=self.spec.format, shape=self.shape)
        m.d.comb += [
            adder.acc.eq(Mux(self.clear, 0, register)),
            adder.sign.eq(self.sign),
            adder.significand.eq(self.significand),
            adder.shift.eq(self.shift),
            adder.nan.eq(self.nan if self.shape.nan else 0),
            adder.infinite.eq(self.infinite if self.shape.infinite else 0),
            self.acc.eq(register),
        ]
        with m.If(self.enable):
            m.d.sync += register.eq(adder.result)
        return m
