"""Sums of groups times their scales, bit by bit; see ``hwdse.pe.group_serial``."""

from __future__ import annotations

from amaranth import Module, Shape, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.accumulate import FixedAccumulator, FloatAccumulator
from hwdse.pe.group_serial import SCALE_BITS, scaled_shape
from rtl.parts.bits import replicate
from rtl.parts.float_sum import FloatSum
from rtl.parts.minifloat import Unpack
from rtl.parts.serial_multiplier import SerialMultiplier

__all__ = ["FixedDequantiser", "FloatDequantiser"]


class FixedDequantiser(wiring.Component):
    """Times the content of a fixed-point accumulator.

    Parameters:
        spec: The accumulator.

    Members:
        start: ``In(1)``: a sum is there.
        sum, special, scale: ``In``, read in that cycle.
        done: ``Out(1)``, as of :class:`~rtl.parts.serial_multiplier.SerialMultiplier`.
        acc, acc_special: ``Out``, the results.
    """

    def __init__(self, *, spec: FixedAccumulator) -> None:
        self.spec = spec
        members = {
            "start": In(1),
            "sum": In(signed(spec.width)),
            "scale": In(SCALE_BITS),
            "done": Out(1),
            "acc": Out(signed(spec.width + SCALE_BITS)),
        }
        if spec.special:
            members |= {"special": In(2), "acc_special": Out(2)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.product = product = SerialMultiplier(
            shape=signed(self.spec.width), bits=SCALE_BITS
        )
        m.d.comb += [
            product.start.eq(self.start),
            product.multiplicand.eq(self.sum),
            product.factor.eq(self.scale),
            self.done.eq(product.done),
            self.acc.eq(product.product),
        ]
        if self.spec.special:
            held = Signal(2, reset_less=True, name="special_register")
            nothing = self.special.any() & (self.scale == 0)
            with m.If(self.start):
                m.d.sync += held.eq(self.special | replicate(nothing, 2))
            m.d.comb += self.acc_special.eq(held)
        return m


class FloatDequantiser(wiring.Component):
    """Times the content of a float accumulator, rounded once.

    Parameters:
        spec: The accumulator.

    Members:
        As of :class:`FixedDequantiser`, but for ``special``.
    """

    def __init__(self, *, spec: FloatAccumulator) -> None:
        self.spec = spec
        super().__init__(
            {
                "start": In(1),
                "sum": In(spec.width),
                "scale": In(SCALE_BITS),
                "done": Out(1),
                "acc": Out(spec.width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt = self.spec.format
        m.submodules.fields = held = Unpack(fmt=fmt)
        m.submodules.product = product = SerialMultiplier(
            shape=Shape(len(held.significand)), bits=SCALE_BITS
        )
        m.submodules.round = rounder = FloatSum(fmt=fmt, shape=scaled_shape(self.spec))
        zero = self.scale == 0
        others = {
            "sign": held.sign,
            "shift": held.shift,
            "nan": held.nan | (held.infinite & zero),
            "infinite": held.infinite & ~zero,
        }
        registers = {
            name: Signal(value.shape(), reset_less=True, name=f"{name}_register")
            for name, value in others.items()
        }
        with m.If(self.start):
            m.d.sync += [registers[name].eq(value) for name, value in others.items()]
        m.d.comb += [
            held.code.eq(self.sum),
            product.start.eq(self.start),
            product.multiplicand.eq(held.significand),
            product.factor.eq(self.scale),
            rounder.significand.eq(product.product),
            *(getattr(rounder, name).eq(register) for name, register in registers.items()),
            self.done.eq(product.done),
            self.acc.eq(rounder.result),
        ]
        return m
