"""The registers that hold a sum, one component per accumulator policy."""

from __future__ import annotations

from collections.abc import Mapping

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
from rtl.parts.term import float_term_members

__all__ = ["FixedAccumulator", "FloatAccumulator"]


def _control(spec: FixedSpec | FloatSpec, *, chained: bool) -> dict[str, In | Out]:
    members: dict[str, In | Out] = {"enable": In(1), "clear": In(1), "acc": Out(spec.width)}
    if spec.special:
        members["acc_special"] = Out(2)
    if chained:
        results = [name for name in members if name.startswith("acc")]
        members |= {f"{name}_in": In(members[name].shape) for name in results}
    return members


class FixedAccumulator(wiring.Component):
    """Two's complement register: ``acc = (clear ? 0 : acc) + term`` where ``enable``.

    Parameters:
        spec: Width and whether special terms are tracked.
        shape: Bounds of the term.
        term: The term's members, as the source has them; see ``rtl.parts.term``.
        adder: Kind of the carry-propagate adder; see :func:`rtl.parts.adder.add`.
        keep: Hold the sum in carry-save form, with the adder behind the registers.
        chained: Add the term to the sum at ``acc_in`` in place of the register's.

    Members:
        enable, clear: ``In(1)``.
        Those of the term, as inputs; an integer may come with a ``carry`` that completes it.
        acc: ``Out(spec.width)``.
        acc_special: ``Out(2)``, sticky, where ``spec.special``.
        acc_in, acc_special_in: ``In``, as those without ``_in``, where ``chained``.
    """

    def __init__(
        self,
        *,
        spec: FixedSpec,
        shape: TermShape,
        term: Mapping[str, wiring.Member],
        adder: str = "star",
        keep: bool = False,
        chained: bool = False,
    ) -> None:
        self.spec = spec
        self.shape = shape
        self.term = term
        self.adder = adder
        self.keep = keep
        self.chained = chained
        control = _control(spec, chained=chained)
        super().__init__(control | {name: member.flip() for name, member in term.items()})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        names = ("acc_register", "carry_register") if self.keep else ("acc_register",)
        registers = [Signal(signed(self.spec.width), reset_less=True, name=n) for n in names]
        before = [self.acc_in.as_signed()] if self.chained else registers
        held = [Mux(self.clear, 0, value) for value in before]
        if self.keep:
            following = self._rows(m, held)
            m.d.comb += self.acc.eq(add(m, *registers, kind=self.adder, name="sum"))
        else:
            following = [self._sum(m, held[0])]
            m.d.comb += self.acc.eq(registers[0])
        with m.If(self.enable):
            m.d.sync += [r.eq(value) for r, value in zip(registers, following, strict=True)]
        if self.spec.special:
            self._track_specials(m)
        return m

    def _sum(self, m: Module, held: Value) -> Value:
        if "save_sum" in self.term:
            return add(m, *self._rows(m, [held]), kind=self.adder, name="sum")
        term, carry = self._finished_term(m)
        if self.adder == "star":
            return held + term + carry
        extended = Signal(signed(self.spec.width), name="term_extended")
        m.d.comb += extended.eq(term)
        return add(m, held, extended, kind=self.adder, name="sum", carry=carry)

    def _rows(self, m: Module, held: list[Value]) -> tuple[Value, Value]:
        """The content and the term in carry-save form."""
        heap = BitHeap(self.spec.width)
        for value in held:
            heap.add(value.as_unsigned())
        if "save_sum" in self.term:
            self._add_open_term(heap)
        else:
            term, carry = self._finished_term(m)
            heap.add(term)
            heap.add_bit(carry, 0)
        return heap.rows(m, "wallace", "held")

    def _add_open_term(self, heap: BitHeap) -> None:
        rows = (self.save_sum, self.save_carry)
        if not self.shape.signed or len(self.save_sum) == self.spec.width:
            for row in rows:
                heap.add(row)
            return
        for row in rows:
            heap.add(row[:-1])
        # At most one of the top bits is set, as the sum does not overflow. With the offset taken
        # off again, (top - 1) * 2**last is ~top * 2**last + top * 2**(last + 1) - 2**(last + 1):
        # above, constants that no wire has to reach.
        last = len(self.save_sum) - 1
        top = self.save_sum[-1] | self.save_carry[-1]
        heap.add_bit(~top, last)
        heap.add_bit(top, last + 1)
        heap.add_constant(-2 << last)

    def _finished_term(self, m: Module) -> tuple[Value, Value]:
        """The term as an integer and a carry that completes it."""
        if "value" in self.term:
            return self.value, self.carry if "carry" in self.term else Const(0, 1)
        m.submodules.aligner = aligner = Aligner(shape=self.shape)
        m.d.comb += [
            aligner.sign.eq(self.sign),
            aligner.significand.eq(Mux(self._special(), 0, self.significand)),
            aligner.shift.eq(self.shift),
        ]
        return aligner.value, aligner.carry

    def _special(self) -> Value:
        infinite = self.infinite if self.shape.infinite else Const(0)
        return infinite | self.nan if self.shape.nan else infinite

    def _track_specials(self, m: Module) -> None:
        sticky = Signal(2, reset_less=True, name="special_register")
        infinite = self.infinite if self.shape.infinite else 0
        raised = Cat(self.nan | (infinite & ~self.sign), self.nan | (infinite & self.sign))
        with m.If(self.enable):
            before = self.acc_special_in if self.chained else sticky
            m.d.sync += sticky.eq(Mux(self.clear, 0, before) | raised)
        m.d.comb += self.acc_special.eq(sticky)


class FloatAccumulator(wiring.Component):
    """Float register: ``acc = round((clear ? +0 : acc) + term)`` where ``enable``.

    Parameters and members as of :class:`FixedAccumulator`, with float terms only.
    """

    def __init__(self, *, spec: FloatSpec, shape: TermShape, chained: bool = False) -> None:
        self.spec = spec
        self.shape = shape
        self.chained = chained
        term = float_term_members(shape)
        control = _control(spec, chained=chained)
        super().__init__(control | {name: member.flip() for name, member in term.items()})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        register = Signal(self.spec.width, reset_less=True, name="acc_register")
        m.submodules.sum = adder = FloatSum(fmt=self.spec.format, shape=self.shape)
        m.d.comb += [
            adder.acc.eq(Mux(self.clear, 0, self.acc_in if self.chained else register)),
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
