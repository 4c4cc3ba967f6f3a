"""Stochastic rounding: align, add the random bits, cut off."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from hwdse.formats import IntegerFormat, Minifloat, NanPolicy
from hwdse.pe.converters.sround import StochasticRounder
from rtl.converter import function_members
from rtl.parts.bits import register
from rtl.parts.lfsr import Lfsr
from rtl.parts.minifloat import Unpack

__all__ = ["Rounder"]


class Rounder(wiring.Component):
    """A stochastic rounder with its random bits.

    Parameters:
        design: The spec; its stage ``aligned`` is in here.

    Members:
        in_valid, in_clear: ``In(1)``.
        x: ``In``, the code.
        out_valid: ``Out(1)``.
        y: ``Out``, the code of the target.
    """

    def __init__(self, design: StochasticRounder) -> None:
        self.design = design
        super().__init__(function_members(design, sequential=True))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        m.submodules.unpack = parts = Unpack(fmt=design.source)
        m.submodules.random = random = Lfsr(width=design.width, seed=design.seed)
        m.d.comb += parts.code.eq(self.x)
        valid, clear = self.in_valid, self.in_clear
        fields = self._aligned(m, parts)
        if "aligned" in design.registers:
            valid = register(m, "aligned_valid", valid, reset_less=False)
            clear = register(m, "aligned_clear", clear)
            fields = {name: register(m, f"aligned_{name}", v) for name, v in fields.items()}
        m.d.comb += [random.enable.eq(valid), random.clear.eq(clear), self.out_valid.eq(valid)]

        rounded = Signal(design.kept_bits + 1, name="rounded")
        m.d.comb += rounded.eq((fields["scaled"] + random.state) >> design.width)
        pack = self._minifloat if isinstance(design.target, Minifloat) else self._integer
        m.d.comb += self.y.eq(pack(m, fields, rounded))
        return m

    def _aligned(self, m: Module, parts: Unpack) -> dict[str, Value]:
        """The significand with ``width`` bits below a result's last place, and what goes along."""
        design = self.design
        width = design.kept_bits + design.width
        over = design.source.min_exponent - design.least_exponent
        distance = Signal(signed(len(parts.shift) + over.bit_length() + 1), name="distance")
        m.d.comb += distance.eq(parts.shift + over)
        room = width - len(parts.significand)
        top = parts.significand[-room:] if room < 0 else Cat(Const(0, room), parts.significand)
        above = Signal(len(distance) - 1, name="above")
        below = Signal(len(distance) - 1, name="below")
        gone = Signal(name="gone")
        m.d.comb += [
            above.eq(Mux(distance < 0, 0, distance)),
            below.eq(Mux(distance < 0, -distance, 0)),
            gone.eq(below >= width),
        ]
        scaled = Signal(width, name="scaled")
        amount = below[: (width - 1).bit_length()]
        m.d.comb += scaled.eq(Mux(gone, 0, top >> amount))
        return {
            "scaled": scaled,
            "above": above,
            "sign": parts.sign,
            "nan": parts.nan,
            "infinite": parts.infinite,
        }

    def _minifloat(self, m: Module, fields: dict[str, Value], rounded: Value) -> Value:
        target = self.design.target
        assert isinstance(target, Minifloat)
        magnitude = rounded + (fields["above"] << target.mantissa_bits)
        over = Signal(name="over")
        code = Signal(target.bits - 1, name="code")
        m.d.comb += over.eq((magnitude > target.max_code) | fields["infinite"])
        nan_code = (target.nan_code or 0) & ((1 << len(code)) - 1)
        m.d.comb += code.eq(Mux(fields["nan"], nan_code, Mux(over, target.max_code, magnitude)))
        sign = fields["sign"]
        if target.nan is NanPolicy.NEGATIVE_ZERO:
            sign = (sign & (code != 0)) | fields["nan"]
        return Cat(code, sign)

    def _integer(self, m: Module, fields: dict[str, Value], rounded: Value) -> Value:
        target = self.design.target
        assert isinstance(target, IntegerFormat)
        scale = 1 << target.fraction_bits
        limit = Mux(fields["sign"], -int(target.min * scale), int(target.max * scale))
        over = Signal(name="over")
        magnitude = Signal(target.bits, name="magnitude")
        m.d.comb += over.eq((fields["above"] != 0) | fields["infinite"] | (rounded > limit))
        m.d.comb += magnitude.eq(Mux(fields["nan"], 0, Mux(over, limit, rounded)))
        return Mux(fields["sign"], -magnitude, magnitude)[: target.bits]
