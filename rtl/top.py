"""The exported module of any unit: registers, the source of its terms, and the accumulator."""

from __future__ import annotations

from amaranth import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hwdse.pe import Unit
from hwdse.pe.accumulate import FloatAccumulator as FloatSpec
from rtl.parts.accumulator import FixedAccumulator, FloatAccumulator
from rtl.parts.bits import register
from rtl.parts.ports import port_members

__all__ = ["UnitTop"]

# Members of a source that says in which cycles it has terms.
_SEQUENCE = {"in_valid", "in_clear", "term_valid", "term_clear", "term_last"}


class UnitTop(wiring.Component):
    """A unit with the house handshake (see ``hwdse.pe.design``) and flat ports.

    Parameters:
        unit: The spec.
        source: Component with an input for each operand and the members of a term; of several
            sums, those of sum ``i`` end in ``_i``. Where the unit has a ``product`` stage, the
            source holds its registers. A source that has a member ``term_valid`` says itself in
            which cycles it has a term: it takes ``in_valid`` and ``in_clear``, and gives
            ``term_valid``, ``term_clear`` (forget what was before) and ``term_last`` (the term
            completes the sum of an element); see ``rtl.parts.sequencer``.
        chained: Add each term to a sum that comes in, in place of the register's. It comes in
            with the term, as many cycles after the element as there are stages.

    Members:
        As ``unit.ports``, and where ``chained`` an input ``acc_in`` for ``acc``.
    """

    def __init__(self, *, unit: Unit, source: wiring.Component, chained: bool = False) -> None:
        self.unit = unit
        self.source = source
        self.chained = chained
        ports = port_members(unit)
        if chained:
            ports |= {f"{r.name}_in": In(r.bits * r.lanes) for r in unit.results}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.multiplier = self.source
        accumulators = [self._accumulator() for _ in range(self.unit.sums)]
        for suffix, accumulator in zip(self._suffixes(), accumulators, strict=True):
            m.submodules[f"accumulator{suffix}"] = accumulator

        valid, clear = self.in_valid, self.clear
        operands = {operand.name: getattr(self, operand.name) for operand in self.unit.operands}
        stages = self.unit.implementation.registers
        if "operand" in stages:
            valid, clear = _register_control(m, "operand", valid, clear)
            operands = {n: register(m, f"operand_{n}", value) for n, value in operands.items()}
        m.d.comb += [getattr(self.source, name).eq(value) for name, value in operands.items()]
        if "term_valid" in self.source.signature.members:
            m.d.comb += [self.source.in_valid.eq(valid), self.source.in_clear.eq(clear)]
            valid, clear = self.source.term_valid, self.source.term_clear
            last = self.source.term_last
        else:
            if "product" in stages:
                # The source holds its own products.
                valid, clear = _register_control(m, "product", valid, clear)
            last = valid

        names = [name + suffix for suffix in self._suffixes() for name in self._term_members()]
        term = {name: getattr(self.source, name) for name in names}
        if "term" in stages:
            sequential = last is not valid
            valid, clear = _register_control(m, "term", valid, clear)
            last = register(m, "term_last", last, reset_less=False) if sequential else valid
            term = {name: register(m, f"term_{name}", value) for name, value in term.items()}
        for number, (suffix, accumulator) in enumerate(
            zip(self._suffixes(), accumulators, strict=True)
        ):
            if self.chained:
                m.d.comb += [
                    getattr(accumulator, f"{r.name}_in").eq(
                        getattr(self, f"{r.name}_in").word_select(number, r.bits)
                    )
                    for r in self.unit.results
                ]
            m.d.comb += [
                *(getattr(accumulator, n).eq(term[n + suffix]) for n in self._term_members()),
                accumulator.enable.eq(valid),
                accumulator.clear.eq(clear),
            ]
        for result in self.unit.results:
            parts = (getattr(accumulator, result.name) for accumulator in accumulators)
            m.d.comb += getattr(self, result.name).eq(Cat(*parts))
        m.d.comb += self.out_valid.eq(register(m, "sum_valid", last, reset_less=False))
        return m

    def _suffixes(self) -> list[str]:
        """Of the members of each sum's terms."""
        return [""] if self.unit.sums == 1 else [f"_{i}" for i in range(self.unit.sums)]

    def _accumulator(self) -> wiring.Component:
        spec, shape = self.unit.accumulator, self.unit.term_shape
        if isinstance(spec, FloatSpec):
            return FloatAccumulator(spec=spec, shape=shape, chained=self.chained)
        how = self.unit.implementation
        return FixedAccumulator(
            spec=spec,
            shape=shape,
            term=self._term_members(),
            adder=how.adder,
            keep=how.fused == "save",
            chained=self.chained,
        )

    def _term_members(self) -> dict[str, wiring.Member]:
        """The members of one sum's terms, without the sum's number."""
        suffix = self._suffixes()[0]
        others = {operand.name for operand in self.unit.operands} | _SEQUENCE
        members = self.source.signature.members
        return {
            name.removesuffix(suffix): members[name]
            for name in members
            if name not in others and name.endswith(suffix)
        }


def _register_control(m: Module, stage: str, valid: Value, clear: Value) -> tuple[Signal, Signal]:
    return (
        register(m, f"{stage}_valid", valid, reset_less=False),
        register(m, f"{stage}_clear", clear),
    )
