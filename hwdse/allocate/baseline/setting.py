"""What a baseline may look at, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.allocate.build import Limit, Task
from hwdse.allocate.exact import Exact, Picks

__all__ = ["Setting", "Tried"]


@dataclass(frozen=True, eq=False)
class Setting:
    """What a method may look at.

    Attributes:
        task: Table and rules.
        limits: Budgets.
        exact: The problem in whole numbers.
        seed: Of methods that draw.
    """

    task: Task
    limits: tuple[Limit, ...]
    exact: Exact
    seed: int

    @property
    def options(self) -> NDArray[np.int64]:
        """The option of each entry, an index into the problem's options."""
        return self.task.problem.entry_option[self.exact.label]

    def shared(self) -> tuple[list[int], NDArray[np.int64]]:
        """Options that every group offers, and their entries: of shape (groups, options)."""
        options = self.options
        counts = np.bincount(options, minlength=len(self.task.problem.options))
        common = np.flatnonzero(counts == self.exact.groups)
        # Entries of a group stand by name of the option.
        table = np.flatnonzero(np.isin(options, common)).reshape(self.exact.groups, -1)
        return common.tolist(), table


@dataclass(frozen=True, eq=False)
class Tried:
    """What a method came to.

    Attributes:
        rule: What it did, in words.
        picks: An assignment within every limit, or None.
        reason: Why there is none.
    """

    rule: str
    picks: Picks | None
    reason: str = ""
