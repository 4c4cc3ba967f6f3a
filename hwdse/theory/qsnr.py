"""Signal to quantisation noise of integer and floating-point blocks: closed forms and crossovers.

The two theorems of arXiv 2510.25602 ("INT v.s. FP", equations 13 and 14, proofs in its appendix B):
blocks of Gaussian numbers, scaled by their largest magnitude, quantised to ``b``-bit integers or to
minifloats. Everything depends on the block's crest factor ``kappa``, its largest magnitude over its
root mean square.

``rho`` is what the stored scale exceeds the ideal one by, the ideal one taking the block's largest
magnitude to the format's. The paper takes 1.5 for power-of-two scales rounded up (UE8M0), 1.0 in
its text but 1.05 in its figure and code for E4M3 scales.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError

__all__ = [
    "PAIRS",
    "Crossover",
    "FloatQsnr",
    "IntegerQsnr",
    "Pair",
    "QsnrModel",
    "crossover",
    "pair_of",
]

_Reals = npt.NDArray[np.float64]

# Where crossovers are looked for: a crest factor of 1 is a block of one magnitude.
_LOW, _HIGH, _STEPS = 1.01, 64.0, 512


class QsnrModel(Protocol):
    """What predicts the signal to quantisation noise ratio from a block's crest factor."""

    def db(self, crest_factor: npt.ArrayLike) -> _Reals:
        """The ratio in decibels, in the shape of the crest factors."""
        ...


class Crossover(NamedTuple):
    """Where two formats are equally good.

    Members:
        crest_factor: The block's largest magnitude over its root mean square.
        qsnr_db: The signal to quantisation noise ratio of both there.
    """

    crest_factor: float
    qsnr_db: float


@dataclass(frozen=True, kw_only=True)
class IntegerQsnr:
    """Symmetric integers, step ``rho * kappa * rms / (2**(bits - 1) - 1)`` (theorem 1).

    Args:
        bits: 2 to 32.
        rho: Overhead of the stored scale, above 0.
        block: Values per block where the scale is so precise that the largest of them is met
            exactly (NV); None where it is not (MX), when the size does not matter.
        refined: Whether to count ``2**(bits - 1) - 1`` levels on either side, as the proof does
            before it takes ``2**(bits - 1)`` for them, and to leave the constants unrounded.

    Raises:
        HwdseError: If a parameter is out of range.
    """

    bits: int
    rho: float
    block: int | None = None
    refined: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 32:
            raise HwdseError(f"bits of an integer format must be 2 to 32, not {self.bits!r}")
        _check_scale(self.rho, self.block)

    def db(self, crest_factor: npt.ArrayLike) -> _Reals:
        """The ratio in decibels.

        Args:
            crest_factor: Above 1, of any shape.

        Raises:
            HwdseError: If a crest factor is not a finite number above 1.
        """
        kappa = _crest_factors(crest_factor)
        if self.refined:
            levels = 2 ** (self.bits - 1) - 1
            peak = 10 * math.log10(12) + 20 * math.log10(levels)
        else:
            peak = 4.78 + 6.02 * self.bits
        if self.block is not None:
            peak += 10 * math.log10(self.block / (self.block - 1))
        return np.asarray(peak - 20 * np.log10(self.rho * kappa))


@dataclass(frozen=True, kw_only=True)
class FloatQsnr:
    """Minifloats with subnormals (theorem 2).

    ``-10 log10(alpha * w + beta * (rho * kappa)**2 * p)``, with ``alpha = 1 / (24 * 4**M)`` and
    ``beta = 4**(1 - bias - M) / (12 * largest**2)``. In units of the root mean square, numbers
    from ``t = rho * kappa * 2**(1 - bias) / largest`` up are normal; for a Gaussian, the rest has
    probability ``p = erf(t / sqrt 2)``, and the normal ones carry the share
    ``w = erfc(t / sqrt 2) + 2 t phi(t)`` of the energy.

    Args:
        mantissa_bits: ``M``, 0 or more.
        bias: Of the exponent.
        largest: The largest finite value, above 0.
        rho: As for :class:`IntegerQsnr`.
        block: As for :class:`IntegerQsnr`; ``w`` then loses the share of the largest value,
            ``kappa**2 / block``, though it stays at 0 or more, as in the paper's code.
        refined: Whether the error of normal numbers is averaged over significands ``r`` whose
            *logarithm* is uniform in one binade, as follows from a scale of random phase:
            ``E[1 / r**2] = 3 / (8 ln 2)``, so ``alpha = 1 / (32 ln 2 * 4**M)``. The paper takes
            ``r`` itself as uniform, for 1/2, which promises 0.34 dB more.

    Raises:
        HwdseError: If a parameter is out of range.
    """

    mantissa_bits: int
    bias: int
    largest: float
    rho: float
    block: int | None = None
    refined: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.mantissa_bits <= 52:
            raise HwdseError(f"mantissa_bits must be 0 to 52, not {self.mantissa_bits!r}")
        if not -1024 <= self.bias <= 1024:
            raise HwdseError(f"bias must be -1024 to 1024, not {self.bias!r}")
        if not (math.isfinite(self.largest) and self.largest > 0):
            raise HwdseError(f"largest must be a finite number above 0, not {self.largest!r}")
        _check_scale(self.rho, self.block)

    def db(self, crest_factor: npt.ArrayLike) -> _Reals:
        """The ratio in decibels.

        Args:
            crest_factor: Above 1, of any shape.

        Raises:
            HwdseError: If a crest factor is not a finite number above 1.
        """
        kappa = _crest_factors(crest_factor)
        reach = self.rho * kappa
        threshold = reach / self.largest * 2.0 ** (1 - self.bias)
        subnormal = _erf(threshold / math.sqrt(2))
        density = np.exp(-0.5 * threshold**2) / math.sqrt(2 * math.pi)
        normal_energy = 1 - subnormal + 2 * threshold * density
        if self.block is not None:
            normal_energy = np.maximum(normal_energy - kappa**2 / self.block, 0.0)
        alpha = 4.0**-self.mantissa_bits / (32 * math.log(2) if self.refined else 24)
        beta = 4.0 ** (1 - self.bias - self.mantissa_bits) / (12 * self.largest**2)
        return np.asarray(-10 * np.log10(alpha * normal_energy + beta * reach**2 * subnormal))


