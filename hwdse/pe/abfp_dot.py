"""``dot`` of ABFP tiles: the reference of an analogue unit, which has no RTL.

An element is one pair of tiles with their scales. What the device gives for it is that of
:meth:`hwdse.formats.abfp.AbfpFormat.tile_products`: the product of the significands, amplified by
``gain`` and read by a converter of ``adc`` bits, times the scales, as the nearest binary64 number.
The digital accumulator behind it adds that number, rounding once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from hwdse.errors import HwdseError
from hwdse.formats import BlockCodes, Format
from hwdse.formats.abfp import AbfpFormat
from hwdse.pe.common import FLOAT_ACCUMULATORS, Common
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import Unit

__all__ = ["AbfpDot", "take_abfp"]

_SIGNIFICAND_BITS = 53
# Scales are 2**-133 to 2**128, gain and converter 2**31 at most, tiles 2**16 values.
_LSB_EXPONENT = -350
_MAX_SHIFT = 272 - _SIGNIFICAND_BITS - _LSB_EXPONENT


@dataclass(frozen=True)
class AbfpDot(Unit):
    """One pair of tiles a cycle through an ideal analogue device; see the module.

    Attributes:
        tile: The format, with gain and converter.
    """

    tile: AbfpFormat

    family: ClassVar[str] = "dot"
    no_rtl: ClassVar[str] = (
        "the analogue part of an ABFP unit has no RTL, so there is nothing to verify, cost or "
        "export; its reference works (hwdse.pe.parse(...).reference)"
    )

    @property
    def lanes(self) -> int:
        """Values of a tile."""
        return self.tile.block

    @property
    def own_keys(self) -> dict[str, str]:
        """Lanes, gain and the converter's bits."""
        return {
            "lanes": str(self.lanes),
            "gain": str(self.tile.gain),
            "adc": str(self.tile.output_bits),
        }

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Significands, then the scales of both tiles."""
        scales = (
            Operand(f"{side}_scale", self.tile.scale, meaning=f"bf16 scale of the tile of {side}")
            for side in "wa"
        )
        return (*super().operands, *scales)

    @property
    def term_shape(self) -> TermShape:
        """Bounds of binary64 numbers, or NaN."""
        return TermShape(
            significand_bits=_SIGNIFICAND_BITS,
            max_shift=_MAX_SHIFT,
            lsb_exponent=_LSB_EXPONENT,
            max_units=((1 << _SIGNIFICAND_BITS) - 1) << _MAX_SHIFT,
            signed=True,
            nan=True,
            infinite=True,
        )

    def terms_of(self, codes: Codes) -> Term:
        """What the device gives for each pair of tiles."""
        w, a = (
            BlockCodes(
                elements=codes[side].astype(np.uint16),
                scales=codes[f"{side}_scale"][..., None].astype(np.uint16),
                axis=codes[side].ndim - 1,
            )
            for side in "wa"
        )
        with np.errstate(invalid="ignore"):  # an infinite scale times zero
            values = self.tile.tile_products(w, a)[..., 0]
        nan, infinite = np.isnan(values), np.isinf(values)
        fraction, exponent = np.frexp(np.where(nan | infinite, 0.0, values))
        significand = np.ldexp(np.abs(fraction), _SIGNIFICAND_BITS).astype(np.int64)
        shift = np.where(significand == 0, 0, exponent - _SIGNIFICAND_BITS - _LSB_EXPONENT)
        return Term(
            sign=np.signbit(values),
            significand=significand,
            shift=shift.astype(np.int64),
            nan=nan,
            infinite=infinite,
        )


def take_abfp(keys: Keys, w: Format, a: Format) -> AbfpDot:
    """An ABFP ``dot`` from its keys; ``gain`` and ``adc`` stand before what the format names.

    Raises:
        HwdseError: The sides differ, or a key is out of range.
    """
    if not isinstance(w, AbfpFormat) or w != a:
        tile = w if isinstance(w, AbfpFormat) else a
        raise keys.refusal(
            f"tiles of one ABFP format pair, not {w.name} and {a.name}; give the same for w and a",
            {"w": tile.name, "a": tile.name},
        )
    lanes = keys.integer_of("lanes", w.block, 1, 1 << 16)
    if lanes != w.block:
        raise keys.refusal(
            f"the analogue part takes a tile of {w.block} at once; use lanes={w.block}",
            {"lanes": w.block},
        )
    gain = keys.integer_of("gain", w.gain, 1, 1 << 16)
    bits = keys.integer_of("adc", w.output_bits, 2, 16)
    acc = keys.choice_of("acc", FLOAT_ACCUMULATORS, FLOAT_ACCUMULATORS[0])
    keys.integer_of("pipeline", 0, 0, 0)
    keys.finish()
    try:
        tile = replace(w, gain=gain, output_bits=bits)
    except HwdseError as error:
        raise keys.refusal(str(error), {"gain": None, "adc": None}) from None
    return AbfpDot(common=Common(w=w, a=a, acc=acc, terms=1), tile=tile)
