"""Values as sums of few powers of two: what a product by shift and add is made of.

The decomposition follows from a format's values alone: a magnitude, in units of the format's last
bit, is the sum of its binary digits that are 1. Where no value needs two powers of one class, the
powers are parted into as few classes as a value has terms, and each term has a class of its own:
so APoT's terms are found again (arXiv 1909.13144). Otherwise, as for K-hot codes (QFX, arXiv
2401.17544), terms are ranked: the first is the largest power, and so on.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from hwdse.formats import ScalarFormat

__all__ = ["Digit", "Digits", "booth_rows", "digit_count", "digits"]


@dataclass(frozen=True)
class Digit:
    """One of the powers of two that a magnitude is the sum of.

    Attributes:
        positions: Exponents it can have over the format's ``lsb_exponent``, rising; of a ranked one
            all from 0 to its largest.
        of_code: By code, its exponent; codes are missing whose value does without it.
    """

    positions: tuple[int, ...]
    of_code: dict[int, int] = field(hash=False, repr=False)

    @property
    def least(self) -> int:
        """The smallest exponent."""
        return self.positions[0]

    @property
    def reach(self) -> int:
        """The largest exponent over the least one."""
        return self.positions[-1] - self.least

    @property
    def step(self) -> int:
        """The largest step of which all exponents over the least one are multiples."""
        return math.gcd(*(p - self.least for p in self.positions)) or 1


@dataclass(frozen=True)
class Digits:
    """How the magnitudes of a format are sums of powers of two.

    Attributes:
        terms: The digits; a magnitude is the sum of those that its code has.
        ranked: Terms are the largest power, the second, and so on; else each has exponents of its
            own.
        negative: Codes of negative values.
    """

    terms: tuple[Digit, ...]
    ranked: bool
    negative: frozenset[int] = field(hash=False, repr=False)


def digit_count(fmt: ScalarFormat) -> int:
    """How many powers of two the value that needs most is the sum of; of a format of numbers."""
    return int(np.bitwise_count(fmt.unpack(fmt.codes()).significand).max())


def booth_rows(fmt: ScalarFormat) -> int:
    """Rows of a radix-4 Booth multiplier (MacSorley 1961) for any integers of the same range."""
    unit = Fraction(2) ** fmt.lsb_exponent
    low, high = int(Fraction(fmt.min) / unit), int(Fraction(fmt.max) / unit)
    bits = 1 + max(high.bit_length(), (~low).bit_length() if low < 0 else 0)
    return -(-bits // 2)


@functools.lru_cache(maxsize=64)
def digits(fmt: ScalarFormat) -> Digits:
    """The decomposition of a format without NaNs and infinities."""
    codes = fmt.codes().astype(np.int64)
    fields = fmt.unpack(codes)
    exponents: dict[int, tuple[int, ...]] = {}
    for code, significand, exponent in zip(
        codes.tolist(), fields.significand.tolist(), fields.exponent.tolist(), strict=True
    ):
        ones = (i for i in range(significand.bit_length()) if significand >> i & 1)
        exponents[code] = tuple(exponent - fmt.lsb_exponent + i for i in ones)
    negative = frozenset(codes[fields.sign & (fields.significand > 0)].tolist())
    sums = set(exponents.values())
    count = max(map(len, sums))
    classes = _classes(sums, count)
    terms: list[dict[int, int]] = [{} for _ in range(count)]
    for code, found in exponents.items():
        for rank, exponent in enumerate(reversed(found)):
            terms[rank if classes is None else classes[exponent]][code] = exponent
    return Digits(
        terms=tuple(
            Digit(_positions(term.values(), ranked=classes is None), term) for term in terms
        ),
        ranked=classes is None,
        negative=negative,
    )


def _positions(exponents: Iterable[int], *, ranked: bool) -> tuple[int, ...]:
    return tuple(range(max(exponents) + 1)) if ranked else tuple(sorted(set(exponents)))


def _classes(sums: set[tuple[int, ...]], count: int) -> dict[int, int] | None:
    """A class of 0 to ``count - 1`` for each exponent, none twice in a sum; None if there is none.

    Backtracking, exponents in rising order; a new class is opened only after all open ones.
    """
    positions = sorted({p for found in sums for p in found})
    rivals = {p: {q for found in sums if p in found for q in found} - {p} for p in positions}
    chosen: dict[int, int] = {}

    def place(index: int) -> bool:
        if index == len(positions):
            return True
        p = positions[index]
        taken = {chosen[q] for q in rivals[p] if q in chosen}
        for candidate in range(min(count, max(chosen.values(), default=-1) + 2)):
            if candidate not in taken:
                chosen[p] = candidate
                if place(index + 1):
                    return True
                del chosen[p]
        return False

    return chosen if place(0) else None
