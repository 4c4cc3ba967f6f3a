"""Weights as signed powers of two, one for each cycle: what bit-serial products are made of.

A term is that of BitMoD (Chen et al., arXiv 2411.11745), ``(-1)**s * 2**exp * man * 2**bsig``: a
sign, one bit, an exponent of the weight's own, and one that all weights share in a cycle. How
weights of a format become terms is a scheme of :data:`SCHEMES`, which says itself what formats it
takes:

* ``bits``: the bits of an integer, from the least significant one up; that of the sign counts
  negative.
* ``booth``: radix-4 digits -2 to 2 of an integer (MacSorley 1961), from the lowest one up.
* ``digits``: of any other values, as few signed powers of two as suffice for all of them, largest
  first. A value has its binary digits where they are no more than that, as a leading-one detector
  finds them, and else those of the non-adjacent form (Reitwiesner 1960), of which there are never
  more than in any other signed form.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import Format, ScalarFormat
from hwdse.formats.bitmod import BitmodFormat
from hwdse.pe.digits import booth_rows

__all__ = ["LARGEST_BITS", "MOST_CODE_BITS", "SCHEMES", "Recoding", "recode", "value_sets"]

# Magnitudes of weights, in units of their last bit, have at most so many bits.
LARGEST_BITS = 16
# Codes whose terms are looked up have at most so many bits, those that choose a value set included.
MOST_CODE_BITS = 8

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Recoding:
    """The terms of every weight.

    Attributes:
        scheme: A name of :data:`SCHEMES`.
        sets: The value sets that a group of weights chooses from; of most formats, the one.
        digits: int64, shape (terms, sets, bit patterns): powers of two with a sign, in units of
            ``2**lsb_exponent``; 0 where a weight has no such term. The terms of a weight add up to
            its value.
    """

    scheme: str
    sets: tuple[ScalarFormat, ...]
    digits: Ints = field(hash=False, repr=False, compare=False)

    @property
    def terms(self) -> int:
        """Terms of a weight, and cycles that it takes."""
        return len(self.digits)

    @property
    def code_bits(self) -> int:
        """Bits of a weight's code."""
        return self.sets[0].bits

    @property
    def select_bits(self) -> int:
        """Bits of the number of a value set; 0 where there is one."""
        return (len(self.sets) - 1).bit_length()

    @property
    def lsb_exponent(self) -> int:
        """Exponent of the units of digits."""
        return self.sets[0].lsb_exponent

    @property
    def values(self) -> Ints:
        """Weights in units of ``2**lsb_exponent``, shape (sets, bit patterns)."""
        return np.asarray(self.digits.sum(axis=0))

    @functools.cached_property
    def positions(self) -> Ints:
        """Exponents of the digits, shape as theirs; of no meaning where a digit is 0."""
        return np.asarray(np.bitwise_count(np.maximum(np.abs(self.digits), 1) - 1), dtype=np.int64)

    @functools.cached_property
    def bases(self) -> tuple[int, ...]:
        """Exponent that all weights share, by term: the least that occurs."""
        pairs = zip(self.positions, self.digits, strict=True)
        return tuple(int(p[d != 0].min(initial=LARGEST_BITS)) for p, d in pairs)

    @functools.cached_property
    def reach(self) -> int:
        """The largest exponent over that which all weights share."""
        over = self.positions - np.array(self.bases)[:, None, None]
        return int(over[self.digits != 0].max())

    @functools.cached_property
    def common_signs(self) -> tuple[bool, ...] | None:
        """Whether digits are negative, by term, where that depends on nothing else; or None."""
        flat = self.digits.reshape(self.terms, -1)
        if ((flat.max(axis=1) > 0) & (flat.min(axis=1) < 0)).any():
            return None
        return tuple((flat.min(axis=1) < 0).tolist())

    @property
    def signed(self) -> bool:
        """Whether a digit can be negative."""
        return bool((self.digits < 0).any())


def value_sets(fmt: Format) -> tuple[ScalarFormat, ...]:
    """The value sets that groups of a format choose from; of most formats, the one there is."""
    return fmt.candidates if isinstance(fmt, BitmodFormat) else (fmt.element,)


@dataclass(frozen=True)
class Scheme:
    """A way of making terms of weights.

    Attributes:
        takes: Whether the weights of a format, whose value sets are given, can be recoded so.
        digits: Their digits, shape (terms, sets, bit patterns).
    """

    takes: Callable[[tuple[ScalarFormat, ...]], bool]
    digits: Callable[[tuple[ScalarFormat, ...]], Ints]


