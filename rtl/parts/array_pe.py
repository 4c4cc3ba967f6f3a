"""PEs of systolic arrays: a unit, the registers in which its operands wander, and its sums' way."""

from __future__ import annotations

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.array import Array
from rtl.parts.bits import register

__all__ = ["ChainedPe", "SummingPe"]


def _passed(names: dict[str, int]) -> dict[str, wiring.Member]:
    """What comes in from one neighbour and goes out to another."""
    members: dict[str, wiring.Member] = {}
    for name, width in names.items():
        members |= {f"{name}_in": In(width), f"{name}_out": Out(width)}
    return members


class ChainedPe(wiring.Component):
    """PE of ``ws`` and ``is``: ``acc_out = acc_in + w * a``, with operands that stay.

    Parameters:
        array: The spec.
        unit: From ``rtl.build(array.pe, chained=True)``.

    Members:
        valid, swap, load: ``_in`` and ``_out``, flags that wander to the right; ``swap`` comes with
            an element, ``load`` with operands to wait here.
        Operands: ``_in`` and ``_out``; those that stay come from above and wait, the others wander
            to the right.
        Results: ``_in`` and ``_out``, from above to below.
    """

    def __init__(self, *, array: Array, unit: wiring.Component) -> None:
        self.array = array
        self.unit = unit
        operands = {operand.name: operand.width for operand in array.pe.operands}
        results = {result.name: result.port.width for result in array.pe.results}
        flags = dict.fromkeys(("valid", "swap", "load"), 1)
        super().__init__(_passed(flags | operands | results))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unit = unit = self.unit
        valid = register(m, "valid_register", self.valid_in, reset_less=False)
        # What these do after a reset is done to operands that are not yet complete.
        swap = register(m, "swap_register", self.swap_in)
        load = register(m, "load_register", self.load_in)
        m.d.comb += [
            self.valid_out.eq(valid),
            self.swap_out.eq(swap),
            self.load_out.eq(load),
            unit.in_valid.eq(valid),
        ]
        for operand in self.array.pe.operands:
            name = operand.name
            came, out = getattr(self, f"{name}_in"), getattr(self, f"{name}_out")
            used = Signal(operand.width, name=f"{name}_register", reset_less=True)
            if self.array.side(operand) == "column":
                waiting = Signal(operand.width, name=f"{name}_waiting", reset_less=True)
                with m.If(self.load_in):
                    m.d.sync += waiting.eq(came)
                with m.If(self.swap_in):
                    m.d.sync += used.eq(waiting)
                m.d.comb += out.eq(waiting)
            else:
                m.d.sync += used.eq(came)
                m.d.comb += out.eq(used)
            m.d.comb += getattr(unit, name).eq(used)
        for result in self.array.pe.results:
            m.d.comb += [
                getattr(unit, f"{result.name}_in").eq(getattr(self, f"{result.name}_in")),
                getattr(self, f"{result.name}_out").eq(getattr(unit, result.name)),
            ]
        return m


class SummingPe(wiring.Component):
    """PE of ``os``: sums stay until they are complete, and then go out row by row.

    Parameters:
        array: The spec.
        unit: From ``rtl.build(array.pe)``.

    Members:
        valid, clear, last, shift: ``_in`` and ``_out``, flags that wander to the right; ``shift``
            moves complete sums a row on, the others come with an element.
        Operands: ``_in`` and ``_out``, from above or, where they are of rows, from the left.
        Results: ``_in`` and ``_out``: complete sums from above to below.
        done: ``Out(1)``: the sum is complete, and kept at the end of the cycle.
    """

    def __init__(self, *, array: Array, unit: wiring.Component) -> None:
        self.array = array
        self.unit = unit
        operands = {operand.name: operand.width for operand in array.pe.operands}
        results = {result.name: result.port.width for result in array.pe.results}
        flags = dict.fromkeys(("valid", "clear", "last", "shift"), 1)
        super().__init__(_passed(flags | operands | results) | {"done": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unit = unit = self.unit
        # What the others do after a reset is done to sums that are not yet complete.
        flags = {
            name: register(m, f"{name}_register", getattr(self, f"{name}_in"), reset_less=not said)
            for name, said in {"valid": True, "clear": False, "last": True, "shift": False}.items()
        }
        m.d.comb += [getattr(self, f"{name}_out").eq(flag) for name, flag in flags.items()]
        m.d.comb += [unit.in_valid.eq(flags["valid"]), unit.clear.eq(flags["clear"])]
        for operand in self.array.pe.operands:
            name = operand.name
            used = register(m, f"{name}_register", getattr(self, f"{name}_in"))
            m.d.comb += [getattr(self, f"{name}_out").eq(used), getattr(unit, name).eq(used)]
        done = flags["last"]
        for stage in range(self.array.pe.latency):
            done = register(m, f"done_{stage}", done, reset_less=False)
        m.d.comb += self.done.eq(done)
        for result in self.array.pe.results:
            kept = Signal(result.port.width, name=f"{result.name}_kept", reset_less=True)
            with m.If(done):
                m.d.sync += kept.eq(getattr(unit, result.name))
            with m.Elif(flags["shift"]):
                m.d.sync += kept.eq(getattr(self, f"{result.name}_in"))
            m.d.comb += getattr(self, f"{result.name}_out").eq(kept)
        return m
