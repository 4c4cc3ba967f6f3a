"""The exported module of converters: registers around a function of the operands."""

from __future__ import annotations

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.converter import Converter
from rtl.parts.bits import register
from rtl.parts.ports import port_members

__all__ = ["ConverterTop", "function_members"]


class ConverterTop(wiring.Component):
    """A converter with the house handshake (see ``hwdse.pe.design``) and flat ports.

    Parameters:
        converter: The spec.
        function: Component with the members of :func:`function_members`. Where the converter has
            other stages than ``operand``, the function holds their registers, and where it is
            sequential, it delays its flags by them.

    Members:
        As ``converter.ports``.
    """

    def __init__(self, *, converter: Converter, function: wiring.Component) -> None:
        self.converter = converter
        self.function = function
        super().__init__(port_members(converter))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.function = self.function
        valid = self.in_valid
        inputs = {o.name: getattr(self, o.name) for o in self.converter.operands}
        if self.converter.clears:
            inputs["in_clear"] = self.clear
        sequential = "in_valid" in self.function.signature.members
        for stage in self.converter.registers:
            if stage == "operand":
                inputs = {n: register(m, f"operand_{n}", value) for n, value in inputs.items()}
            if stage == "operand" or not sequential:
                valid = register(m, f"{stage}_valid", valid, reset_less=False)
        m.d.comb += [getattr(self.function, name).eq(value) for name, value in inputs.items()]
        if sequential:
            m.d.comb += self.function.in_valid.eq(valid)
            valid = self.function.out_valid
        m.d.comb += self.out_valid.eq(register(m, "result_valid", valid, reset_less=False))
        for result in self.converter.results:
            value = register(m, f"result_{result.name}", getattr(self.function, result.name))
            m.d.comb += getattr(self, result.name).eq(value)
        return m


def function_members(converter: Converter, *, sequential: bool = False) -> dict[str, wiring.Member]:
    """Members of a converter's function.

    Args:
        converter: The spec; its operands come in, and its results go out.
        sequential: Whether the function takes several cycles or has a state. Then there are
            ``in_valid``, ``out_valid`` (in the cycle in which results are to be registered) and,
            where the converter has the port ``clear``, ``in_clear``.
    """
    members = {operand.name: In(operand.width) for operand in converter.operands}
    members |= {result.name: Out(result.port.width) for result in converter.results}
    if sequential:
        members |= {"in_valid": In(1), "out_valid": Out(1)}
    if sequential and converter.clears:
        members["in_clear"] = In(1)
    return members
