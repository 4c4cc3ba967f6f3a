"""How to solve a problem in whole numbers, and what came out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction

from .exact import Picks

__all__ = ["ENUMERATION", "Effort", "Outcome"]

ENUMERATION = "hwdse enumeration"

_ILP_SHARE = 0.8  # of a time limit; the rest is for the certificate


@dataclass(frozen=True)
class Effort:
    """How to solve.

    Attributes:
        solver: One of `SOLVERS`.
        deadline: `time.monotonic()` after which to stop, or None.
        relative_gap: Part of the cost's magnitude that cost and bound may differ by.
        confirm: Let a second method run to its end, however long that takes.
    """

    solver: str = "auto"
    deadline: float | None = None
    relative_gap: Fraction = Fraction(0)
    confirm: bool = False

    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def seconds(self) -> float | None:
        """What an integer program may take."""
        if self.deadline is None:
            return None
        return max(0.0, (self.deadline - time.monotonic()) * _ILP_SHARE)


@dataclass(frozen=True, eq=False)
class Outcome:
    """An answer to a problem in whole numbers.

    Attributes:
        picks: The best answer found; None when there is none or none was found.
        bound: In the cost unit, no answer costs less.
        proven: The answer is optimal (within the gap asked for) or, without one, none exists.
        independent: A bound computed without the solver; None where there is none.
        solver: What gave the answer.
        second: What confirmed it, or tried to.
        agreed: Whether it did; None where it came to no end.
    """

    picks: Picks | None
    bound: int | None
    proven: bool
    independent: int | None
    solver: str
    second: str
    agreed: bool | None
