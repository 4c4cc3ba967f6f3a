"""Values that are powers of two, or sums of few: ``potN``, ``apotN`` and ``khotN_K``.

All have a sign bit and, below it, fields that hardware decodes by shifts and adds. The code of
negative zero is unused. Values are integers, so that a scale of a power of two is left to whoever
uses them.

Sources: APoT, Li, Dong and Wang, ICLR 2020, arXiv 1909.13144, with the odd widths of the authors'
code (``build_power_value``); K-hot, QFX, arXiv 2401.17544.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hwdse.errors import HwdseError
from hwdse.formats.base import Family, ScalarFormat
from hwdse.formats.codebook import Codebook

__all__ = ["FAMILY", "parse"]

_POT_BITS = (2, 8)
_APOT_BITS = (3, 7)
_KHOT_BITS = (2, 16)
_NAME = re.compile(r"(pot|apot|khot)(0|[1-9][0-9]{0,3})(?:_(0|[1-9][0-9]{0,3}))?")


def parse(name: str) -> Codebook | None:
    """The format of a name, or None for a name of another shape.

    * ``potN``: a magnitude field m is worth 0 if it is 0, otherwise ``2**(m - 1)``. N is 2 to 8:
      beyond, the largest value exceeds binary32.
    * ``apotN``: the sum of terms, each zero or one of three powers of two, by a field of two bits.
      Terms take turns at the powers, from the largest down. An odd number of magnitude bits leaves
      a term with one bit, zero or the power before the smallest ones of the others; its field is
      the last. N is 3 to 7: the published construction has no other.
    * ``khotN_K``: integers whose magnitude has K bits set at most; other codes are unused. N is 2
      to 16, K 1 to N - 1.

    Raises:
        HwdseError: If N or K is out of range.
    """
    match = _NAME.fullmatch(name)
    if match is None or (match[1] == "khot") != (match[3] is not None):
        return None
    bits = int(match[2])
    if match[1] == "khot":
        _check_bits(name, "khotN_K", bits, _KHOT_BITS)
        hot = int(match[3])
        if not 1 <= hot <= bits - 1:
            raise HwdseError(
                f"unknown format {name!r}: K of khotN_K must be 1 to N - 1 = {bits - 1}, not {hot}"
            )
        magnitudes = [m if m.bit_count() <= hot else None for m in range(1 << (bits - 1))]
        return _sign_and_magnitude(name, magnitudes, source="QFX, arXiv 2401.17544")
    if match[1] == "pot":
        _check_bits(name, "potN", bits, _POT_BITS)
        return _sign_and_magnitude(
            name, [0] + [1 << m for m in range((1 << (bits - 1)) - 1)], source="powers of two"
        )
    _check_bits(name, "apotN", bits, _APOT_BITS)
    return _sign_and_magnitude(name, _apot_magnitudes(bits - 1), source="APoT, arXiv 1909.13144")


def _check_bits(name: str, shape: str, bits: int, bounds: tuple[int, int]) -> None:
    if not bounds[0] <= bits <= bounds[1]:
        raise HwdseError(
            f"unknown format {name!r}: N of {shape} must be {bounds[0]} to {bounds[1]}, not {bits}"
        )


def _sign_and_magnitude(name: str, magnitudes: Sequence[int | None], *, source: str) -> Codebook:
    positive = tuple(None if m is None else float(m) for m in magnitudes)
    negative = tuple(-m if m else None for m in positive)
    return Codebook(
        name=name,
        bits=len(magnitudes).bit_length(),
        kind="power-of-two",
        values=positive + negative,
        source=source,
    )


def _apot_magnitudes(bits: int) -> list[int]:
    """What each code without its sign is worth, in units of the least power."""
    terms = bits // 2
    # From the largest power down: two rounds, the term of one bit if there is one, a third round.
    powers = [1 << e for e in reversed(range(3 * terms + bits % 2))]
    single = [powers.pop(2 * terms)] if bits % 2 else []
    # Fields rise with their powers: zero, then the smallest.
    fields = [[0, *sorted(powers[t::terms])] for t in range(terms)]
    if single:
        fields.append([0, *single])
    sums = [0]
    for field in fields:
        sums = [s + power for s in sums for power in field]
    return sums


FAMILY: Family[ScalarFormat] = Family(parse=parse, names=("pot4", "apot4", "khot4_2", "khot8_2"))
