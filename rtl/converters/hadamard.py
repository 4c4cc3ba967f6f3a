"""The Walsh-Hadamard transform: a butterfly of adders and subtractors."""

from __future__ import annotations

from amaranth import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from hwdse.formats import Minifloat
from hwdse.pe.converters.hadamard import Hadamard
from rtl.converter import function_members
from rtl.parts.bits import register
from rtl.parts.minifloat import Unpack
from rtl.parts.operand import fixed_point_value, require_decoder

__all__ = ["Butterfly"]


class Butterfly(wiring.Component):
    """The transform of a vector.

    Parameters:
        design: The spec; its stages other than ``operand`` are in here.

    Members:
        x: ``In``, the codes, lane 0 in the lowest bits.
        y: ``Out``, the results alike.
    """

    def __init__(self, design: Hadamard) -> None:
        require_decoder(design.source)
        self.design = design
        super().__init__(function_members(design))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        values = [self._value(m, lane) for lane in range(design.size)]
        for level in range(1, design.levels + 1):
            half, width = 1 << (level - 1), design.width(level)
            sums = []
            for lane in range(design.size):
                one, other = values[lane & ~half], values[lane | half]
                result = Signal(signed(width), name=f"sum_{level}_{lane}")
                m.d.comb += result.eq(one - other if lane & half else one + other)
                sums.append(result)
            values = sums
            if level in design.cuts:
                values = [register(m, f"level{level}_{i}", v) for i, v in enumerate(values)]
        if design.target is not None:
            values = [self._rounded(m, value, lane) for lane, value in enumerate(values)]
        m.d.comb += self.y.eq(Cat(*values))
        return m

    def _value(self, m: Module, lane: int) -> Value:
        """An input as an integer."""
        fmt = self.design.source
        code = self.x.word_select(lane, fmt.bits)
        if not isinstance(fmt, Minifloat):
            return fixed_point_value(m, code, fmt, f"decode_{lane}")
        m.submodules[f"decode_{lane}"] = parts = Unpack(fmt=fmt)
        value = Signal(signed(self.design.width(0)), name=f"value_{lane}")
        magnitude = parts.significand << parts.shift
        m.d.comb += [parts.code.eq(code), value.eq(Mux(parts.sign, -magnitude, magnitude))]
        return value

    def _rounded(self, m: Module, value: Value, lane: int) -> Value:
        """A sum divided by ``2**shift``, to nearest even, and saturated."""
        shift, (low, high) = self.design.shift, self.design.limits
        rounded = Signal(signed(len(value) - shift + 1), name=f"rounded_{lane}")
        if shift:
            odd = value[shift] if shift < len(value) else value[-1]
            m.d.comb += rounded.eq((value + ((1 << (shift - 1)) - 1) + odd) >> shift)
        else:
            m.d.comb += rounded.eq(value)
        limited = Signal(signed(self.design.results[0].bits), name=f"limited_{lane}")
        above, below = rounded > high, rounded < low
        m.d.comb += limited.eq(Mux(above, high, Mux(below, low, rounded)))
        return limited
