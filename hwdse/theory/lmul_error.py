"""Relative error of multipliers that add: L-Mul and Mitchell's, over all pairs of mantissas.

Both approximate ``(1 + x) (1 + y)`` for mantissas ``x`` and ``y`` of ``m`` bits by a sum. L-Mul
(arXiv 2410.00907) adds an offset ``2**-l(m)``, with ``l(m) = m`` up to 3, 3 for 4 and 4 above. Its
printed formula and the integer adder that implements it are different functions wherever the
mantissas' sum reaches 1: the adder's carry doubles the result, the formula knows no carry.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError

__all__ = ["AddingMultiplier", "RelativeError", "offset_exponent", "product", "relative_error"]

_MAX_BITS = 12


class AddingMultiplier(enum.StrEnum):
    """What stands for ``(1 + x) (1 + y)``; ``s`` is the sum of the terms after the 1.

    ``formula``: ``1 + s`` with ``s = x + y + 2**-l(m)``, as printed for L-Mul.
    ``integer-add``: ``(1 + s mod 1) * 2**floor(s)`` with the same ``s``, as the integer adder over
    exponent and mantissa fields does it.
    ``mitchell``: ``(1 + s mod 1) * 2**floor(s)`` with ``s = x + y``, from Mitchell (1962).
    """

    FORMULA = "formula"
    INTEGER_ADD = "integer-add"
    MITCHELL = "mitchell"


@dataclass(frozen=True, kw_only=True)
class RelativeError:
    """Relative error over all pairs of mantissas, each as likely as any other.

    Members:
        mean: With its sign: what is left of it where products are summed.
        mean_absolute: Of its magnitude.
        max_absolute: The largest magnitude.
    """

    mean: float
    mean_absolute: float
    max_absolute: float


def offset_exponent(mantissa_bits: int) -> int:
    """``l(m)``: L-Mul adds ``2**-l(m)``.

    Raises:
        HwdseError: If there are fewer than 1 or more than 12 mantissa bits.
    """
    _check_bits(mantissa_bits)
    if mantissa_bits <= 3:
        return mantissa_bits
    return 3 if mantissa_bits == 4 else 4


def product(
    multiplier: str, x: npt.ArrayLike, y: npt.ArrayLike, mantissa_bits: int
) -> npt.NDArray[np.int64]:
    """The approximate product in units of ``4**-mantissa_bits``, exactly.

    Args:
        multiplier: An :class:`AddingMultiplier`.
        x, y: Mantissa fields, integers of 0 to ``2**mantissa_bits - 1``, of shapes that go
            together.
        mantissa_bits: 1 to 12.

    Raises:
        HwdseError: If a parameter is out of range, or there is no such multiplier.
    """
    _check_bits(mantissa_bits)
    kind = _multiplier(multiplier)
    fields = [_mantissas(v, mantissa_bits) for v in (x, y)]
    one = 1 << mantissa_bits
    offset = 0
    if kind is not AddingMultiplier.MITCHELL:
        offset = 1 << (mantissa_bits - offset_exponent(mantissa_bits))
    total = fields[0] + fields[1] + offset
    if kind is AddingMultiplier.FORMULA:
        return np.asarray((one + total) << mantissa_bits)
    carry = total >> mantissa_bits
    return np.asarray((one + (total & (one - 1))) << (mantissa_bits + carry))


def relative_error(multiplier: str, mantissa_bits: int) -> RelativeError:
    """The relative error of ``product`` over all ``4**mantissa_bits`` pairs.

    Differences and exact products are integers; each quotient is rounded once to binary64, and
    their sum is exact until it is rounded (``math.fsum``), so the means are good to 1e-15.

    Args:
        multiplier: An :class:`AddingMultiplier`.
        mantissa_bits: 1 to 12.

    Raises:
        HwdseError: As for :func:`product`.
    """
    _check_bits(mantissa_bits)
    kind = _multiplier(multiplier)
    pairs = 4**mantissa_bits
    largest = max(float(np.abs(row).max()) for row in _error_rows(kind, mantissa_bits))
    signed = (e for row in _error_rows(kind, mantissa_bits) for e in row.tolist())
    magnitudes = (e for row in _error_rows(kind, mantissa_bits) for e in np.abs(row).tolist())
    return RelativeError(
        mean=math.fsum(signed) / pairs,
        mean_absolute=math.fsum(magnitudes) / pairs,
        max_absolute=largest,
    )


def _error_rows(kind: AddingMultiplier, mantissa_bits: int) -> Iterator[npt.NDArray[np.float64]]:
    """Relative errors, one row per ``x``: the whole grid need not be in memory."""
    one = 1 << mantissa_bits
    y = np.arange(one, dtype=np.int64)
    for x in range(one):
        exact = (one + x) * (one + y)
        yield (product(kind, x, y, mantissa_bits) - exact) / exact


def _check_bits(mantissa_bits: int) -> None:
    if not (isinstance(mantissa_bits, Integral) and 1 <= mantissa_bits <= _MAX_BITS):
        raise HwdseError(
            f"mantissa_bits must be an integer of 1 to {_MAX_BITS}, not {mantissa_bits!r}"
        )


def _multiplier(name: str) -> AddingMultiplier:
    try:
        return AddingMultiplier(name)
    except ValueError:
        known = ", ".join(AddingMultiplier)
        raise HwdseError(f"unknown multiplier {name!r}; known: {known}") from None


def _mantissas(x: npt.ArrayLike, mantissa_bits: int) -> npt.NDArray[np.int64]:
    field = np.asarray(x)
    if field.dtype.kind not in "iu":
        raise HwdseError(f"mantissas must be integers, not of {field.dtype}")
    outside = (field < 0) | (field >= 1 << mantissa_bits)
    if outside.any():
        raise HwdseError(
            f"mantissas must be 0 to {(1 << mantissa_bits) - 1}, not {int(field[outside].flat[0])}"
        )
    return field.astype(np.int64)
