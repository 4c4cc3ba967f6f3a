"""An E4M3 product, or two E2M1 products, from one word of each side."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse import formats
from hwdse.formats import Minifloat
from hwdse.pe.product import product_shape
from rtl.parts.bits import replicate
from rtl.parts.lanes import Lane
from rtl.parts.minifloat import Unpack

__all__ = ["FloatWord", "word_addends", "word_sum"]


def _minifloat(name: str) -> Minifloat:
    fmt = formats.scalar(name)
    assert isinstance(fmt, Minifloat)
    return fmt


_COARSE, _FINE = _minifloat("e4m3"), _minifloat("e2m1")
_PRODUCT, _FINE_PRODUCT = product_shape(_COARSE, _COARSE), product_shape(_FINE, _FINE)
_SUM_BITS = (2 * _FINE_PRODUCT.max_units).bit_length()


# A signed value in ones' complement, and the carry that completes it.
Addend = tuple[Value, Value]


class FloatWord(wiring.Component):
    """The exact product of two E4M3 codes, or those of two pairs of E2M1 codes; combinational.

    E2M1 operands are integers of four bits in units of their last bit, 0 to 12, as wide as the
    significand of E4M3. The product of the high lane is made by the multiplier of E4M3
    significands, that of the low lane by one of its own; this is the reuse of arXiv 2510.25602, an
    E4M3 and an E2M1 unit for one or two lanes.

    Members:
        fine: ``In(1)``: words hold two E2M1 codes, not one of E4M3.
        w, a: ``In(8)``, words, lane 0 in the lowest bits.
        sign, significand, shift, nan: ``Out``, the E4M3 product, or that of the high lane, with
            shift 0; in units of the last bit of the format's products.
        low_sign, low: ``Out``, the product of the low lane; 0, and positive, where there is none.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "fine": In(1),
                "w": In(_COARSE.bits),
                "a": In(_COARSE.bits),
                "sign": Out(1),
                "significand": Out(_PRODUCT.significand_bits),
                "shift": Out(_PRODUCT.max_shift.bit_length()),
                "nan": Out(1),
                "low_sign": Out(1),
                "low": Out(_FINE_PRODUCT.max_units.bit_length()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fine = self.fine
        coarse = {side: self._unpack(m, _COARSE, side, 0) for side in "wa"}
        low, high = ({side: self._unpack(m, _FINE, side, i) for side in "wa"} for i in range(2))
        shared, own = [], []
        for side in "wa":
            significand = Signal(_COARSE.significand_bits, name=f"{side}_shared")
            lane = Signal(_COARSE.significand_bits, name=f"{side}_own")
            m.d.comb += [
                significand.eq(Mux(fine, _integer(high[side]), coarse[side].significand)),
                # Held at zero in the other mode.
                lane.eq(_integer(low[side]) & replicate(fine, len(lane))),
            ]
            shared.append(significand)
            own.append(lane)
        m.d.comb += [
            self.sign.eq(coarse["w"].sign ^ coarse["a"].sign),
            self.significand.eq(shared[0] * shared[1]),
            self.shift.eq(Mux(fine, 0, coarse["w"].shift + coarse["a"].shift)),
            self.nan.eq(~fine & (coarse["w"].nan | coarse["a"].nan)),
            self.low_sign.eq(fine & (low["w"].sign ^ low["a"].sign)),
            self.low.eq(own[0] * own[1]),
        ]
        return m

    def _unpack(self, m: Module, fmt: Minifloat, side: str, lane: int) -> Unpack:
        m.submodules[f"{fmt.name}_{side}_{lane}"] = unpack = Unpack(fmt=fmt)
        m.d.comb += unpack.code.eq(getattr(self, side).word_select(lane, fmt.bits))
        return unpack


def _integer(code: Unpack) -> Value:
    """Magnitude of an E2M1 code, in units of its last bit."""
    return (code.significand << code.shift)[: _COARSE.significand_bits]


def word_sum(m: Module, word: FloatWord) -> Lane:
    """The product that a word gives, or the sum of both; a sum of zero is positive."""
    total = Signal(_SUM_BITS + 1, name="pair")
    magnitude = Signal(_SUM_BITS, name="pair_magnitude")
    negative = Signal(name="pair_negative")
    high, low = word.significand, word.low
    subtract = word.fine & (word.sign ^ word.low_sign)
    m.d.comb += [
        total.eq(Mux(subtract, high - low, high + low)),
        negative.eq(subtract & total[-1]),
        magnitude.eq(Mux(negative, -total, total)),
    ]
    zero = magnitude == 0
    return Lane(
        sign=(word.sign ^ negative) & ~(word.fine & zero),
        significand=magnitude,
        shift=word.shift,
        nan=word.nan,
        infinite=Const(0, 1),
        zero=zero,
    )


def word_addends(m: Module, word: FloatWord, fine_bits: int, name: str) -> tuple[Addend, Addend]:
    """The products of a word in the fixed-point window of all E4M3 products.

    E2M1 products are integers at its low end. Of a sum of them ``fine_bits`` bits count, so that
    signs need not reach, and switch, the bits above.

    Returns:
        Those of the high and of the low lane: each a signed value in ones' complement, and the
        carry that completes it.
    """
    bits = _PRODUCT.significand_bits + _PRODUCT.max_shift
    placed = Signal(bits, name=f"{name}_placed")
    wide_sign = Signal(name=f"{name}_sign")
    m.d.comb += [placed.eq(word.significand << word.shift), wide_sign.eq(word.sign & ~word.fine)]
    flip = Cat(replicate(word.sign, fine_bits), replicate(wide_sign, bits - fine_bits))
    low = word.low ^ replicate(word.low_sign, len(word.low))
    return (
        (Cat(placed ^ flip, wide_sign).as_signed(), word.sign),
        (Cat(low, word.low_sign).as_signed(), word.low_sign),
    )
