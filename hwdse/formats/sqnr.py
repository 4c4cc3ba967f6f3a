"""How much of a signal quantisation leaves intact."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError

__all__ = ["SqnrMeter", "sqnr_db"]


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
    meter = SqnrMeter(channels=1)
    meter.add(signal.reshape(1, -1), quantised.reshape(1, -1))
    return meter.total_db()


class SqnrMeter:
    """The ratio of a tensor that is seen piece by piece, in all and for each channel.

    Args:
        channels: How many there are, 1 or more.
    """

    def __init__(self, *, channels: int) -> None:
        self._signal = _Energy(channels)
        self._noise = _Energy(channels)

    def add(
        self, x: npt.NDArray[np.float64], xq: npt.NDArray[np.float64], first_channel: int = 0
    ) -> None:
        """Take another piece into account.

        Args:
            x: The signal, shape (channels of this piece, values).
            xq: The quantised signal, of the same shape.
            first_channel: Number of the piece's first channel.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            noise = x - xq
        self._signal.add(x, first_channel)
        self._noise.add(noise, first_channel)

    def channel_db(self) -> npt.NDArray[np.float64]:
        """The ratio of each channel in decibels; special values as of :func:`sqnr_db`."""
        return _ratio_db(self._signal, self._noise)

    def total_db(self) -> float:
        """The ratio of the whole tensor in decibels; special values as of :func:`sqnr_db`."""
        return float(_ratio_db(self._signal.total(), self._noise.total())[0])


class _Energy:
    """Sums of squares ``mantissa * 4**exponent``: a square need not be within binary64's range."""

    def __init__(self, channels: int) -> None:
        self.mantissa = np.zeros(channels)
        self.exponent = np.zeros(channels, dtype=np.int64)

    def add(self, v: npt.NDArray[np.float64], first: int) -> None:
        if v.size == 0:
            return
        peak = np.max(np.abs(v), axis=1)
        finite = np.isfinite(peak)
        exponent = np.frexp(np.where(finite, peak, 1.0))[1].astype(np.int64)
        scaled = np.ldexp(v, -exponent[:, None])
        with np.errstate(invalid="ignore"):
            mantissa = np.where(finite, np.einsum("ij,ij->i", scaled, scaled), np.nan)
        self._accumulate(slice(first, first + len(v)), mantissa, exponent)

    def _accumulate(
        self, where: slice, mantissa: npt.NDArray[np.float64], exponent: npt.NDArray[np.int64]
    ) -> None:
        old, old_exponent = self.mantissa[where], self.exponent[where]
        # A sum that is still zero has no say in the exponent.
        old_exponent = np.where(old == 0, exponent, old_exponent)
        exponent = np.where(mantissa == 0, old_exponent, exponent)
        top = np.maximum(old_exponent, exponent)
        self.mantissa[where] = np.ldexp(old, 2 * (old_exponent - top)) + np.ldexp(
            mantissa, 2 * (exponent - top)
        )
        self.exponent[where] = top

    def total(self) -> _Energy:
        top = int(np.max(self.exponent[self.mantissa != 0], initial=-(1 << 20)))
        sum_ = _Energy(1)
        sum_.mantissa[0] = math.fsum(np.ldexp(self.mantissa, 2 * (self.exponent - top)))
        sum_.exponent[0] = top
        return sum_


def _ratio_db(signal: _Energy, noise: _Energy) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        mantissas = 10.0 * (np.log10(signal.mantissa) - np.log10(noise.mantissa))
    exponents = 20.0 * math.log10(2.0) * (signal.exponent - noise.exponent)
    ratio = np.where(np.isfinite(mantissas), mantissas + exponents, mantissas)
    silent = np.where(np.isnan(signal.mantissa), np.nan, np.inf)
    return np.asarray(np.where(noise.mantissa == 0, silent, ratio))
