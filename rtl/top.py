"""The exported module of any unit: operand registers, multiplier, term registers, accumulator."""

from __future__ import annotations

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe import Unit
from hwdse.pe.accumulate import FixedAccumulator as FixedSpec
from rtl.parts.accumulator import FixedAccumulator, FloatAccumulator

__all__ = ["UnitTop"]


class UnitTop(wiring.Component):
    """A unit with the house handshake (see ``hwdse.pe.unit``) and flat ports.

    Parameters:
        unit: The spec.
        source: Component with ports ``w`` and ``a`` and the members of a term.

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

        valid, clear, w, a = self.in_valid, self.clear, self.w, self.a
        if self.unit.pipeline >= 2:
            valid = _register(m, "operand_valid", valid, reset_less=False)
            clear = _register(m, "operand_clear", clear)
            w = _register(m, "operand_w", w)
            a = _register(m, "operand_a", a)
        m.d.comb += [self.source.w.eq(w), self.source.a.eq(a)]

        term = {
            name: getattr(self.source, name)
            for name in self.source.signature.members
            if name not in ("w", "a")
        }
        if self.unit.pipeline >= 1:
            valid = _register(m, "term_valid", valid, reset_less=False)
            clear = _register(m, "term_clear", clear)
            term = {name: _register(m, f"term_{name}", value) for name, value in term.items()}
        m.d.comb += [getattr(accumulator, name).eq(value) for name, value in term.items()]

        m.d.comb += [
            accumulator.enable.eq(valid),
            accumulator.clear.eq(clear),
            self.acc.eq(accumulator.acc),
            self.out_valid.eq(_register(m, "sum_valid", valid, reset_less=False)),
        ]
        if self.unit.accumulator.special:
            m.d.comb += self.acc_special.eq(accumulator.acc_special)
        return m

    def _accumulator(self) -> wiring.Component:
        spec, shape = self.unit.accumulator, self.unit.term_shape
        if isinstance(spec, FixedSpec):
            integer = "value" in self.source.signature.members
            return FixedAccumulator(spec=spec, shape=shape, integer=integer)
        return FloatAccumulator(spec=spec, shape=shape)


def _register(m: Module, name: str, value: Value, *, reset_less: bool = True) -> Signal:
    register = Signal(value.shape(), name=name, reset_less=reset_less)
    m.d.sync += register.eq(value)
    return register
