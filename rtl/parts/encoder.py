"""From rounded magnitudes to the code words of a format."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import IntegerFormat, Minifloat, NanPolicy, Overflow, Rounding

__all__ = ["CodeOf"]


class CodeOf(wiring.Component):
    """A format's code, from a magnitude on its grid, which may be beyond its end; combinational.

    Parameters:
        target: The format.
        rounding: How the magnitude was rounded.
        overflow: What becomes of it beyond the end.
        magnitude_bits: Width.

    Members:
        magnitude: ``In(magnitude_bits)``: as :class:`rtl.parts.rounder.Rounder` gives it.
        sign, zero, nan, infinite: ``In(1)``: of the number before it was rounded.
        code: ``Out(target.bits)``.
    """

    def __init__(
        self,
        *,
        target: Minifloat | IntegerFormat,
        rounding: Rounding,
        overflow: Overflow,
        magnitude_bits: int,
    ) -> None:
        self.target = target
        self.rounding = rounding
        self.overflow = overflow
        super().__init__(
            {
                "magnitude": In(magnitude_bits),
                "sign": In(1),
                "zero": In(1),
                "nan": In(1),
                "infinite": In(1),
                "code": Out(target.bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if isinstance(self.target, IntegerFormat):
            self._integer(m, self.target)
        else:
            self._minifloat(m, self.target)
        return m

    def _integer(self, m: Module, fmt: IntegerFormat) -> None:
        unit = 2.0**fmt.lsb_exponent
        high, low = int(fmt.max / unit), int(-fmt.min / unit)
        limit = Mux(self.sign, low, high) if low != high else Const(high)
        magnitude = Signal(fmt.bits)
        m.d.comb += magnitude.eq(
            Mux(self.infinite | (self.magnitude > limit), limit, self.magnitude)
        )
        # An unsigned format's limit for negative numbers is 0.
        m.d.comb += self.code.eq(Mux(self.sign, -magnitude, magnitude) if fmt.signed else magnitude)
        with m.If(self.nan):
            m.d.comb += self.code.eq(0)

    def _minifloat(self, m: Module, fmt: Minifloat) -> None:
        saturate = self.overflow is Overflow.SATURATE
        bits = fmt.exponent_bits + fmt.mantissa_bits
        nan = fmt.nan_code or 0
        special = nan if fmt.infinity_code is None else fmt.infinity_code
        # Wide enough for a NaN that takes the place of a negative zero.
        magnitude, code = Signal(fmt.bits), Signal(fmt.bits)
        m.d.comb += [magnitude.eq(self.magnitude), code.eq(magnitude)]
        with m.If(self.infinite):
            m.d.comb += magnitude.eq(fmt.max_code if saturate else special)
        with m.Elif(self.magnitude > fmt.max_code):
            kept = 1 if saturate else self._stays_finite()
            m.d.comb += magnitude.eq(Mux(kept, fmt.max_code, special))
        if not fmt.signed:
            impossible = self.sign & (magnitude != 0) if fmt.zero else self.sign | self.zero
            with m.If(impossible):
                m.d.comb += code.eq(0 if saturate else nan)
        sign: Value = self.sign
        if not fmt.negative_zero:
            sign = sign & (code != 0)
        m.d.comb += self.code.eq(Cat(code[:bits], sign | code[bits:].any()) if fmt.signed else code)
        with m.If(self.nan):
            has_sign = fmt.signed and fmt.nan not in (NanPolicy.NONE, NanPolicy.NEGATIVE_ZERO)
            m.d.comb += self.code.eq(Cat(Const(nan, bits), self.sign) if has_sign else nan)

    def _stays_finite(self) -> Value | int:
        """Where a way of rounding keeps finite numbers finite, however large."""
        match self.rounding:
            case Rounding.TOWARD_ZERO | Rounding.TO_ODD:
                return 1
            case Rounding.TOWARD_POSITIVE:
                return self.sign
            case Rounding.TOWARD_NEGATIVE:
                return ~self.sign
            case _:
                return 0
