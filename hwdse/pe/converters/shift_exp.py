"""The integer exponential of I-ViT by shifts, and the division that goes with it.

Li and Gu, I-ViT: Integer-only Quantization for Efficient Vision Transformer Inference (arXiv
2207.01405), section 3.2, and the published code. With scale ``s``, ``x0 = floor(-1 / s)`` and a
number ``n`` of fraction bits, the exponential of an integer ``x`` is::

    p = max(x + floor(x / 2) - floor(x / 16), n * x0)        # about x * log2(e)
    q = floor(p / x0),  r = p - x0 * q
    e = floor((r / 2 - x0) * 2**(n - q))                     # about 2**n * exp(s * x) / s

and one over the sum of such, ``factor = floor((2**31 - 1) / min(sum, 2**31 - 1))``. Here ``x0`` is
given as the magnitude ``m = -x0``, 1 or more. ``r`` is 0 where ``q`` is ``n``, so
``e = (2 * m + r) * 2**(n - 1 - q)`` is an integer without the floor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.formats import IntegerFormat
from hwdse.pe.common import take_scalar
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand

__all__ = [
    "LARGEST_SUM",
    "SUM_BITS",
    "factor",
    "magnitude_of",
    "shift_exp",
    "small_scales",
    "take_magnitude",
    "take_source",
    "x0_operand",
]

SUM_BITS = 31
LARGEST_SUM = (1 << SUM_BITS) - 1
PORT = "port"
# Exponentials beyond it are more than the largest sum: nothing depends on how much.
_MOST_SHIFT = 40


def shift_exp(x: NDArray[np.int64], m: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """The integer exponential.

    Args:
        x: Integers of at most 17 bits. Where they are positive and the result is beyond the largest
            sum, it is some number beyond.
        m: Magnitude of ``x0``, 1 to ``2**16``.
        n: Fraction bits, at most 23.
    """
    p = np.maximum(x + (x >> 1) - (x >> 4), -n * m)
    # Rounds to minus infinity, as the published floor does.
    q = p // -m
    r = p + m * q
    shift = n - 1 - q
    base = 2 * m + r
    left, right = np.clip(shift, 0, _MOST_SHIFT), np.clip(-shift, 0, 1)
    return np.asarray(np.where(shift >= 0, base << left, base >> right))


def factor(total: NDArray[np.int64]) -> NDArray[np.int64]:
    """``floor((2**31 - 1) / total)``, of a sum limited to ``2**31 - 1``."""
    return np.asarray(LARGEST_SUM // np.minimum(total, LARGEST_SUM))


def take_source(keys: Keys) -> IntegerFormat:
    """Take the key ``from``: a signed integer of 2 bits or more."""
    source = take_scalar(keys, "from")
    if not isinstance(source, IntegerFormat) or not source.signed or source.bits < 2:
        raise keys.refusal(
            f"from={source.name} is not a signed integer of 2 to 16 bits", {"from": "int8"}
        )
    return source


def take_magnitude(keys: Keys, source: IntegerFormat) -> int | None:
    """Take the key ``x0``: ``port``, which gives None, or the magnitude of ``floor(-1 / s)``."""
    most, value = 1 << source.bits, keys.text_of("x0", PORT)
    if value == PORT:
        return None
    if not value.isdecimal():
        raise keys.refusal(f"x0={value} must be port, or from 1 to {most}", {"x0": PORT})
    return keys.integer_of("x0", 1, 1, most)


def x0_operand(source: IntegerFormat, scale: str) -> Operand:
    """The port of ``x0``: its magnitude, where 0 stands for one more than fits."""
    meaning = f"magnitude of x0 = floor(-1 / {scale}); 0 means {1 << source.bits}"
    return Operand("x0", formats.scalar(f"uint{source.bits}"), meaning=meaning)


def magnitude_of(
    magnitude: int | None, source: IntegerFormat, codes: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """The magnitude of ``x0``, from the key or from codes of the port."""
    if magnitude is not None:
        return np.asarray(magnitude, dtype=np.int64)
    assert codes is not None
    return np.where(codes == 0, 1 << source.bits, codes)


def small_scales(
    codes: dict[str, NDArray[np.int64]], rng: np.random.Generator
) -> dict[str, NDArray[np.int64]]:
    """Codes of operands with half of those of ``x0``, where it is a port, moved to small ones."""
    if "x0" not in codes:
        return codes
    x0 = codes["x0"]
    small = x0 >> rng.integers(1, 7, size=x0.shape)
    return codes | {"x0": np.where(rng.random(x0.shape) < 1 / 2, small, x0)}
