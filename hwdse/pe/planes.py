"""Values as weighted sums of planes of bits: what bit-plane arithmetic is made of.

The decomposition follows from a format's values alone: three values ``-v``, ``0`` and ``v`` are one
plane of signs under a plane that masks it; any others are solved for as weighted sums of the bits
of their codes.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hwdse.formats import ScalarFormat
from hwdse.pe.product import integers, is_fixed_point

__all__ = ["BitPlanes", "MaskedSigns", "bit_planes", "planes"]


@dataclass(frozen=True)
class BitPlanes:
    """A value is ``constant + sum(weights[i] * bit i of the code)``, in units of the last bit.

    Two's complement has a negative last weight; bipolar integers (APT-LLM, arXiv 2508.19087) have
    even weights and a constant that makes each bit worth plus or minus half of its weight.
    """

    weights: tuple[int, ...]
    constant: int


@dataclass(frozen=True)
class MaskedSigns:
    """A value is ``-magnitude``, 0 or ``magnitude``, in units of the last bit.

    Attributes:
        magnitude: See above.
        negative, zero, positive: Their codes.
    """

    magnitude: int
    negative: int
    zero: int
    positive: int


@functools.lru_cache(maxsize=64)
def planes(fmt: ScalarFormat) -> BitPlanes | MaskedSigns | None:
    """The planes of a format; None where it has none."""
    if not is_fixed_point(fmt):
        return None
    codes = fmt.codes().astype(np.int64)
    of_code = dict(zip(codes.tolist(), integers(fmt, codes).tolist(), strict=True))
    low, *middle, high = sorted(of_code, key=of_code.__getitem__)
    if [of_code[code] for code in middle] == [0] and of_code[low] == -of_code[high]:
        return MaskedSigns(of_code[high], low, middle[0], high)
    return bit_planes(fmt)


@functools.lru_cache(maxsize=64)
def bit_planes(fmt: ScalarFormat) -> BitPlanes | None:
    """Values as weighted sums of the bits of their codes; None where they are none."""
    if not is_fixed_point(fmt):
        return None
    codes = fmt.codes().astype(np.int64)
    values = integers(fmt, codes)
    of_code = dict(zip(codes.tolist(), values.tolist(), strict=True))
    solution = _solve(fmt.bits, of_code)
    if any(x.denominator != 1 for x in solution):
        return None
    *weights, constant = (int(x) for x in solution)
    bits = codes[:, None] >> np.arange(fmt.bits) & 1
    if (bits @ np.array(weights, dtype=np.int64) + constant != values).any():
        return None
    return BitPlanes(tuple(weights), constant)


def _solve(bits: int, of_code: dict[int, int]) -> list[Fraction]:
    """Weights and constant that fit as many codes as there are unknowns; free ones are 0."""
    rows: dict[int, list[Fraction]] = {}  # by pivot, reduced; the last entry is the value
    for code in _by_bit_count(bits):
        if code not in of_code:
            continue
        ones = [Fraction(code >> i & 1) for i in range(bits)]
        row = [*ones, Fraction(1), Fraction(of_code[code])]
        for pivot, other in rows.items():
            row = _less(row, row[pivot], other)
        free = next((i for i in range(bits, -1, -1) if row[i]), None)
        if free is None:
            continue
        row = [x / row[free] for x in row]
        rows = {pivot: _less(other, other[free], row) for pivot, other in rows.items()}
        rows[free] = row
        if len(rows) == bits + 1:
            break
    return [rows[i][-1] if i in rows else Fraction(0) for i in range(bits + 1)]


def _by_bit_count(bits: int) -> Iterator[int]:
    # Few codes, with few bits set, determine all unknowns.
    for count in range(bits + 1):
        for chosen in itertools.combinations(range(bits), count):
            yield sum(1 << i for i in chosen)


def _less(row: list[Fraction], times: Fraction, other: list[Fraction]) -> list[Fraction]:
    return [x - times * y for x, y in zip(row, other, strict=True)] if times else row
