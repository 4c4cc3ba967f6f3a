"""From which magnitudes on scales and elements take their codes: what block quantisers compare.

All is derived from a function of magnitudes by bisection, which is exact since it never falls, and
brought into the form that hardware takes: what repeats from binade to binade is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Digest",
    "ElementSteps",
    "Row",
    "ScaleSteps",
    "digest",
    "least_magnitudes",
    "scale_steps",
]

Magnitudes = NDArray[np.int64]
# More magnitudes that are compared with constants cost more than a normaliser.
_MOST_LOW = 8


@dataclass(frozen=True)
class Row:
    """Codes of the magnitudes of one binade.

    Attributes:
        code: Of the first of them, less ``codes_per_binade`` for each binade from field 0.
        steps: Mantissas from which on it is one more each, rising.
    """

    code: int
    steps: tuple[int, ...]


@dataclass(frozen=True)
class ScaleSteps:
    """How a block's scale follows from its largest magnitude.

    With the exponent field ``e`` of the magnitude, normalised where ``normalised``, the code is
    that of row ``e % len(rows)``, plus ``e * codes_per_binade``, plus its steps up to the mantissa;
    at least ``least``, and at most ``largest``. Below ``regular`` it is ``least`` and the ``low``
    ones up to the magnitude. That of zero is ``least``. From ``beyond`` on there is no scale.

    Attributes:
        rows: One, or those of even and of odd exponent fields.
        codes_per_binade: Of scales.
        least, largest: Codes.
        beyond: A magnitude; None where the largest has a scale.
        normalised: Whether subnormal magnitudes are normalised, down to exponent fields below 0.
        regular: The least magnitude that rows are for; 0 where there are no others.
        low: Magnitudes below that from which on the code is one more each.
    """

    rows: tuple[Row, ...]
    codes_per_binade: int
    least: int
    largest: int
    beyond: int | None
    normalised: bool
    regular: int = 0
    low: tuple[int, ...] = ()

    def code(self, magnitudes: Magnitudes, mantissa_bits: int) -> Magnitudes:
        """Codes of largest magnitudes that are not beyond, as hardware finds them."""
        field, mantissa = magnitudes >> mantissa_bits, magnitudes & ((1 << mantissa_bits) - 1)
        if self.normalised:
            length = np.frexp(magnitudes.astype(np.float64))[1].astype(np.int64)
            left = np.where(field == 0, mantissa_bits + 1 - np.maximum(length, 1), 0)
            field = np.where(field == 0, 1 - left, field)
            mantissa = (magnitudes << left) & ((1 << mantissa_bits) - 1)
        code = np.zeros_like(field)
        for parity, row in enumerate(self.rows):
            reached = row.code + sum(((mantissa >= step).astype(np.int64) for step in row.steps), 0)
            code = np.where(field % len(self.rows) == parity, reached, code)
        code = np.clip(code + field * self.codes_per_binade, self.least, self.largest)
        low = self.least + sum(((magnitudes >= step).astype(np.int64) for step in self.low), 0)
        return np.where(magnitudes == 0, self.least, np.where(magnitudes < self.regular, low, code))


def least_magnitudes(
    function: Callable[[Magnitudes], Magnitudes], codes: Magnitudes, most: Magnitudes | int
) -> Magnitudes:
    """The least magnitudes at which a function that never falls reaches codes.

    Args:
        function: Of magnitudes of the shape of ``codes``.
        codes: Any shape.
        most: The largest magnitude, or that of each.

    Returns:
        ``most + 1`` where a code is never reached.
    """
    low, high = np.zeros_like(codes), np.broadcast_to(np.asarray(most) + 1, codes.shape)
    while (open_ := low < high).any():
        middle = (low + high) >> 1
        reached = function(np.minimum(middle, most)) >= codes
        high = np.where(open_ & reached, middle, high)
        low = np.where(open_ & ~reached, middle + 1, low)
    return low


def scale_steps(
    function: Callable[[Magnitudes], Magnitudes],
    *,
    most: int,
    mantissa_bits: int,
    codes_per_binade: int,
    last: int,
) -> ScaleSteps:
    """The steps of a scale's code.

    Args:
        function: Scale codes of largest magnitudes; one beyond the largest scale where there is
            none.
        most: The largest magnitude.
        mantissa_bits: Of magnitudes.
        codes_per_binade: Of scales.
        last: Code of the largest scale.
    """
    least, reached = (int(function(np.array([end]))[0]) for end in (0, most))
    largest, beyond = min(reached, last), None
    if reached > last:
        beyond = int(least_magnitudes(function, np.array([last + 1]), most)[0])
    starts = least_magnitudes(function, np.arange(least + 1, largest + 1), most)
    # Two binades where the steps are those of all others.
    middle = (int(starts[-1]) >> mantissa_bits) // 2 * 2 - 2
    rows = [
        _row(starts, least, middle + parity, mantissa_bits, codes_per_binade) for parity in (0, 1)
    ]
    if rows[0] == rows[1]:
        rows.pop()
    plain = ScaleSteps(
        tuple(rows), codes_per_binade, least, largest, beyond=beyond, normalised=False
    )
    found = _with_low(plain, starts, mantissa_bits)
    if len(found.low) > _MOST_LOW:
        found = _with_low(replace(plain, normalised=True), starts, mantissa_bits)
    return found


def _row(
    starts: Magnitudes, least: int, field: int, mantissa_bits: int, codes_per_binade: int
) -> Row:
    """Codes of the magnitudes of one exponent field."""
    first = field << mantissa_bits
    begin = least + int(np.count_nonzero(starts <= first))
    inside = starts[(starts > first) & (starts < first + (1 << mantissa_bits))] - first
    return Row(begin - field * codes_per_binade, tuple(inside.tolist()))


def _with_low(steps: ScaleSteps, starts: Magnitudes, mantissa_bits: int) -> ScaleSteps:
    """Steps with those added that rows do not give."""
    ends = np.unique(np.concatenate([starts - 1, starts]))
    true = steps.least + np.searchsorted(starts, ends, side="right")
    wrong = ends[steps.code(ends, mantissa_bits) != true]
    if wrong.size == 0:
        return steps
    first = int(np.searchsorted(starts, wrong[-1], side="right"))
    return replace(steps, regular=int(starts[first]), low=tuple(starts[:first].tolist()))


@dataclass(frozen=True)
class ElementSteps:
    """How an element follows from its magnitude and from a scale that is no power of two.

    Attributes:
        rows: By mantissa of the scale: magnitudes from which on the element's is one code more
            each, for a scale of exponent field 0. With each field more, they are a binade more.
    """

    rows: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Digest:
    """The bits of a magnitude that decide in comparisons with certain numbers.

    Attributes:
        cut: Low bits that are not among them.
        sticky: Whether one bit, behind the rest, says whether any of those is set.
    """

    cut: int
    sticky: bool

    def of(self, number: int) -> int:
        """The digest of a number."""
        kept = number >> self.cut
        return kept << 1 | (number & ((1 << self.cut) - 1) != 0) if self.sticky else kept


def digest(numbers: Iterable[int], mantissa_bits: int) -> Digest:
    """The shortest digest of magnitudes that compares with some numbers as magnitudes do."""
    known = list(numbers)

    def cut(most: int) -> int:
        fit = (c for c in range(mantissa_bits, 0, -1) if all(n % (1 << c) <= most for n in known))
        return next(fit, 0)

    plain, sticky = cut(0), cut(1)
    return Digest(sticky, True) if sticky > plain + 1 else Digest(plain, False)
