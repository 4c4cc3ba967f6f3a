"""Serial products of the ``serial`` family; the references are in ``hwdse.pe``."""

from __future__ import annotations

from amaranth import Module, Value
from amaranth.lib import wiring

from hwdse.pe.accumulate import FloatAccumulator
from hwdse.pe.group_serial import GroupSerial
from hwdse.pe.serial_unit import Serial
from rtl.parts.bits import register
from rtl.parts.operand import require_decoder
from rtl.parts.ports import port_members
from rtl.parts.serial_dequantiser import FixedDequantiser, FloatDequantiser
from rtl.parts.serial_source import SerialSource
from rtl.top import UnitTop

__all__ = ["GroupTop", "term_source", "top"]


def term_source(unit: Serial) -> wiring.Component:
    """The component that makes a ``serial``'s terms: ports of the operands, and the term.

    Raises:
        HwdseError: There is no decoder for its activations.
    """
    require_decoder(unit.a_element)
    return SerialSource(unit=unit)


def top(design: GroupSerial) -> wiring.Component:
    """The exported module of a unit with a dequantiser behind it.

    Raises:
        HwdseError: There is no decoder for its activations.
    """
    require_decoder(design.unit.a_element)
    return GroupTop(design=design)


class GroupTop(wiring.Component):
    """Sums of groups, and the dequantiser that multiplies each by its scale meanwhile.

    Members:
        As ``design.ports``.
    """

    def __init__(self, *, design: GroupSerial) -> None:
        self.design = design
        super().__init__(port_members(design))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit, spec = self.design.unit, self.design.accumulator
        source = SerialSource(unit=unit, elements=self.design.elements)
        m.submodules.sums = groups = UnitTop(unit=unit, source=source)
        own = ("in_valid", "clear", *(operand.name for operand in unit.operands))
        m.d.comb += [getattr(groups, name).eq(getattr(self, name)) for name in own]

        # That of an element's last cycle, as many cycles later as its sum comes out.
        scale: Value = self.w_scale
        for stage in (*unit.implementation.registers, "sum"):
            scale = register(m, f"scale_{stage}", scale)

        floats = isinstance(spec, FloatAccumulator)
        behind = FloatDequantiser(spec=spec) if floats else FixedDequantiser(spec=spec)
        m.submodules.dequantise = behind
        m.d.comb += [
            behind.start.eq(groups.out_valid),
            behind.sum.eq(groups.acc),
            behind.scale.eq(scale),
            self.out_valid.eq(behind.done),
            self.acc.eq(behind.acc),
        ]
        if spec.special:
            m.d.comb += [
                behind.special.eq(groups.acc_special),
                self.acc_special.eq(behind.acc_special),
            ]
        return m