def _erf(x: _Reals) -> _Reals:
    return np.asarray(np.vectorize(math.erf, otypes=[np.float64])(x))


def _check_scale(rho: float, block: int | None) -> None:
    if not (math.isfinite(rho) and rho > 0):
        raise HwdseError(f"rho must be a finite number above 0, not {rho!r}")
    if block is not None and block < 2:
        raise HwdseError(f"block must be 2 or more, not {block!r}")


def _crest_factors(crest_factor: npt.ArrayLike) -> _Reals:
    try:
        kappa = np.asarray(crest_factor, dtype=np.float64)
    except (TypeError, ValueError):
        raise HwdseError(f"crest factors must be numbers, not {crest_factor!r}") from None
    good = np.isfinite(kappa) & (kappa > 1)
    if not good.all():
        worst = float(kappa[~good].flat[0])
        raise HwdseError(f"crest factors must be finite numbers above 1, not {worst!r}")
    return kappa


def crossover(first: QsnrModel, second: QsnrModel) -> Crossover:
    """The least crest factor at which ``first`` falls from above ``second`` to below it.

    Args:
        first: Ahead at low crest factors, usually the integers.
        second: Ahead from there on.

    Raises:
        HwdseError: If there is none between 1.01 and 64.
    """
    grid = np.geomspace(_LOW, _HIGH, _STEPS)
    ahead = first.db(grid) > second.db(grid)
    falls = np.flatnonzero(ahead[:-1] & ~ahead[1:])
    if falls.size == 0:
        raise HwdseError(
            f"no crossover between crest factors {_LOW} and {_HIGH:g}: the first format is "
            f"{'ahead throughout' if ahead.all() else 'never ahead and then behind'}"
        )
    low, high = float(grid[falls[0]]), float(grid[falls[0] + 1])
    while low < (middle := (low + high) / 2) < high:
        if first.db(middle) > second.db(middle):
            low = middle
        else:
            high = middle
    return Crossover(low, float(second.db(low)))


@dataclass(frozen=True, kw_only=True)
class Pair:
    """An integer and a floating-point block format of the same width and kind of scale.

    Members:
        name: Such as ``MX8``.
        integer, minifloat: Their models, with the ``rho`` of the paper's figure.
        published: Their crossover according to that figure (figure 3).
    """

    name: str
    integer: IntegerQsnr
    minifloat: FloatQsnr
    published: Crossover

    def crossover(self) -> Crossover:
        """Where the models cross.

        Raises:
            HwdseError: If they do not.
        """
        return crossover(self.integer, self.minifloat)

    def replace(self, **changes: Any) -> Pair:
        """The same pair with other parameters of both models, such as ``rho`` or ``refined``."""
        return dataclasses.replace(
            self,
            integer=dataclasses.replace(self.integer, **changes),
            minifloat=dataclasses.replace(self.minifloat, **changes),
        )


PAIRS: tuple[Pair, ...] = (
    Pair(
        name="MX8",
        integer=IntegerQsnr(bits=8, rho=1.5),
        minifloat=FloatQsnr(mantissa_bits=3, bias=7, largest=448.0, rho=1.5),
        published=Crossover(7.55, 31.86),
    ),
    Pair(
        name="MX6",
        integer=IntegerQsnr(bits=6, rho=1.5),
        minifloat=FloatQsnr(mantissa_bits=3, bias=1, largest=7.5, rho=1.5),
        published=Crossover(1.96, 31.54),
    ),
    Pair(
        name="MX4",
        integer=IntegerQsnr(bits=4, rho=1.5),
        minifloat=FloatQsnr(mantissa_bits=1, bias=1, largest=6.0, rho=1.5),
        published=Crossover(2.04, 19.14),
    ),
    Pair(
        name="NV4",
        integer=IntegerQsnr(bits=4, rho=1.05, block=16),
        minifloat=FloatQsnr(mantissa_bits=1, bias=1, largest=6.0, rho=1.05, block=16),
        published=Crossover(2.39, 21.14),
    ),
)
"""The four comparisons of the paper's figure 3: E4M3, E2M3 and E2M1 against integers."""


def pair_of(name: str) -> Pair:
    """The pair of a name, ``MX8``, ``MX6``, ``MX4`` or ``NV4``.

    Raises:
        HwdseError: If there is no such pair.
    """
    for pair in PAIRS:
        if pair.name == name:
            return pair
    raise HwdseError(f"unknown pair {name!r}; known: {', '.join(pair.name for pair in PAIRS)}")
