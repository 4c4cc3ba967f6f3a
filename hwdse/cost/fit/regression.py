"""Regression of a positive figure on counts: contributions, then what is like what is known.

First a linear model: every count contributes in proportion, with weights that are free for the main
counts and held back (ridge regression) for refinements, fitted to relative errors. Then a Gaussian
process (C. Rasmussen, C. Williams, Gaussian Processes for Machine Learning, 2006, chapter 2) of
what the logarithm of its result is off by, over the logarithms of the counts: near designs that
were synthesised it follows them, far from all it says nothing, and says so by its variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import nnls
from threadpoolctl import threadpool_limits

__all__ = ["CONFIDENCE", "Estimate", "Problem", "Regression", "Settings", "choose", "solve"]

Floats = NDArray[np.float64]

# Share of designs that intervals are to cover.
CONFIDENCE = 0.9
_RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0)
# Length scales over that of the typical distance between designs, and noise over signal.
_LENGTHS = (0.1, 0.3, 0.6, 1.0)
_NOISES = (0.1, 0.3, 1.0)
# Standard deviations of what neighbours explain, over that of the rest.
_SPREADS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
# Far less than any figure, as a share of the typical one: what the linear model gives at least.
_LEAST_SHARE = 1e-3


@dataclass(frozen=True, eq=False)
class Estimate:
    """Figures of several designs.

    Attributes:
        value, low, high: Shape (designs,); the interval is that of ``CONFIDENCE``.
        known: Shape (designs,), 0 to 1: how much of the deviation from the linear model is known
            from designs like it.
    """

    value: Floats
    low: Floats
    high: Floats
    known: Floats


@dataclass(frozen=True)
class Settings:
    """What is chosen before a regression is solved.

    Attributes:
        ridge: How much refinements are held back.
        length: Over which designs are alike, in scaled logarithms of counts.
        noise: What no neighbour explains, over what they do.
        spread: Standard deviation of what neighbours explain, and is unknown far from all.
        rest: Standard deviation of what is missed of a design whose neighbours are known.
        quantile: Multiple of the standard deviation that intervals are drawn at.
    """

    ridge: float
    length: float
    noise: float
    spread: float
    rest: float
    quantile: float


@dataclass(frozen=True, eq=False)
class Regression:
    """A fitted model of one figure.

    Attributes:
        settings: What it was fitted with.
        weights: Of the counts.
        least: What the linear model gives at least.
        centre, scale: Of the logarithms of counts.
        points: Scaled logarithms of the designs that it was fitted to, shape (designs, counts).
        solved: The process' weights of those designs.
        factor: Cholesky factor of their covariance.
    """

    settings: Settings
    weights: Floats
    least: float
    centre: Floats
    scale: Floats
    points: Floats
    solved: Floats
    factor: tuple[Floats, bool]

    def linear(self, counts: Floats) -> Floats:
        """The linear model alone, shape (designs,)."""
        return np.asarray(np.maximum(counts @ self.weights, self.least))

    def contributions(self, counts: Floats) -> Floats:
        """What each count contributes to the linear model, shape (designs, counts)."""
        return np.asarray(counts * self.weights)

    def estimate(self, counts: Floats) -> Estimate:
        """Figures of designs.

        Args:
            counts: Shape (designs, counts), in the order of the fit.
        """
        place = (np.log2(counts + 1) - self.centre) / self.scale
        how = self.settings
        with _one_thread():
            near = _kernel(place, self.points, how.length)
            deviation = near @ self.solved
            explained = np.einsum("ij,ji->i", near, cho_solve(self.factor, near.T))
        unknown = np.clip(1 - explained, 0, 1)
        sigma = np.sqrt(how.spread**2 * unknown + how.rest**2)
        value = self.linear(counts) * np.exp(deviation)
        return Estimate(
            value=value,
            low=value * np.exp(-how.quantile * sigma),
            high=value * np.exp(how.quantile * sigma),
            known=1 - unknown,
        )


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be fitted.

    Attributes:
        counts: Shape (designs, counts), none negative.
        figures: Shape (designs,), all positive.
        refinements: Shape (counts,): whose weights are held back.
        positive: Whether weights must not be negative.
    """

    counts: Floats
    figures: Floats
    refinements: NDArray[np.bool_]
    positive: bool = False

    def without(self, out: NDArray[np.bool_]) -> Problem:
        """The same without some designs."""
        return replace(self, counts=self.counts[~out], figures=self.figures[~out])

    def weights(self, strength: float) -> Floats:
        """Of the counts: the least relative errors."""
        shares = self.counts / self.figures[:, None]
        # Counts are comparable, as most are of gates: one strength serves all refinements.
        held = np.where(self.refinements, strength, 1e-6)
        rows = np.vstack([shares, np.diag(held * math.sqrt(len(shares)) * shares.mean())])
        wanted = np.concatenate([np.ones(len(shares)), np.zeros(shares.shape[1])])
        found = nnls(rows, wanted)[0] if self.positive else np.linalg.lstsq(rows, wanted)[0]
        return np.asarray(found)

    def deviations(self, weights: Floats) -> Floats:
        """Logarithms of the figures over what a linear model gives, shape (designs,)."""
        return np.asarray(np.log(self.figures / np.maximum(self.counts @ weights, self.least)))

    @property
    def least(self) -> float:
        """What the linear model gives at least."""
        return _LEAST_SHARE * float(np.median(self.figures))


