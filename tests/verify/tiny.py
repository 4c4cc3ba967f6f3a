"""Small designs for every seam, and what can be wrong with each: no families of the product."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

import rtl
from hwdse.formats import scalar
from hwdse.pe import Unit
from hwdse.pe.common import Common
from hwdse.pe.converter import Converter
from hwdse.pe.implementation import Implementation
from hwdse.pe.ports import Operand, Result
from hwdse.pe.product import integers, product_shape
from hwdse.pe.term import Term
from hwdse.verify.check import compile_rtl
from rtl.converter import ConverterTop
from rtl.parts.sequencer import Sequencer, sequence_members
from rtl.top import UnitTop


def common(w, a, acc="int32"):
    return Common(w=scalar(w), a=scalar(a), acc=acc, terms=64)


@dataclass(frozen=True)
class Tiny(Unit):
    """Products of integers, ``sums`` of them, those of odd number negative."""

    many: int = 1

    family = "tiny"

    @property
    def sums(self):
        return self.many

    @property
    def term_shape(self):
        shape = product_shape(self.w, self.a)
        return replace(shape, signed=True)

    def products(self, w, a):
        product = w * a
        if self.many == 1:
            return product
        return np.stack([-product if i % 2 else product for i in range(self.many)], axis=-1)

    def terms_of(self, codes):
        w, a = (integers(scalar(f.name), codes[n]) for n, f in (("w", self.w), ("a", self.a)))
        return Term.from_integers(self.products(w, a))


@dataclass(frozen=True)
class Serial(Tiny):
    """One bit of an unsigned weight a cycle."""

    family = "serial_tiny"

    @property
    def initiation_interval(self):
        return self.w.bits

    def terms_of(self, codes):
        place = np.arange(self.w.bits).reshape(1, -1, *[1] * (codes["w"].ndim - 1))
        w = codes["w"][:, None] & (1 << place)
        terms = self.products(w, integers(self.a, codes["a"])[:, None])
        return Term.from_integers(terms.reshape(-1, *terms.shape[2:]))


@dataclass(frozen=True)
class Pairs(Tiny):
    """A result after every second element of a sum."""

    family = "pairs_tiny"

    @property
    def elements_per_result(self):
        return 2

    @property
    def holds(self):
        return False

    def completes(self, clear):
        starts = np.maximum.accumulate(np.where(clear, np.arange(len(clear)), 0))
        return (np.arange(len(clear)) - starts) % 2 == 1


class Source(wiring.Component):
    """Terms of any of the units, right or with a bug."""

    def __init__(self, unit, bug):
        self.unit, self.bug = unit, bug
        names = ["value"] if unit.many == 1 else [f"value_{i}" for i in range(unit.many)]
        members = {name: Out(signed(unit.w.bits + unit.a.bits + 1)) for name in names}
        members |= {"w": In(unit.w.bits), "a": In(unit.a.bits)}
        if unit.family != "tiny":
            members |= sequence_members()
        self.names = names
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        w, a = self.w, self.a
        if self.bug == "operands of the cycle before":
            w, a = (Signal.like(value) for value in (w, a))
            m.d.sync += [w.eq(self.w), a.eq(self.a)]
        if self.unit.family == "serial_tiny":
            phase = self.sequence(m)
            w = Mux(w.bit_select(phase, 1), 1, 0) << phase
        if self.unit.family == "pairs_tiny":
            self.every_second(m)
        product = Signal(signed(self.unit.w.bits + self.unit.a.bits + 1))
        m.d.comb += product.eq(w * (a.as_signed() if self.unit.a.signed else a))
        for index, name in enumerate(self.names):
            negative = index % 2 and self.bug != "both sums alike"
            m.d.comb += getattr(self, name).eq(-product if negative else product)
        return m

    def sequence(self, m):
        cycles = self.unit.initiation_interval
        kind = Standing if self.bug == "reset leaves the phase standing" else Sequencer
        m.submodules.sequencer = sequencer = kind(cycles=cycles)
        last = sequencer.term_last
        if self.bug == "out_valid a cycle early":
            last = sequencer.phase == cycles - 2
        clear = sequencer.term_clear
        if self.bug == "clear read in a hold cycle":
            clear = self.in_clear
        m.d.comb += [
            sequencer.in_valid.eq(self.in_valid),
            sequencer.in_clear.eq(self.in_clear),
            self.term_valid.eq(sequencer.term_valid),
            self.term_clear.eq(clear),
            self.term_last.eq(last),
        ]
        return sequencer.phase

    def every_second(self, m):
        odd = Signal(reset_less=True)
        m.d.comb += [
            self.term_valid.eq(self.in_valid),
            self.term_clear.eq(self.in_clear),
            self.term_last.eq(self.in_valid & odd & ~self.in_clear),
        ]
        restart = 0 if self.bug == "a clear that restarts no count" else self.in_clear
        if self.bug == "every element a result":
            m.d.comb += self.term_last.eq(self.in_valid)
        with m.If(self.in_valid):
            m.d.sync += odd.eq(Mux(restart, 1, ~odd))


class Late(wiring.Component):
    """A unit whose sums are read before the last term is in them."""

    def __init__(self, top):
        self.top = top
        super().__init__(dict(top.signature.members))

    def elaborate(self, platform):
        m = Module()
        m.submodules.unit = self.top
        late = Signal.like(self.top.acc, reset_less=True)
        m.d.sync += late.eq(self.top.acc)
        for name, member in self.signature.members.items():
            inner, outer = getattr(self.top, name), getattr(self, name)
            m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
        m.d.comb += self.acc.eq(late)
        return m


class Standing(Sequencer):
    """A counter of cycles that reset leaves where it is."""

    def elaborate(self, platform):
        m = Module()
        phase = Signal(range(self.cycles), reset_less=True)
        m.d.comb += [
            self.phase.eq(phase),
            self.term_valid.eq(self.in_valid | (phase != 0)),
            self.term_clear.eq(self.in_clear & (phase == 0)),
            self.term_last.eq(phase == self.cycles - 1),
        ]
        with m.If(self.term_valid):
            m.d.sync += phase.eq(Mux(phase == self.cycles - 1, 0, phase + 1))
        return m


@dataclass(frozen=True)
class Negation(Converter):
    """Lanes of a byte, negated, and whether any was not 0."""

    lanes: int = 2

    @property
    def own_keys(self):
        return {"op": "negate", "lanes": str(self.lanes)}

    @property
    def operands(self):
        return (Operand("x", scalar("int8"), self.lanes),)

    @property
    def results(self):
        return (Result("y", 8, "negated", self.lanes), Result("any", 1, "any but 0"))

    def run(self, codes, clear):
        x = codes["x"] if self.lanes > 1 else codes["x"][..., None]
        y = -integers(scalar("int8"), x) & 255
        return {
            "y": y if self.lanes > 1 else y[..., 0],
            "any": (x != 0).any(axis=-1).astype(np.int64),
        }


class Negate(wiring.Component):
    """The function, right or with a bug."""

    def __init__(self, converter, bug):
        self.converter, self.bug = converter, bug
        bits = 8 * converter.lanes
        super().__init__({"x": In(bits), "y": Out(bits), "any": Out(1)})

    def elaborate(self, platform):
        m = Module()
        # Of 8 bits, -x has 9.
        lanes = [(-self.x.word_select(i, 8))[:8] for i in range(self.converter.lanes)]
        if self.bug == "lanes the other way round":
            lanes = lanes[::-1]
        any_ = self.x[1:].any() if self.bug == "one bit of any lane is left out" else self.x.any()
        m.d.comb += [self.y.eq(Cat(*lanes)), self.any.eq(any_)]
        return m


class Impatient(ConverterTop):
    """An operand stage that the valid bit alone goes through."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        m.submodules.again = again = Negate(self.converter, None)
        y = Signal.like(self.y, reset_less=True)
        m.d.comb += again.x.eq(self.x)
        m.d.sync += y.eq(again.y)
        m.d.comb += self.y.eq(y)
        return m


def build(design, bug=None):
    """The Amaranth component of a tiny design."""
    if isinstance(design, Negation):
        top = Impatient if bug == "an operand that skips its stage" else ConverterTop
        return top(converter=design, function=Negate(design, bug))
    top = UnitTop(unit=design, source=Source(design, bug))
    return Late(top) if bug == "a partial sum as the result" else top


def rtlil_of(design, bug=None):
    from amaranth.back import rtlil

    return rtlil.convert(build(design, bug), name=design.module_name, emit_src=False)


def program(design, bug=None):
    return compile_rtl(rtlil_of(design, bug))


def known(monkeypatch):
    """Let the product find the RTL of tiny designs."""
    right = rtl.build
    tiny = (Tiny, Converter)
    monkeypatch.setattr(rtl, "build", lambda d: build(d) if isinstance(d, tiny) else right(d))


def staged(*registers):
    return Implementation(registers=registers)
