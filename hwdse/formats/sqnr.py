"""How much of a signal quantisation leaves intact."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError

__all__ = ["sqnr_db"]


def sqnr_db(x: npt.ArrayLike, xq: npt.ArrayLike) -> float:
    """Signal to quantisation noise ratio in decibels, ``10 log10(sum x**2 / sum (x - xq)**2)``.

    Args:
        x: The signal, of any shape.
        xq: The quantised signal, of the same shape.

    Returns:
        Infinity where both are equal, also if they are all zero or empty; minus infinity where
        the signal is all zero and the quantised one is not; NaN where a value, or a difference,
        is not finite.

    Raises:
        HwdseError: If the shapes differ.
    """
    signal = np.asarray(x, dtype=np.float64)
    quantised = np.asarray(xq, dtype=np.float64)
    if signal.shape != quantised.shape:
        raise HwdseError(
            f"signal and quantised signal differ in shape: {signal.shape} and {quantised.shape}"
        )
    with np.errstate(invalid="ignore", over="ignore"):
        noise = signal - quantised
    return 10.0 * (_log10_energy(signal) - _log10_energy(noise)) if noise.any() else _silent(signal)


def _silent(signal: npt.NDArray[np.float64]) -> float:
    return math.inf if np.isfinite(signal).all() else math.nan


def _log10_energy(v: npt.NDArray[np.float64]) -> float:
    """Logarithm of the sum of squares, which need not be within the range of binary64 itself."""
    peak = float(np.max(np.abs(v)))
    if peak == 0.0:
        return -math.inf
    if not math.isfinite(peak):
        return math.nan
    exponent = math.frexp(peak)[1]
    scaled = np.ldexp(v, -exponent)
    return math.log10(float(np.sum(scaled * scaled))) + 2.0 * exponent * math.log10(2.0)
