"""Quantisation noise of scalar formats on named distributions, in closed form.

A tensor is divided by one real scale, rounded to the nearest value of the format, where it ends
saturating, and multiplied back. Integrals over the cells of the rounding are those of the
distribution, so that nothing is drawn at random; the scale is the one of least noise, which
depends on distribution and format alone. (The scale that takes the largest magnitude to the largest
value of the format depends on how many numbers there are.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError, nearest_hint
from hwdse.formats.base import ScalarFormat

__all__ = [
    "DISTRIBUTIONS",
    "Moments",
    "has_closed_form",
    "least_noise",
    "moments",
    "product_noise",
]

_Reals = npt.NDArray[np.float64]

# Wider formats have too many cells to integrate over.
_MOST_BITS = 12
# Where the format's largest value is looked for, in deviations, and in how many steps per octave:
# noise has a minimum in each octave where a format's values are spaced by octaves.
_REACH = (0.5, 1024.0)
_PER_OCTAVE = 24
_REFINEMENTS = 40
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class _Distribution:
    """A distribution that is symmetric about 0.

    Attributes:
        variance: Its variance.
        below: Probability of less than ``x``.
        mean_above: Integral of ``t p(t)`` from ``x`` up.
    """

    variance: float
    below: Callable[[_Reals], _Reals]
    mean_above: Callable[[_Reals], _Reals]


def _normal_below(x: _Reals) -> _Reals:
    return np.asarray([0.5 * math.erfc(-v / math.sqrt(2)) for v in x.reshape(-1).tolist()]).reshape(
        x.shape
    )


def _normal_mean_above(x: _Reals) -> _Reals:
    return np.asarray(np.exp(-np.square(x) / 2) / math.sqrt(2 * math.pi))


def _laplace_below(x: _Reals) -> _Reals:
    tail = np.exp(-np.abs(x)) / 2
    return np.where(x < 0, tail, 1 - tail)


def _laplace_mean_above(x: _Reals) -> _Reals:
    return np.where(np.isinf(x), 0.0, (np.minimum(np.abs(x), 700) + 1) * np.exp(-np.abs(x)) / 2)


def _student_below(x: _Reals) -> _Reals:
    # Five degrees of freedom: Abramowitz and Stegun, 26.7.3.
    angle = np.arctan(x / math.sqrt(5))
    cosine = np.cos(angle)
    return np.asarray(0.5 + (angle + np.sin(angle) * cosine * (1 + 2 / 3 * cosine**2)) / math.pi)


def _student_mean_above(x: _Reals) -> _Reals:
    # The density is 8 / (3 pi sqrt(5)) (1 + x**2 / 5)**-3.
    return np.asarray(10 / (3 * math.pi * math.sqrt(5)) * (1 + np.square(x) / 5) ** -2)


DISTRIBUTIONS = {
    "normal": _Distribution(1.0, _normal_below, _normal_mean_above),
    "laplace": _Distribution(2.0, _laplace_below, _laplace_mean_above),
    "student5": _Distribution(5 / 3, _student_below, _student_mean_above),
}
"""N(0, 1); Laplace; Student's t of five degrees of freedom, whose tails are the heaviest."""


class Moments(NamedTuple):
    """Moments of a quantised value ``q`` of ``x``, over the variance of ``x``.

    Members:
        cross: Mean of ``x q``.
        square: Mean of ``q**2``.
    """

    cross: float
    square: float

    @property
    def noise(self) -> float:
        """Mean of ``(x - q)**2`` over the variance."""
        return 1 - 2 * self.cross + self.square


def moments(fmt: ScalarFormat, distribution: str, reach: float) -> Moments:
    """Moments at one scale.

    Args:
        fmt: A format that has a closed form.
        distribution: One of ``DISTRIBUTIONS``.
        reach: What the format's largest value stands for, in deviations.

    Raises:
        HwdseError: There is no such distribution, or ``has_closed_form`` of the format is false.
    """
    known = DISTRIBUTIONS.get(distribution)
    if known is None:
        hint = nearest_hint(distribution, DISTRIBUTIONS)
        raise HwdseError(f"unknown distribution {distribution[:40]!r}{hint}")
    if not has_closed_form(fmt):
        raise HwdseError(
            f"{fmt.name} has more than {_MOST_BITS} bits or does not round to the nearest value: "
            "there is no closed form of its noise"
        )
    values = _values(fmt) * (reach * math.sqrt(known.variance) / fmt.max)
    middle = (values[1:] + values[:-1]) / 2
    edges = np.concatenate([[-math.inf], middle, [math.inf]])
    above = known.mean_above(edges)
    cross = values * (above[:-1] - above[1:])
    square = np.square(values) * np.diff(known.below(edges))
    return Moments(
        math.fsum(cross.tolist()) / known.variance, math.fsum(square.tolist()) / known.variance
    )


def least_noise(fmt: ScalarFormat, distribution: str) -> Moments:
    """Moments at the scale of least noise; see :func:`moments`."""
    low, high = (math.log2(end) for end in _REACH)
    grid = np.linspace(low, high, round((high - low) * _PER_OCTAVE) + 1).tolist()

    def at(log_reach: float) -> Moments:
        return moments(fmt, distribution, 2**log_reach)

    best = min(grid, key=lambda log_reach: at(log_reach).noise)
    left, right = best - 1 / _PER_OCTAVE, best + 1 / _PER_OCTAVE
    for _ in range(_REFINEMENTS):
        first, second = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
        if at(first).noise <= at(second).noise:
            right = second
        else:
            left = first
    return min(at(best), at((left + right) / 2), key=lambda found: found.noise)


@cache
def product_noise(w: ScalarFormat, a: ScalarFormat, distribution: str) -> float:
    """Noise of a dot product over its own energy, each operand at its scale of least noise.

    Both operands are of the distribution, independent of each other, and so are their elements; as
    all means are 0, or those of codes nearly so, noise and energy are those of a product.
    """
    of_w, of_a = least_noise(w, distribution), least_noise(a, distribution)
    return 1 - 2 * of_w.cross * of_a.cross + of_w.square * of_a.square


@cache
def has_closed_form(fmt: ScalarFormat) -> bool:
    """Whether a format is narrow enough, and rounds to the nearest value, as posits do not."""
    if fmt.bits > _MOST_BITS:
        return False
    values = _values(fmt)
    below, above = values[:-1], values[1:]
    inner = [below + share * (above - below) for share in (0.375, 0.625)]
    found = [fmt.decode(fmt.encode(x)) for x in inner]
    return all(np.array_equal(*pair) for pair in zip(found, (below, above), strict=True))


@cache
def _values(fmt: ScalarFormat) -> _Reals:
    """All finite values, ascending."""
    values = fmt.decode(fmt.codes())
    return np.unique(values[np.isfinite(values)])
