"""What the figures of a unit are taken at: operands, clock, activity and width of the interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hwdse.cost.operands import Operands
from hwdse.errors import HwdseError, nearest_hint

__all__ = ["ACTIVITIES", "DEFAULT_ACTIVITY", "DEFAULT_CONFIDENCE", "Conditions"]

# With glitches at the delays of the tables, with glitches at one step per cell, without.
ACTIVITIES = ("timed", "unit-delay", "zero-delay")
DEFAULT_ACTIVITY = "timed"
DEFAULT_CONFIDENCE = 0.01
_CONFIDENCE_RANGE = (5e-4, 0.5)


@dataclass(frozen=True)
class Conditions:
    """What figures are taken at.

    Attributes:
        drawn: Operands of the energy figure.
        clock_ns: Clock period; None for each unit's own critical path.
        activity: How transitions are counted, one of :data:`ACTIVITIES`.
        confidence: Half-width to reach of the energy's 95 % interval, as a fraction.

    Raises:
        HwdseError: Any of them makes no sense.
    """

    drawn: Operands
    clock_ns: float | None = None
    activity: str = DEFAULT_ACTIVITY
    confidence: float = DEFAULT_CONFIDENCE

    def __post_init__(self) -> None:
        clock = self.clock_ns
        if clock is not None and not (math.isfinite(clock) and clock > 0):
            raise HwdseError(f"clock of {clock} ns: give a finite period of more than 0 ns")
        if self.activity not in ACTIVITIES:
            raise HwdseError(
                f"unknown activity {self.activity[:40]!r}{nearest_hint(self.activity, ACTIVITIES)}"
            )
        low, high = _CONFIDENCE_RANGE
        if not low <= self.confidence <= high:
            raise HwdseError(
                f"confidence of {self.confidence}: give the half-width of the 95 % interval as a "
                f"fraction of the energy, from {low:g} to {high:g}"
            )

    @property
    def key(self) -> str:
        """What identifies them in the store."""
        parts = (self.drawn.key, self.clock_ns, self.activity, self.confidence)
        return "\0".join(map(repr, parts))
