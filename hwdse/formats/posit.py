"""Posits: ``positN`` for 3 to 16 bits, with two exponent bits.

Source: Standard for Posit Arithmetic (2022). The value is in its section 3, the rounding in
section 4.1: to the nearest by bit string, so that the threshold between two posits is the posit of
one more bit between them; a tie goes to the even code; no number but zero rounds to zero, and none
to NaR. Where regimes are long, that threshold is not the midpoint. NaNs and infinities become NaR.

The other ways to round are not the standard's. ``nearest-away`` has the same thresholds; the rest
are by value, so ``toward-zero`` and its like do give zero for what lies below the least posit.
"""

from __future__ import annotations

import re

from hwdse.errors import HwdseError
from hwdse.formats.base import Family, ScalarFormat
from hwdse.formats.codebook import Codebook

__all__ = ["FAMILY", "parse"]

_EXPONENT_BITS = 2
_LEAST_BITS = 3
_MOST_BITS = 16
_NAME = re.compile(r"posit(0|[1-9][0-9]{0,3})")


def parse(name: str) -> Codebook | None:
    """The format that ``positN`` names, or None for a name of another shape.

    Raises:
        HwdseError: If N is not in 3 to 16.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    bits = int(match[1])
    if not _LEAST_BITS <= bits <= _MOST_BITS:
        raise HwdseError(
            f"unknown format {name!r}: N of positN must be {_LEAST_BITS} to {_MOST_BITS}, "
            f"not {bits}"
        )
    nar = 1 << (bits - 1)
    positive = [_positive_value(code, bits) for code in range(1, nar)]
    between = [_positive_value(2 * code + 1, bits + 1) for code in range(1, nar - 1)]
    # Nothing above zero rounds to it.
    upper = [0.0, *between]
    return Codebook(
        name=name,
        bits=bits,
        kind="posit",
        values=(0.0, *positive, None, *(-v for v in reversed(positive))),
        nar=nar,
        thresholds=(*(-t for t in reversed(upper)), *upper),
        source="Standard for Posit Arithmetic (2022)",
    )


def _positive_value(code: int, bits: int) -> float:
    """The value of a code from 1 to ``2**(bits - 1) - 1``, exactly.

    A run of equal bits is the regime: k zeros are worth -k, k ones k - 1. One bit of the other kind
    ends it; two bits of exponent and the fraction follow, absent bits being zero.
    """
    rest = bits - 1
    ones = code >> (rest - 1) == 1
    # The run is what precedes the first bit of the other kind.
    other = code ^ ((1 << rest) - 1) if ones else code
    run = rest - other.bit_length()
    regime = run - 1 if ones else -run
    tail_bits = max(rest - run - 1, 0)
    tail = code & ((1 << tail_bits) - 1)
    # The tail as if it were long enough: exponent, then fraction.
    fraction_bits = max(tail_bits - _EXPONENT_BITS, 0)
    tail <<= fraction_bits + _EXPONENT_BITS - tail_bits
    exponent = tail >> fraction_bits
    fraction = tail & ((1 << fraction_bits) - 1)
    significand = (1 << fraction_bits) | fraction
    # At most 12 bits with exponents within ±60: exact.
    scale = (regime << _EXPONENT_BITS) + exponent - fraction_bits
    return significand * 2.0**scale


FAMILY: Family[ScalarFormat] = Family(parse=parse, names=("posit8",))
