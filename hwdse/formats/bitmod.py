"""BitMoD: small floats whose code of negative zero holds a special value, chosen per group.

Chen et al., "BitMoD: Bit-serial Mixture-of-Datatype LLM Acceleration" (arXiv 2411.11745). Each
group is tried with each of the candidate value sets, at the scale ``absmax / max|set|``; the one
with the least sum of squared errors is kept, the first of equal ones. ``fp4_er`` and ``fp3_er``
(extra resolution) have the candidates +5 and -5, +3 and -3; ``fp4_ea`` and ``fp3_ea`` (extra
asymmetry) +8 and -8, +6 and -6; ``bitmod4`` and ``bitmod3`` have all four, in this order. A number
half way between two values goes to the lower one.

Differences from the published program (abdelfattah-lab/BitMoD-HPCA-25, quant_weight.py): it
computes in float16 and keeps scales within 1e-5 to 1e4; here each quotient is exact, and scales are
those of their format, ``fp32`` unless the name says another. The paper's accelerator keeps scales
in 8 bits.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats import scalars
from hwdse.formats._arrays import as_codes, as_reals, code_dtype
from hwdse.formats._blocks import BlockCodes, blocking
from hwdse.formats._per_block import (
    check_scales,
    encode_per_block,
    nearest_scales,
    refuse_overflow,
    scales_of,
)
from hwdse.formats._quotient import as_binary64, quotient
from hwdse.formats._rounding import Rounder, parse_rounding
from hwdse.formats.base import (
    Family,
    Format,
    Overflow,
    Rounding,
    ScalarFormat,
    Seed,
    SharedScales,
    parse_option,
)
from hwdse.formats.block import check_block
from hwdse.formats.codebook import Codebook
from hwdse.formats.codebooks import bitmod_codebook
from hwdse.formats.scale import limits

__all__ = ["FAMILY", "BitmodFormat", "parse"]

_GROUP = 128
_NAME = re.compile(r"(fp[34]_e[ra]|bitmod[34])(?:_g(0|[1-9][0-9]{0,6}))?(?:_(fp16|bf16))?")
_CANDIDATES: dict[str, tuple[Literal["fp3", "fp4"], tuple[float, ...]]] = {
    "fp3_er": ("fp3", (3.0, -3.0)),
    "fp3_ea": ("fp3", (6.0, -6.0)),
    "bitmod3": ("fp3", (3.0, -3.0, 6.0, -6.0)),
    "fp4_er": ("fp4", (5.0, -5.0)),
    "fp4_ea": ("fp4", (8.0, -8.0)),
    "bitmod4": ("fp4", (5.0, -5.0, 8.0, -8.0)),
}

_Floats = npt.NDArray[np.float64]
_Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class BitmodFormat(SharedScales):
    """Groups that each choose a scale and one of several value sets.

    Groups with NaNs or infinities, all-zero groups and groups beyond the scales are treated as by
    :class:`~hwdse.formats.block.BlockFormat`; a candidate whose scale would be beyond the largest
    is not chosen while another's is not.

    Args:
        name: Its name.
        candidates: The value sets, a power of two of them, of as many codes each.
        scale: Format of the scales, one with infinities and NaNs.
        block: Values along the axis that form a group, 1 to 65536.

    Raises:
        HwdseError: If the block is out of range, or the scales are of another kind.
    """

    name: str
    candidates: tuple[Codebook, ...]
    scale: ScalarFormat
    block: int

    def __post_init__(self) -> None:
        check_block(self.block, name=self.name)
        check_scales(self.scale, name=self.name)

    @property
    def kind(self) -> str:
        """``bitmod``."""
        return "bitmod"

    @property
    def bits(self) -> int:
        """Bits of one element's code."""
        return self.element.bits

    @property
    def bits_per_value(self) -> float:
        """Bits of an element and its share of scale and selector, in full groups."""
        return self.bits + (self.scale.bits + self._selector_bits) / self.block

    @property
    def signed(self) -> bool:
        """True: the value sets have both signs."""
        return True

    @property
    def max(self) -> float:
        """The largest value of any set, times the largest scale."""
        return max(c.max for c in self.candidates) * self.scale.max

    @property
    def min(self) -> float:
        """The least value of any set, times the largest scale."""
        return min(c.min for c in self.candidates) * self.scale.max

    @property
    def min_normal(self) -> float:
        """The least magnitude but zero, times the least scale."""
        return self.element.min_normal * limits(self.scale).least

    @property
    def specials(self) -> tuple[str, ...]:
        """``NaN``, by way of the scale."""
        return ("NaN",)

    @property
    def element(self) -> ScalarFormat:
        """The first candidate; the others differ in the value of one code."""
        return self.candidates[0]

    @property
    def _selector_bits(self) -> int:
        return (len(self.candidates) - 1).bit_length()

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        *,
        axis: int = -1,
        seed: Seed = None,
    ) -> BlockCodes:
        """The codes of numbers, each divided by its group's scale and rounded once.

        Errors are squared and added in binary64 from the least up, so that groups that mirror each
        other have equal ones. Under ``stochastic``, value sets are chosen by ``nearest-even``.

        Args:
            x: float16, float32, float64 or integers, of any shape.
            rounding: A :class:`Rounding`; under ``nearest-even`` ties go to the lower value.
            overflow: An :class:`Overflow`: of a group beyond the scales, ``saturate`` refuses it
                and ``nonfinite`` makes it NaN.
            axis: Along which values form groups.
            seed: What ``stochastic`` draws from: a seed, or a generator.

        Raises:
            HwdseError: If there is no such axis, the dtype is another, an option is not to be had,
                or a group is beyond the scales.
        """
        rounder = parse_rounding(rounding, seed)
        over = parse_option(Overflow, overflow)
        a = as_reals(x, name=self.name)
        where = blocking(a.shape, axis=axis, block=self.block, name=self.name)
        narrow = a.dtype.itemsize <= 4
        elements, scales, selectors = encode_per_block(
            a,
            where,
            lambda values: self._encode_blocks(values, rounder, over, narrow=narrow),
            (code_dtype(self.bits), code_dtype(self.scale.bits), np.uint8),
        )
        return BlockCodes(elements=elements, scales=scales, axis=where.axis, selectors=selectors)

    def _encode_blocks(
        self, values: _Array, rounder: Rounder, overflow: Overflow, *, narrow: bool
    ) -> tuple[_Array, ...]:
        x = as_binary64(values)
        bad = np.asarray(~np.isfinite(x).all(axis=1))
        x = np.where(bad[:, None], 0.0, x)
        amax = np.abs(x).max(axis=1)
        # Errors in units of a power of two near the largest value neither overflow nor vanish.
        unit = -np.frexp(amax)[1][:, None]
        draws = rounder.mode is Rounding.STOCHASTIC
        trial = Rounder(mode=Rounding.NEAREST_EVEN) if draws else rounder
        selectors = np.zeros(amax.shape, dtype=np.uint8)
        least = np.full(amax.shape, np.inf)
        elements = np.zeros(x.shape, dtype=code_dtype(self.bits))
        scales = np.zeros(amax.shape, dtype=code_dtype(self.scale.bits))
        for i, book in enumerate(self.candidates):
            codes, s = self._scales(amax, book)
            fits = np.isfinite(s)
            q = self._quotients(x, np.where(fits, s, 1.0), narrow=narrow)
            chosen = book.encode(q, trial.mode)
            with np.errstate(invalid="ignore", over="ignore"):
                deviation = np.ldexp(book.decode(chosen) * s[:, None] - x, unit)
                error = np.sort(np.square(deviation), axis=1).sum(axis=1)
            # Of a scale beyond the largest, the error is infinite or NaN: not less than any.
            better = fits & (error < least)
            least = np.where(better, error, least)
            selectors = np.where(better, np.uint8(i), selectors)
            scales = np.where(better, codes, scales)
            elements = np.where(better[:, None], chosen, elements)
        over = np.isinf(least)
        if overflow is Overflow.SATURATE:
            refuse_overflow(np.asarray(over), amax, name=self.name, scale=self.scale.name)
        bad = np.asarray(bad | over)
        if draws:
            elements = self._drawn(x, scales, selectors, rounder, narrow=narrow)
        scales = np.where(bad, self.scale.encode(np.float64(np.nan)), scales)
        elements = np.where(bad[:, None], 0, elements)
        return elements, scales, np.where(bad, 0, selectors)

    def _drawn(
        self, x: _Floats, scales: _Array, selectors: _Array, rounder: Rounder, *, narrow: bool
    ) -> _Array:
        """Elements by stochastic rounding, scales and value sets being chosen."""
        q = self._quotients(x, self.scale.decode(scales), narrow=narrow)
        elements = np.zeros(x.shape, dtype=code_dtype(self.bits))
        for i, book in enumerate(self.candidates):
            rows = selectors == i
            elements[rows] = book.encode(q[rows], rounder.mode, seed=rounder.random)
        return elements

    def _scales(self, amax: _Floats, book: Codebook) -> tuple[_Array, _Floats]:
        largest = max(book.max, -book.min)
        wanted = quotient(amax, np.asarray(largest), scale_bits=2, narrow=False)
        return nearest_scales(wanted, self.scale)

    def _quotients(self, x: _Floats, scales: _Floats, *, narrow: bool) -> _Floats:
        bits = self.scale.significand_bits
        return quotient(x, scales[:, None], scale_bits=bits, narrow=narrow)

    def decode(self, codes: BlockCodes) -> _Floats:
        """The values of codes, exactly.

        Raises:
            HwdseError: If the arrays do not fit each other, or hold what is no code.
        """
        name = self.name
        patterns = as_codes(codes.elements, name=name, bits=self.bits, negative=False)
        where = blocking(patterns.shape, axis=codes.axis, block=self.block, name=name)
        if codes.selectors is None:
            raise HwdseError(f"{name}: the codes have no selectors, which choose the value sets")
        selectors = as_codes(
            codes.selectors, name=f"selectors of {name}", bits=self._selector_bits, negative=False
        )
        scales = scales_of(self.scale.decode(codes.scales), where, name=name)
        chosen = scales_of(selectors, where, name=name, what="selectors")
        table = np.stack([np.array(book.values, dtype=np.float64) for book in self.candidates])
        parts = [
            table[c[:, :, None], e] * s[:, :, None]
            for e, s, c in zip(where.split(patterns), scales, chosen, strict=True)
        ]
        return np.asarray(where.join_values(parts, np.float64))


def parse(name: str) -> BitmodFormat | None:
    """The format of a name such as ``fp4_er``, ``bitmod3_g64`` or ``bitmod4_g128_fp16``.

    The group is 128, or follows ``_g``; scales are ``fp32``, or what the name ends with.

    Raises:
        HwdseError: If the group is out of range.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    base, specials = _CANDIDATES[match[1]]
    group = _GROUP if match[2] is None else int(match[2])
    try:
        return BitmodFormat(
            name=match[1] + f"_g{group}" * (group != _GROUP) + f"_{match[3]}" * bool(match[3]),
            candidates=tuple(_book(base, special) for special in specials),
            scale=scalars.scalar(match[3] or "fp32"),
            block=group,
        )
    except HwdseError as error:
        raise HwdseError(f"unknown format {name!r}: {error}") from None


@functools.cache
def _book(base: Literal["fp3", "fp4"], special: float) -> Codebook:
    return bitmod_codebook(base, special)


FAMILY: Family[Format] = Family(
    parse=parse, names=("fp3_er", "fp3_ea", "bitmod3", "fp4_er", "fp4_ea", "bitmod4")
)
