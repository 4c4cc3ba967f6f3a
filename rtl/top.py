"""The exported module of any unit: registers, the source of its terms, and the accumulator."""

from __future__ import annotations

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe import Unit
from hwdse.pe.accumulate import FloatAccumulator as FloatSpec
from rtl.parts.accumulator import FixedAccumulator, FloatAccumulator
from rtl.parts.bits import register

__all__ = ["UnitTop"]


class UnitTop(wiring.Component):
    """A unit with the house handshake (see ``hwdse.pe.unit``) and flat ports.

    Parameters:
        unit: The spec.
        source: Component with an input for each operand and the members of a term. Where the unit
            has a ``product`` stage, the source holds its registers.

    Members:
        As ``unit.ports``.
    """

    def __init__(self, *, unit: Unit, source: wiring.Component) -> None:
        self.unit = unit
        self.source = source
        ports = {p.name: (In if p.direction == "input" else Out)(p.width) for p in unit.ports}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.multiplier = self.source
        m.submodules.accumulator = accumulator = self._accumulator()

        valid, clear = self.in_valid, self.clear
        operands = {operand.name: getattr(self, operand.name) for operand in self.unit.operands}
        stages = self.unit.implementation.registers
        if "operand" in stages:
            valid, clear = _register_control(m, "operand", valid, clear)
            operands = {n: register(m, f"operand_{n}", value) for n, value in operands.items()}
        m.d.comb += [getattr(self.source, name).eq(value) for name, value in operands.items()]
        if "product" in stages:
            # The source holds its own products.
            valid, clear = _register_control(m, "product", valid, clear)

        term = {name: getattr(self.source, name) for name in self._term_members()}
        if "term" in stages:
            valid, clear = _register_control(m, "term", valid, clear)
            term = {name: register(m, f"term_{name}", value) for name, value in term.items()}
        m.d.comb += [getattr(accumulator, name).eq(value) for name, value in term.items()]

        m.d.comb += [
            accumulator.enable.eq(valid),
            accumulator.clear.eq(clear),
            self.acc.eq(accumulator.acc),
            self.out_valid.eq(register(m, "sum_valid", valid, reset_less=False)),
        ]
        if self.unit.accumulator.special:
            m.d.comb += self.acc_special.eq(accumulator.acc_special)
        return m

    def _accumulator(self) -> wiring.Component:
        spec, shape = self.unit.accumulator, self.unit.term_shape
        if isinstance(spec, FloatSpec):
            return FloatAccumulator(spec=spec, shape=shape)
        how = self.unit.implementation
        return FixedAccumulator(
            spec=spec,
            shape=shape,
            term=self._term_members(),
            adder=how.adder,
            keep=how.fused == "save",
        )

    def _term_members(self) -> dict[str, wiring.Member]:
        members = self.source.signature.members
        operands = {operand.name for operand in self.unit.operands}
        return {name: members[name] for name in members if name not in operands}


def _register_control(m: Module, stage: str, valid: Value, clear: Value) -> tuple[Signal, Signal]:
    return (
        register(m, f"{stage}_valid", valid, reset_less=False),
        register(m, f"{stage}_clear", clear),
    )