def choose(problem: Problem, groups: NDArray[np.int64]) -> Settings:
    """How to fit, decided by leaving out whole groups and single designs.

    Args:
        problem: What is to be fitted.
        groups: Shape (designs,): what belongs together.
    """
    with _one_thread():
        return _choose(problem, groups)


def _choose(problem: Problem, groups: NDArray[np.int64]) -> Settings:
    strength = min(_RIDGES, key=lambda each: _group_error(problem, groups, each))
    left_out = [(groups == g, problem.without(groups == g)) for g in np.unique(groups)]
    apart = [(out, problem.deviations(rest.weights(strength))) for out, rest in left_out]
    deviations = problem.deviations(problem.weights(strength))
    _, _, points = _scaled(problem.counts)
    typical = _typical_distance(points)
    tried = []
    for length in (typical * factor for factor in _LENGTHS):
        for noise in _NOISES:
            inverse = _inverse(points, length, noise)
            alone, _ = _leave_one_out(inverse, deviations)
            group, _ = _leave_group_out(inverse, apart)
            score = float(np.mean(np.abs(alone)) + np.mean(np.abs(group)))
            tried.append((score, length, noise))
    _, length, noise = min(tried)
    inverse = _inverse(points, length, noise)
    alone, variance = _leave_one_out(inverse, deviations)
    near = np.clip(variance - noise**2, 0, 1)
    group, variance = _leave_group_out(inverse, apart)
    far = np.clip(variance - noise**2, 0, 1)
    rest = float(np.sqrt(np.mean(alone**2)))
    # As wide as it takes to cover designs of groups that were left out, if that is possible.
    for spread in rest * np.array(_SPREADS):
        quantile = _quantile(np.abs(alone) / np.sqrt(spread**2 * near + rest**2))
        half_widths = quantile * np.sqrt(spread**2 * far + rest**2)
        if np.mean(np.abs(group) <= half_widths) >= CONFIDENCE:
            break
    return Settings(strength, length, noise, float(spread), rest, quantile)


def _quantile(ratios: Floats) -> float:
    """The smallest multiple that covers as many designs as are to be covered (conformal)."""
    rank = min(len(ratios), math.ceil(CONFIDENCE * (len(ratios) + 1))) - 1
    return float(np.sort(ratios)[rank])


def _group_error(problem: Problem, groups: NDArray[np.int64], strength: float) -> float:
    """Mean error of the linear model of designs whose groups it was not fitted to."""
    found = []
    for group in np.unique(groups):
        out = groups == group
        found.append(problem.deviations(problem.without(out).weights(strength))[out])
    return float(np.mean(np.abs(np.concatenate(found))))


def _leave_group_out(
    inverse: Floats, apart: list[tuple[NDArray[np.bool_], Floats]]
) -> tuple[Floats, Floats]:
    """Errors of designs predicted from other groups', and the variances (over the signal's).

    As :func:`_leave_one_out`, with a block of the inverse in place of one of its numbers.

    Args:
        inverse: Of the covariance of all designs.
        apart: Which are left out, and the deviations of all from the linear model of the others.
    """
    errors, variances = np.empty(len(inverse)), np.empty(len(inverse))
    for out, deviations in apart:
        covariance = np.linalg.inv(inverse[np.ix_(out, out)])
        errors[out] = covariance @ (inverse[out] @ deviations)
        variances[out] = np.diag(covariance)
    return errors, variances


def solve(problem: Problem, settings: Settings) -> Regression:
    """Fit as :func:`choose` decided."""
    with _one_thread():
        return _solve(problem, settings)


def _one_thread() -> threadpool_limits:
    """Matrices are small: several threads would wait for each other, where others compute too."""
    return threadpool_limits(limits=1, user_api="blas")


def _solve(problem: Problem, settings: Settings) -> Regression:
    weights = problem.weights(settings.ridge)
    deviations = problem.deviations(weights)
    centre, scale, points = _scaled(problem.counts)
    kernel = _kernel(points, points, settings.length) + settings.noise**2 * np.eye(len(points))
    factor = cho_factor(kernel)
    return Regression(
        settings=settings,
        weights=weights,
        least=problem.least,
        centre=centre,
        scale=scale,
        points=points,
        solved=cho_solve(factor, deviations),
        factor=factor,
    )


def _scaled(counts: Floats) -> tuple[Floats, Floats, Floats]:
    """Centre, scale and scaled logarithms of counts."""
    logs = np.log2(counts + 1)
    centre, scale = logs.mean(axis=0), logs.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    return centre, scale, (logs - centre) / scale


def _kernel(x: Floats, y: Floats, length: float) -> Floats:
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
    # Matern 3/2: rougher than Gaussian, as what synthesis makes of neighbours differs.
    distance = np.sqrt(np.maximum(squares, 0)) * (math.sqrt(3) / length)
    return np.asarray((1 + distance) * np.exp(-distance))


def _typical_distance(points: Floats) -> float:
    squares = (points**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * points @ points.T
    return float(np.sqrt(np.median(np.maximum(distances, 0)))) or 1.0


def _inverse(points: Floats, length: float, noise: float) -> Floats:
    """Of the process' covariance of the designs that it is fitted to."""
    covariance = _kernel(points, points, length) + noise**2 * np.eye(len(points))
    return np.asarray(np.linalg.inv(covariance))


def _leave_one_out(inverse: Floats, deviations: Floats) -> tuple[Floats, Floats]:
    """Errors of each design predicted from the others, and the variances (over the signal's).

    Rasmussen and Williams, equations 5.10 to 5.12.
    """
    variance = 1 / np.diag(inverse)
    return (inverse @ deviations) * variance, variance
