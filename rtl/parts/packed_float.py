"""The product of two wide floats, or two products of narrow ones, from one word of each side."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import Minifloat
from hwdse.pe.product import product_shape
from rtl.parts.bits import replicate
from rtl.parts.lanes import Lane
from rtl.parts.minifloat import Unpack

__all__ = ["FloatWord", "word_addends", "word_sum"]


# A signed value in ones' complement, and the carry that completes it.
Addend = tuple[Value, Value]


class FloatWord(wiring.Component):
    """The exact product of two coarse codes, or those of two pairs of fine codes; combinational.

    Fine operands are integers in units of their last bit, no wider than a coarse significand: those
    of E2M1 are 0 to 12, in the four bits of E4M3's. The product of the high lane is made by the
    multiplier of coarse significands, that of the low lane by one of its own; this is the reuse of
    arXiv 2510.25602, an E4M3 and an E2M1 unit for one or two lanes.

    Parameters:
        coarse: Format of a whole word, with NaN and without infinities.
        fine: Format of half a word, of numbers only.

    Members:
        fine: ``In(1)``: words hold two fine codes, not a coarse one.
        w, a: ``In(coarse.bits)``, words, lane 0 in the lowest bits.
        sign, significand, shift, nan: ``Out``, the coarse product, or that of the high lane, with
            shift 0; in units of the last bit of the format's products.
        low_sign, low: ``Out``, the product of the low lane; 0, and positive, where there is none.
    """

    def __init__(self, *, coarse: Minifloat, fine: Minifloat) -> None:
        self.formats = (coarse, fine)
        self.coarse_shape, self.fine_shape = (product_shape(fmt, fmt) for fmt in self.formats)
        assert coarse.bits == 2 * fine.bits
        assert fine.significand_bits + fine.max_shift <= coarse.significand_bits
        super().__init__(
            {
                "fine": In(1),
                "w": In(coarse.bits),
                "a": In(coarse.bits),
                "sign": Out(1),
                "significand": Out(self.coarse_shape.significand_bits),
                "shift": Out(self.coarse_shape.max_shift.bit_length()),
                "nan": Out(1),
                "low_sign": Out(1),
                "low": Out(self.fine_shape.max_units.bit_length()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fine = self.fine
        wide, narrow = self.formats
        bits = wide.significand_bits
        coarse = {side: self._unpack(m, wide, side, 0) for side in "wa"}
        low, high = ({side: self._unpack(m, narrow, side, i) for side in "wa"} for i in range(2))
        shared, own = [], []
        for side in "wa":
            significand = Signal(bits, name=f"{side}_shared")
            lane = Signal(bits, name=f"{side}_own")
            m.d.comb += [
                significand.eq(Mux(fine, _integer(high[side], bits), coarse[side].significand)),
                # Held at zero in the other mode.
                lane.eq(_integer(low[side], bits) & replicate(fine, len(lane))),
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


def _integer(code: Unpack, bits: int) -> Value:
    """Magnitude of a fine code, in units of its last bit."""
    return (code.significand << code.shift)[:bits]


def word_sum(m: Module, word: FloatWord) -> Lane:
    """The product that a word gives, or the sum of both; a sum of zero is positive."""
    bits = (2 * word.fine_shape.max_units).bit_length()
    total = Signal(bits + 1, name="pair")
    magnitude = Signal(bits, name="pair_magnitude")
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
    """The products of a word in the fixed-point window of all coarse products.

    Fine products are integers at its low end. Of a sum of them ``fine_bits`` bits count, so that
    signs need not reach, and switch, the bits above.

    Returns:
        Those of the high and of the low lane: each a signed value in ones' complement, and the
        carry that completes it.
    """
    bits = word.coarse_shape.significand_bits + word.coarse_shape.max_shift
    placed = Signal(bits, name=f"{name}_placed")
    wide_sign = Signal(name=f"{name}_sign")
    m.d.comb += [placed.eq(word.significand << word.shift), wide_sign.eq(word.sign & ~word.fine)]
    flip = Cat(replicate(word.sign, fine_bits), replicate(wide_sign, bits - fine_bits))
    low = word.low ^ replicate(word.low_sign, len(word.low))
    return (
        (Cat(placed ^ flip, wide_sign).as_signed(), word.sign),
        (Cat(low, word.low_sign).as_signed(), word.low_sign),
    )
