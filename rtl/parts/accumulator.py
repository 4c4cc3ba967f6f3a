"""The registers that hold a sum, one component per accumulator policy."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.accumulate import FixedAccumulator as FixedSpec
from hwdse.pe.accumulate import FloatAccumulator as FloatSpec
from hwdse.pe.term import TermShape
from rtl.parts.adder import add
from rtl.parts.aligner import Aligner
from rtl.parts.float_sum import FloatSum
from rtl.parts.heap import BitHeap
from rtl.parts.term import carry_save_members, float_term_members, integer_term_members

__all__ = ["CarrySaveAccumulator", "FixedAccumulator", "FloatAccumulator"]


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
        adder: Kind of the adder; see :func:`rtl.parts.adder.add`.

    Members:
        enable, clear: ``In(1)``.
        value, or sign, significand, shift, nan, infinite: ``In``, the term.
        acc: ``Out(spec.width)``.
        acc_special: ``Out(2)``, sticky, where ``spec.special``.
    """

    def __init__(
        self, *, spec: FixedSpec, shape: TermShape, integer: bool, adder: str = "star"
    ) -> None:
        self.spec = spec
        self.shape = shape
        self.integer = integer
        self.adder = adder
        term = integer_term_members(shape) if integer else float_term_members(shape)
        super().__init__(_control(spec) | {name: member.flip() for name, member in term.items()})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        register = Signal(signed(self.spec.width), reset_less=True, name="acc_register")
        held = Mux(self.clear, 0, register)
        if self.integer:
            total = self._sum(m, held, self.value, Const(0, 1))
        else:
            m.submodules.aligner = aligner = Aligner(shape=self.shape)
            m.d.comb += [
                aligner.sign.eq(self.sign),
                aligner.significand.eq(Mux(self._special(), 0, self.significand)),
                aligner.shift.eq(self.shift),
            ]
            total = self._sum(m, held, aligner.value, aligner.carry)
        with m.If(self.enable):
            m.d.sync += register.eq(total)
        m.d.comb += self.acc.eq(register)
        if self.spec.special:
            self._track_specials(m)
        return m

    def _sum(self, m: Module, held: Value, term: Value, carry: Value) -> Value:
        if self.adder == "star":
            return held + term + carry
        extended = Signal(signed(self.spec.width), name="term_extended")
        m.d.comb += extended.eq(term)
        return add(m, held, extended, kind=self.adder, name="sum", carry=carry)

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


class CarrySaveAccumulator(wiring.Component):
    """Two's complement register that takes terms in carry-save form, where ``enable``.

    Parameters:
        spec: Width; it tracks no special terms.
        adder: Kind of the carry-propagate adder; see :func:`rtl.parts.adder.add`.
        keep: Hold the sum in carry-save form too; the adder then is behind the registers.

    Members:
        enable, clear, acc: As of :class:`FixedAccumulator`.
        save_sum, save_carry: ``In(spec.width)``, the term; see ``carry_save_members``.
    """

    def __init__(self, *, spec: FixedSpec, adder: str, keep: bool) -> None:
        self.spec = spec
        self.adder = adder
        self.keep = keep
        term = carry_save_members(spec.width)
        super().__init__(_control(spec) | {name: member.flip() for name, member in term.items()})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.spec.width
        names = ("acc_register", "carry_register") if self.keep else ("acc_register",)
        registers = [Signal(width, reset_less=True, name=name) for name in names]
        heap = BitHeap(width)
        heap.add(self.save_sum)
        heap.add(self.save_carry)
        for register in registers:
            heap.add(Mux(self.clear, 0, register))
        rows = heap.rows(m, "wallace", "held")
        if self.keep:
            with m.If(self.enable):
                m.d.sync += [r.eq(row) for r, row in zip(registers, rows, strict=True)]
            m.d.comb += self.acc.eq(add(m, *registers, kind=self.adder, name="sum"))
        else:
            with m.If(self.enable):
                m.d.sync += registers[0].eq(add(m, *rows, kind=self.adder, name="sum"))
            m.d.comb += self.acc.eq(registers[0])
        return m


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