@functools.lru_cache(maxsize=64)
def recode(fmt: Format, scheme: str) -> Recoding:
    """The terms of a format's weights.

    Args:
        fmt: A format of numbers whose magnitudes have at most :data:`LARGEST_BITS` bits.
        scheme: One of :data:`SCHEMES` that takes the format.
    """
    sets = value_sets(fmt)
    return Recoding(scheme=scheme, sets=sets, digits=SCHEMES[scheme].digits(sets))


def _units(fmt: ScalarFormat) -> tuple[Ints, Ints]:
    """Codes, and their values in units of the last bit."""
    codes = fmt.codes().astype(np.int64)
    unit = Fraction(2) ** fmt.lsb_exponent
    values = [int(Fraction(value) / unit) for value in fmt.decode(codes).tolist()]
    return codes, np.array(values, dtype=np.int64)


def _is_integer(sets: tuple[ScalarFormat, ...]) -> bool:
    """Whether codes are two's complement, or unsigned, integers."""
    if len(sets) > 1:
        return False
    (fmt,) = sets
    codes, values = _units(fmt)
    half = 1 << (fmt.bits - 1)
    return bool((values == ((codes ^ half) - half if fmt.signed else codes)).all())


def _bits(sets: tuple[ScalarFormat, ...]) -> Ints:
    (fmt,) = sets
    patterns = np.arange(1 << fmt.bits, dtype=np.int64)
    position = np.arange(fmt.bits, dtype=np.int64)[:, None]
    digits = (patterns >> position & 1) << position
    if fmt.signed:
        digits[-1] *= -1
    return digits[:, None]


def _booth(sets: tuple[ScalarFormat, ...]) -> Ints:
    (fmt,) = sets
    half = 1 << (fmt.bits - 1)
    patterns = np.arange(1 << fmt.bits, dtype=np.int64)
    doubled = ((patterns ^ half) - half if fmt.signed else patterns) << 1
    position = 2 * np.arange(_booth_terms(fmt), dtype=np.int64)[:, None]
    low, middle, high = (doubled >> (position + i) & 1 for i in range(3))
    return np.asarray((low + middle - 2 * high) << position)[:, None]


def _booth_terms(fmt: ScalarFormat) -> int:
    # Patterns that are no codes, as of symmetric integers, are recoded as well.
    return max(booth_rows(fmt), -(-fmt.bits // 2))


def _signed_digits(sets: tuple[ScalarFormat, ...]) -> Ints:
    units = [_units(fmt) for fmt in sets]
    magnitudes = sorted({abs(value) for _, values in units for value in values.tolist()})
    terms = max(1, *(len(_non_adjacent(m)) for m in magnitudes))
    sums = {m: _fewest(m, terms) for m in magnitudes}
    digits = np.zeros((terms, len(sets), 1 << sets[0].bits), dtype=np.int64)
    for index, (codes, values) in enumerate(units):
        for code, value in zip(codes.tolist(), values.tolist(), strict=True):
            for rank, digit in enumerate(sums[abs(value)]):
                digits[rank, index, code] = -digit if value < 0 else digit
    return digits


def _fewest(magnitude: int, terms: int) -> list[int]:
    """Its binary digits if they are no more than ``terms``, else those of non-adjacent form."""
    binary = [1 << i for i in reversed(range(magnitude.bit_length())) if magnitude >> i & 1]
    return binary if len(binary) <= terms else _non_adjacent(magnitude)


def _non_adjacent(magnitude: int) -> list[int]:
    """Signed powers of two of no neighbouring exponents, largest first."""
    found, weight = [], 1
    while magnitude:
        digit = 2 - magnitude % 4 if magnitude % 2 else 0
        found.append(digit * weight)
        magnitude, weight = (magnitude - digit) // 2, 2 * weight
    return [digit for digit in reversed(found) if digit]


def _few_codes(sets: tuple[ScalarFormat, ...]) -> bool:
    return sets[0].bits + (len(sets) - 1).bit_length() <= MOST_CODE_BITS


SCHEMES: dict[str, Scheme] = {
    "bits": Scheme(_is_integer, _bits),
    "booth": Scheme(_is_integer, _booth),
    "digits": Scheme(_few_codes, _signed_digits),
}
