"""Rounding to a table of values: where numbers are cut apart, and how cuts are found fast."""

from __future__ import annotations

import enum
import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from hwdse.formats.base import Rounding

__all__ = ["Cuts", "Exact", "Ties", "make_cuts"]

# Python compares both with each other exactly.
Exact = Fraction | float

# So few comparisons with every cut are faster than any search.
_COUNTED = 16
# With more cuts than this in a bucket, a binary search is faster.
_MAX_PER_BUCKET = 4


class Ties(enum.StrEnum):
    """Where a number halfway between two values goes under ``nearest-even``.

    Members:
        EVEN: To the value whose code is even; where both or neither is, to the smaller magnitude,
            and between equal magnitudes to the lower value.
        LOWER: To the lower value.
        UPPER: To the upper value.
    """

    EVEN = "even"
    LOWER = "lower"
    UPPER = "upper"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Search:
    """Cuts in one binary type, and how to count those below numbers of that type.

    Members:
        cuts: Rising; a number is beyond those that it is greater than.
        always: How many cuts besides are below all numbers of the type.
        base: By the upper 16 bits of a number: how many cuts are below all numbers that have
            them. None where cuts are so few, or so dense, that there is a better way.
        near: The cuts from there on, as many as one set of numbers with the same upper bits can
            be beyond; a row for each.
    """

    cuts: npt.NDArray[Any]
    always: int = 0
    base: npt.NDArray[np.intp] | None
    near: npt.NDArray[Any]

    def below(self, x: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        """How many cuts each number is beyond; any number of them for a NaN."""
        if self.cuts.size <= _COUNTED:
            count = np.zeros(x.shape, dtype=np.uint8)
            for cut in self.cuts:
                count += x > cut
            return count.astype(np.intp) + self.always
        if self.base is None:
            return np.searchsorted(self.cuts, x) + self.always
        bucket = (x.view(_PATTERN[x.dtype]) >> (8 * x.itemsize - 16)).astype(np.intp)
        found = self.base.take(bucket)
        for row in self.near:
            found += x > row.take(bucket)
        return found


_PATTERN = {np.dtype(np.float32): np.uint32, np.dtype(np.float64): np.uint64}


def _make_search(cuts: npt.NDArray[Any]) -> _Search:
    nothing = np.empty((0, 0), dtype=cuts.dtype)
    if cuts.size <= _COUNTED:
        return _Search(cuts=cuts, base=None, near=nothing)
    pattern = _PATTERN[cuts.dtype]
    shift = 8 * cuts.itemsize - 16
    bucket = np.arange(1 << 16).astype(pattern)
    ends = [(bucket << shift).view(cuts.dtype), ((bucket + 1 << shift) - 1).view(cuts.dtype)]
    # NaNs share buckets with infinities; beyond the sign bit, patterns fall as numbers rise.
    ends = [np.where(np.isnan(e), np.copysign(np.inf, e), e) for e in ends]
    base = np.searchsorted(cuts, np.minimum(*ends))
    most = int((np.searchsorted(cuts, np.maximum(*ends)) - base).max())
    if most > _MAX_PER_BUCKET:
        return _Search(cuts=cuts, base=None, near=nothing)
    padded = np.append(cuts, np.full(most, np.inf, dtype=cuts.dtype))
    return _Search(cuts=cuts, base=base, near=padded[base + np.arange(most)[:, None]])


@dataclass(frozen=True, kw_only=True, eq=False)
class Cuts:
    """Where numbers are cut apart: one goes above as many values as it is beyond cuts.

    Members:
        points: One per gap between values, rising, exactly.
        up: Whether a number at the point itself is beyond the cut.
    """

    points: tuple[Exact, ...]
    up: tuple[bool, ...]

    def ranks(self, x: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        """How many cuts each number is beyond; any number of them for a NaN.

        Args:
            x: 1-d; float16, float32, float64 or integers.
        """
        if x.dtype.kind in "iu":
            # Not as binary64, where long integers would be rounded into cuts.
            search = self._signed if x.dtype.kind == "i" else self._unsigned
            return search.below(x)
        if x.dtype.itemsize == 8:
            return self._double.below(np.ascontiguousarray(x))
        # Signalling NaNs raise the invalid flag when widened.
        with np.errstate(invalid="ignore"):
            return self._single.below(np.ascontiguousarray(x, dtype=np.float32))

    @functools.cached_property
    def _double(self) -> _Search:
        """The greatest binary64 numbers that are not beyond the cuts."""
        cuts = np.array([float(point) for point in self.points])
        beyond = [
            cut > point or (cut == point and up)
            for cut, point, up in zip(cuts.tolist(), self.points, self.up, strict=True)
        ]
        return _make_search(np.where(beyond, np.nextafter(cuts, -np.inf), cuts))

    @functools.cached_property
    def _single(self) -> _Search:
        """The greatest binary32 numbers not above those: none lies between the two."""
        exact = self._double.cuts
        with np.errstate(over="ignore", under="ignore"):
            cuts = exact.astype(np.float32)
        return _make_search(np.where(cuts > exact, np.nextafter(cuts, np.float32(-np.inf)), cuts))

    @functools.cached_property
    def _signed(self) -> _Search:
        return self._integers(np.iinfo(np.int64))

    @functools.cached_property
    def _unsigned(self) -> _Search:
        return self._integers(np.iinfo(np.uint64))

    def _integers(self, held: np.iinfo[Any]) -> _Search:
        """The greatest integers that are not beyond the cuts, of those that a dtype holds."""
        cuts = [
            math.ceil(point) - 1 if up else math.floor(point)
            for point, up in zip(self.points, self.up, strict=True)
        ]
        within = [min(cut, int(held.max)) for cut in cuts if cut >= held.min]
        return _Search(
            cuts=np.array(within, dtype=held.dtype),
            always=len(cuts) - len(within),
            base=None,
            near=np.empty((0, 0)),
        )


def make_cuts(
    mode: Rounding,
    *,
    values: Sequence[float],
    codes: Sequence[int],
    thresholds: Sequence[Exact] | None,
    ties: Ties,
) -> Cuts:
    """The cuts of a way to round, other than ``stochastic``.

    Args:
        mode: The way to round.
        values: Rising.
        codes: Of each value.
        thresholds: What takes the place of the midpoint of each gap; None for the midpoints.
        ties: Where ties go.
    """
    cuts = []
    for i, gap in enumerate(itertools.pairwise(values)):
        odd = codes[i] % 2 == 1, codes[i + 1] % 2 == 1
        threshold = None if thresholds is None else thresholds[i]
        cuts.append(_cut(mode, *gap, odd=odd, threshold=threshold, ties=ties))
    return Cuts(points=tuple(point for point, _ in cuts), up=tuple(up for _, up in cuts))


def _cut(
    mode: Rounding,
    low: float,
    high: float,
    *,
    odd: tuple[bool, bool],
    threshold: Exact | None,
    ties: Ties,
) -> tuple[Exact, bool]:
    """Where to cut in a gap, and whether what is there goes up."""
    even_up = odd[0] if odd[0] != odd[1] else abs(high) < abs(low)
    tie_up = ties is Ties.UPPER or (ties is Ties.EVEN and even_up)
    all_down, all_up = (high, True), (low, False)
    toward_zero = all_down if low >= 0 else all_up if high <= 0 else (0.0, tie_up)
    match mode:
        case Rounding.TOWARD_NEGATIVE:
            return all_down
        case Rounding.TOWARD_POSITIVE:
            return all_up
        case Rounding.TOWARD_ZERO:
            return toward_zero
        case Rounding.TO_ODD:
            return toward_zero if odd[0] == odd[1] else all_up if odd[1] else all_down
        case Rounding.NEAREST_EVEN | Rounding.NEAREST_AWAY:
            if mode is Rounding.NEAREST_AWAY and abs(low) != abs(high):
                tie_up = abs(high) > abs(low)
            middle = (Fraction(low) + Fraction(high)) / 2 if threshold is None else threshold
            # A threshold may be at a value, which is never cut off from itself.
            return middle, middle == high or (tie_up and middle != low)
        case Rounding.STOCHASTIC:
            raise AssertionError("stochastic rounding has no cuts of its own")
        case _:
            assert_never(mode)
