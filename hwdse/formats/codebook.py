"""Formats that are tables of values: one exact number for each code, and rounding between them."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats._arrays import (
    apply_in_chunks,
    as_codes,
    as_reals,
    code_dtype,
    first_index,
    refuse_nans,
)
from hwdse.formats._cuts import Cuts, Exact, Ties, make_cuts
from hwdse.formats._rounding import Rounder, parse_rounding
from hwdse.formats.base import Overflow, Rounding, Seed, Unpacked, Unscaled, parse_option

__all__ = ["Codebook", "Ties"]

_MAX_BITS = 16
# The difference of any two values must be a number too.
_LARGEST = 2.0**1022
# Significands up to this width are plain integers, whatever a shift could save.
_PLAIN_BITS = 12


@dataclass(frozen=True, kw_only=True)
class Codebook(Unscaled):
    """A value for each code, in any order; codes may be unused.

    Args:
        name: Its name.
        kind: The kind of format it is called.
        bits: Bits of one code, 1 to 16.
        values: What each code from 0 is worth, None for a code that is unused or NaR; codes beyond
            the last are unused. At least two are numbers; these are distinct, of magnitude
            2**1022 at most.
        ties: Where ties go under ``nearest-even``.
        nar: The code that NaNs and infinities become and that decodes to NaN ("not a real"); None
            if there is none, where NaNs are refused and infinities saturate.
        thresholds: What takes the place of the midpoints between neighbouring values, from the
            lowest gap up, exactly: each within its gap or at an end of it. None for the midpoints.
        source: Where the values come from, for people.

    Raises:
        HwdseError: If one of these does not hold.
    """

    name: str
    bits: int
    kind: str = "codebook"
    # Tables of 65536 entries are compared, but neither hashed nor shown.
    values: tuple[float | None, ...] = field(hash=False, repr=False)
    ties: Ties = Ties.EVEN
    nar: int | None = None
    thresholds: tuple[Exact, ...] | None = field(default=None, hash=False, repr=False)
    source: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= _MAX_BITS:
            raise HwdseError(f"{self.name}: bits must be 1 to {_MAX_BITS}, not {self.bits!r}")
        if len(self.values) > 1 << self.bits:
            raise HwdseError(
                f"{self.name}: there are {1 << self.bits} codes of {self.bits} bits, "
                f"but {len(self.values)} values"
            )
        owner: dict[float, int] = {}
        for code, value in enumerate(self.values):
            if value is None:
                continue
            if not abs(value) <= _LARGEST:
                raise HwdseError(
                    f"{self.name}: the value of code {code} must be a number of magnitude 2**1022 "
                    f"at most, not {value!r}"
                )
            if value in owner:
                raise HwdseError(
                    f"{self.name}: codes {owner[value]} and {code} have the same value {value!r}; "
                    "leave one unused"
                )
            owner[value] = code
        if len(owner) < 2:
            raise HwdseError(f"{self.name}: at least two codes must have values, not {len(owner)}")
        if self.nar is not None and self.nar not in {*range(1 << self.bits)} - {*owner.values()}:
            raise HwdseError(f"{self.name}: NaR must be a code without a value, not {self.nar!r}")
        if self.thresholds is not None:
            self._check_thresholds(sorted(owner), self.thresholds)

    def _check_thresholds(self, rising: Sequence[float], thresholds: Sequence[Exact]) -> None:
        if len(thresholds) != len(rising) - 1:
            raise HwdseError(
                f"{self.name}: {len(rising)} values need {len(rising) - 1} thresholds, "
                f"not {len(thresholds)}"
            )
        for (low, high), threshold in zip(itertools.pairwise(rising), thresholds, strict=True):
            if not low <= threshold <= high:
                raise HwdseError(
                    f"{self.name}: the threshold between {low!r} and {high!r} must lie there, "
                    f"not at {threshold}"
                )

    @property
    def signed(self) -> bool:
        """Whether a value is negative."""
        return self.min < 0

    @property
    def max(self) -> float:
        """The largest value."""
        return float(self._table.rising[-1])

    @property
    def min(self) -> float:
        """The least value."""
        return float(self._table.rising[0])

    @property
    def min_normal(self) -> float:
        """The least magnitude but zero."""
        magnitudes = np.abs(self._table.rising)
        return float(magnitudes[magnitudes > 0].min())

    @property
    def min_subnormal(self) -> None:
        """None: no value is called subnormal."""
        return None

    @property
    def specials(self) -> tuple[str, ...]:
        """``NaR``, if there is a code for it."""
        return () if self.nar is None else ("NaR",)

    @property
    def significand_bits(self) -> int:
        """Width of the widest significand that :meth:`unpack` gives."""
        return int(self._fields.significand.max()).bit_length()

    @property
    def lsb_exponent(self) -> int:
        """Exponent of the last bit of all: every value is a multiple of 2 to this power."""
        return int(self._fields.exponent.min())

    @property
    def max_shift(self) -> int:
        """Largest exponent that :meth:`unpack` gives, over :attr:`lsb_exponent`."""
        return int(self._fields.exponent.max()) - self.lsb_exponent

    @functools.cached_property
    def _table(self) -> _Table:
        return _make_table(self)

    @functools.cached_property
    def _fields(self) -> _Fields:
        return _make_fields(self._table.by_code)

    @functools.cached_property
    def _cuts(self) -> dict[Rounding, Cuts]:
        """Filled by rounding, as encoders come to need them."""
        return {}

    def decode(self, codes: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The values of codes, exactly; NaN for NaR.

        Args:
            codes: Bit patterns, 0 to ``2**bits - 1``, of any integer dtype and shape.

        Returns:
            An array of the same shape.

        Raises:
            HwdseError: If codes are not integers, or one is out of range or unused.
        """
        return np.asarray(self._table.by_code[self.bit_patterns(codes)])

    def bit_patterns(self, codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Codes as unsigned bit patterns, checked to be in use.

        Raises:
            HwdseError: As for :meth:`decode`.
        """
        c = as_codes(codes, name=self.name, bits=self.bits, negative=False)
        unused = np.asarray(self._table.unused[c])
        if unused.any():
            first = int(c.reshape(-1)[int(np.argmax(unused))])
            raise HwdseError(
                f"{first}{first_index(unused)} is not a code of {self.name}; codes() lists those "
                "that are"
            )
        return c

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        *,
        seed: Seed = None,
    ) -> npt.NDArray[np.unsignedinteger[Any]]:
        """The codes of numbers, each rounded once from its exact value.

        Rounding is by value, also where codes are in another order:

        * ``nearest-even``: a tie goes as :attr:`ties` says.
        * ``nearest-away``: a tie goes to the larger magnitude; between values of the same
          magnitude, as :attr:`ties` says.
        * ``toward-zero``: across a gap that has zero inside, where no value is nearer to zero, to
          the value of the number's own sign; zero itself as :attr:`ties` says.
        * ``to-odd``: a number that is no value goes to the neighbour whose code is odd; where both
          or neither is, toward zero.
        * ``stochastic``: to the upper neighbour with probability ``(x - lower) / (upper - lower)``,
          within 2**-52; that of an integer beyond 2**53 is that of the nearest binary64 number.

        Args:
            x: float16, float32, float64 or integers, of any shape. Numbers beyond the ends go to
                the nearest end.
            rounding: A :class:`~hwdse.formats.Rounding`.
            overflow: ``saturate``; there are no infinities, and no number rounds to NaR.
            seed: What ``stochastic`` draws from: a seed, or a generator.

        Returns:
            Unsigned bit patterns in the smallest dtype that holds them, of the same shape.

        Raises:
            HwdseError: If there is a NaN and no NaR, the dtype is another, or an option is not to
                be had.
        """
        return self._look_up(self._table.codes, x, rounding, overflow, seed)

    def quantize(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        *,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        seed: Seed = None,
    ) -> npt.NDArray[np.float64]:
        """The values that numbers round to; NaN where that is NaR.

        Args:
            x, rounding, overflow, seed: As for :meth:`encode`.
            axis: Ignored; it is there for formats whose values share a scale along an axis.

        Returns:
            An array of the same shape.

        Raises:
            HwdseError: As for :meth:`encode`.
        """
        return self._look_up(self._table.results, x, rounding, overflow, seed)

    def _look_up(
        self,
        results: npt.NDArray[Any],
        x: npt.ArrayLike,
        rounding: str,
        overflow: str,
        seed: Seed,
    ) -> npt.NDArray[Any]:
        rounder = parse_rounding(rounding, seed)
        if parse_option(Overflow, overflow) is not Overflow.SATURATE:
            reason = (
                "has neither infinities nor NaN"
                if self.nar is None
                else "rounds no number to NaR (infinities become NaR always)"
            )
            raise HwdseError(
                f"{self.name} {reason}, so overflow={str(overflow)!r} is impossible; use 'saturate'"
            )
        a = as_reals(x, name=self.name)
        if self.nar is None:
            refuse_nans(a, name=self.name)
        return apply_in_chunks(
            lambda chunk: results[self._ranks(chunk, rounder)], a, dtype=results.dtype
        )

    def _ranks(self, x: npt.NDArray[Any], rounder: Rounder) -> npt.NDArray[Any]:
        """Where among the rising values numbers go; beyond the last for NaR."""
        mode = rounder.mode
        if mode is Rounding.STOCHASTIC:
            mode = Rounding.TOWARD_NEGATIVE
        if mode not in self._cuts:
            self._cuts[mode] = make_cuts(
                mode,
                values=self._table.rising.tolist(),
                codes=self._table.codes.tolist(),
                thresholds=self.thresholds,
                ties=self.ties,
            )
        ranks = self._cuts[mode].ranks(x)
        if rounder.mode is Rounding.STOCHASTIC:
            assert rounder.random is not None
            ranks = ranks + self._steps_up(x, ranks, rounder.random)
        if self.nar is not None and x.dtype.kind == "f":
            ranks = np.where(np.isfinite(x), ranks, self._table.rising.size)
        return ranks

    def _steps_up(
        self, x: npt.NDArray[Any], ranks: npt.NDArray[Any], random: np.random.Generator
    ) -> npt.NDArray[np.bool_]:
        """Whether numbers go to the upper one of the neighbours that ``ranks`` is the lower of."""
        rising = self._table.rising
        low = rising[ranks]
        gap = rising[np.minimum(ranks + 1, rising.size - 1)] - low
        # Signalling NaNs raise the invalid flag when widened.
        with np.errstate(invalid="ignore"):
            numbers = x.astype(np.float64)
        # No step from the last value, nor from a number below the first.
        inside = (numbers > low) & (numbers < rising[-1])
        distance = np.where(inside, numbers, low) - low
        return np.asarray(random.random(x.shape) * gap < distance)

    def unpack(self, codes: npt.ArrayLike) -> Unpacked:
        """Codes taken apart.

        Significands are integers in units of ``2**lsb_exponent`` where the largest has 12 bits at
        most, or at most twice as many as the widest odd part; otherwise they are these odd parts,
        with exponents that differ. Zero and NaR have significand 0 and the least exponent.

        Args:
            codes: As for :meth:`decode`.

        Raises:
            HwdseError: As for :meth:`decode`.
        """
        c = self.bit_patterns(codes)
        values = self._table.by_code[c]
        return Unpacked(
            sign=np.asarray(values < 0),
            significand=np.asarray(self._fields.significand[c]),
            exponent=np.asarray(self._fields.exponent[c]),
            nan=np.asarray(np.isnan(values)),
            infinite=np.zeros(c.shape, dtype=np.bool_),
        )

    def codes(self) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Every code in use, in rising order."""
        return np.flatnonzero(~self._table.unused).astype(code_dtype(self.bits))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Table:
    """A codebook as arrays.

    Members:
        by_code: Value of each code; NaN if there is none.
        unused: Whether a code is neither a number nor NaR.
        rising: The values from the least up.
        codes: Their codes; last that of NaR, if there is one.
        results: Their values; last NaN, if there is a NaR.
    """

    by_code: npt.NDArray[np.float64]
    unused: npt.NDArray[np.bool_]
    rising: npt.NDArray[np.float64]
    codes: npt.NDArray[np.unsignedinteger[Any]]
    results: npt.NDArray[np.float64]


def _make_table(book: Codebook) -> _Table:
    by_code = np.full(1 << book.bits, math.nan)
    by_code[: len(book.values)] = [math.nan if v is None else v for v in book.values]
    unused = np.isnan(by_code)
    order = np.argsort(by_code, kind="stable")[: np.count_nonzero(~unused)]
    results, codes = by_code[order], order
    if book.nar is not None:
        unused[book.nar] = False
        results, codes = np.append(results, math.nan), np.append(order, book.nar)
    return _Table(
        by_code=by_code,
        unused=unused,
        rising=by_code[order],
        codes=codes.astype(code_dtype(book.bits)),
        results=results,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fields:
    """Significand and exponent of each code."""

    significand: npt.NDArray[np.int64]
    exponent: npt.NDArray[np.int64]


def _make_fields(by_code: npt.NDArray[np.float64]) -> _Fields:
    fraction, exponent = np.frexp(np.abs(np.nan_to_num(by_code, nan=0.0)))
    whole = np.ldexp(fraction, 53).astype(np.int64)
    zero = whole == 0
    # The lowest set bit is a power of two, exact in binary64.
    trailing = np.frexp((whole & -whole).astype(np.float64))[1].astype(np.int64) - 1
    odd = np.where(zero, 0, whole >> np.where(zero, 0, trailing))
    weight = exponent.astype(np.int64) - 53 + trailing
    least = int(weight[~zero].min())
    weight = np.where(zero, least, weight)
    plain_bits = int(exponent[~zero].max()) - least
    odd_bits = int(odd.max()).bit_length()
    if plain_bits <= max(_PLAIN_BITS, min(2 * odd_bits, 62)):
        return _Fields(significand=odd << (weight - least), exponent=np.full(odd.shape, least))
    return _Fields(significand=odd, exponent=weight)
