"""Where the values of a format lie, and how far apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse.formats.base import ScalarFormat

__all__ = ["ENUMERABLE_BITS", "Step", "precision_steps", "value_set"]

ENUMERABLE_BITS = 16


@dataclass(frozen=True, kw_only=True)
class Step:
    """A run of values at equal distances.

    Members:
        low, high: The first and the last value of the run.
        step: Distance of neighbours.
        count: Values in the run, both ends included.
    """

    low: float
    high: float
    step: float
    count: int


def value_set(fmt: ScalarFormat) -> npt.NDArray[np.float64]:
    """Every finite value once, in rising order; both zeros count as one.

    Args:
        fmt: A format of at most 16 bits.

    Raises:
        HwdseError: If it has more.
    """
    values = fmt.decode(fmt.codes())
    return np.unique(values[np.isfinite(values)] + 0.0)


def precision_steps(values: npt.NDArray[np.float64]) -> tuple[Step, ...]:
    """Rising values as runs of equal distances; neighbouring runs share a value.

    Args:
        values: Different values in rising order, shape (n,).
    """
    gaps = np.diff(values)
    if gaps.size == 0:
        return ()
    starts = np.flatnonzero(np.concatenate([[True], gaps[1:] != gaps[:-1]]))
    ends = np.append(starts[1:], gaps.size)
    return tuple(
        Step(
            low=float(values[start]),
            high=float(values[end]),
            step=float(gaps[start]),
            count=int(end - start + 1),
        )
        for start, end in zip(starts, ends, strict=True)
    )
