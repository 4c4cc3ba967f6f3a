"""The best portfolio by enumerating sets of units in order of their bounds.

Each set that is not ruled out leaves a problem without couplings, which the specialised solver
settles and the enumeration confirms; so the answer and its bound owe nothing to an integer-program
solver.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from hwdse import __version__

from .dual import Bundle
from .exact import Exact, Picks
from .knapsacks import solve_knapsack
from .optimise import optimise
from .outcome import Effort
from .portfolio_bounds import Priced, budget_test, priced
from .portfolio_model import Model

__all__ = ["TITLE", "Searched", "rank", "search"]

TITLE = f"hwdse unit sets {__version__}"

_PRICES = 8  # sets of prices that bounds are taken over
_Rank = tuple[int, int, tuple[int, ...], tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Searched:
    """What the search found.

    Attributes:
        picks: The best answer found; None when there is none or none was found.
        bound: In the cost unit, no answer costs less; None without any answer to bound.
        proven: The answer is optimal or, without one, none exists.
        sets: Sets of units that were solved.
    """

    picks: Picks | None
    bound: int | None
    proven: bool
    sets: int


def rank(model: Model, picks: Picks) -> _Rank:
    """What answers are compared by: cost, units, budgets in turn, then units and options by name."""
    exact, built = model.exact, model.built(picks)
    used = tuple(exact.total(exact.usage[at], picks) for at in range(len(model.budgets)))
    cost = exact.total(exact.cost, picks)
    return cost, len(built), used, built, tuple(picks[: model.layer_groups].tolist())


def search(model: Model, effort: Effort, incumbent: Picks | None = None) -> Searched:
    """The best answer, of equal ones the first by `rank`.

    Args:
        model: The problem.
        effort: Its deadline is kept; solver and gap are not used.
        incumbent: An answer, if one is known.
    """
    return _Search(model, effort).run(incumbent)


@dataclass(eq=False)
class _Search:
    """Best first over sets: a node is a set by itself, or all larger ones that later units make."""

    model: Model
    effort: Effort
    order: list[int] = field(init=False)
    tests: list[Priced] = field(init=False)
    prices: list[Priced] = field(init=False)
    best: _Rank | None = None
    picks: Picks | None = None

    def __post_init__(self) -> None:
        exact = self.model.exact
        self.order = list(range(len(self.model.tables.units)))
        self.prices = []
        free = Bundle(exact).multipliers(exact.limits)
        first = priced(self.model, self.order, free)
        # The units that most layers would choose come first, so that sets without them are few.
        wins = np.bincount(first.least.argmin(axis=0).astype(np.int64), minlength=len(self.order))
        self.order.sort(key=lambda unit: -int(wins[unit]))
        self.prices.append(priced(self.model, self.order, free))
        self.tests = [budget_test(self.model, self.order, at) for at in range(len(exact.usage))]

    def run(self, incumbent: Picks | None) -> Searched:
        if incumbent is not None and self.model.is_feasible(incumbent):
            self._offer(incumbent)
        heap: list[tuple[int, int, bool, tuple[int, ...], int]] = []
        open_bounds: list[int] = []
        sets = 0
        self._push(heap, (), 0, larger=True)
        while heap:
            bound, count, larger, built, following = heap[0]
            if self.effort.late():
                break
            heapq.heappop(heap)
            if self._is_beaten(bound, count):
                continue
            if larger:
                for at in range(following, len(self.order)):
                    grown = (*built, at)
                    self._push(heap, grown, at + 1, larger=False)
                    if len(grown) < self.model.most:
                        self._push(heap, grown, at + 1, larger=True)
                continue
            known = self._bound(built, following, larger=False)
            if known is None or self._is_beaten(known, count):
                continue
            if known > bound:
                heapq.heappush(heap, (known, count, False, built, following))
                continue
            sets += 1
            left = self._settle(built)
            if left is not None:
                open_bounds.append(left)
        open_bounds += [node[0] for node in heap if not self._is_beaten(node[0], node[1])]
        if self.best is None:
            return Searched(None, min(open_bounds, default=None), not open_bounds, sets)
        cost = self.best[0]
        bound = min([cost, *open_bounds])
        return Searched(self.picks, bound, bound == cost, sets)

    def _push(
        self,
        heap: list[tuple[int, int, bool, tuple[int, ...], int]],
        built: tuple[int, ...],
        following: int,
        *,
        larger: bool,
    ) -> None:
        if larger and following == len(self.order):
            return
        bound = self._bound(built, following, larger=larger)
        count = len(built) + larger
        if bound is not None and not self._is_beaten(bound, count):
            heapq.heappush(heap, (bound, count, larger, built, following))

    def _bound(self, built: tuple[int, ...], following: int, *, larger: bool) -> int | None:
        """No answer of the node costs less; None where it has none."""
        best: int | None = None
        for one in (*self.tests, *self.prices):
            if larger:
                slots = self.model.most - len(built)
                value = one.of_larger(built, following, slots)
            else:
                value = one.of_set(built)
            if value is None or (one.scale == 0 and value > 0):
                return None
            if one.scale:
                bound = -(-value // one.scale)
                best = bound if best is None else max(best, bound)
        return best

    def _is_beaten(self, bound: int, count: int) -> bool:
        return self.best is not None and (bound, count) > self.best[:2]

    def _settle(self, built: tuple[int, ...]) -> int | None:
        """Solve one set; a bound on what is left open, or None where that is nothing."""
        exact = self.model.restricted([self.order[at] for at in built])
        quick = solve_knapsack(exact, deadline=self.effort.deadline, relative_gap=Fraction(0))
        if quick.picks is None and quick.proven:
            return None
        if quick.bound is not None and self._is_beaten(quick.bound, len(built)):
            return None
        if len(self.prices) < _PRICES:
            multipliers = Bundle(exact).multipliers(exact.limits)
            self.prices.append(priced(self.model, self.order, multipliers))
        found = optimise(exact, self.effort)
        for picks in (quick.picks, found.picks):
            if picks is not None:
                self._offer(_labels(exact, picks))
        if found.proven:
            return None
        bounds = [b for b in (quick.bound, found.bound, found.independent) if b is not None]
        left = max(bounds) if bounds else self._bound(built, 0, larger=False)
        if left is None or self._is_beaten(left, len(built)):
            return None
        return left

    def _offer(self, picks: Picks) -> None:
        if not self.model.is_feasible(picks):
            return
        here = rank(self.model, picks)
        if self.best is None or here < self.best:
            self.best, self.picks = here, picks


def _labels(exact: Exact, picks: Picks) -> Picks:
    """A choice of a restricted problem as one of the whole problem, whose labels are positions."""
    return exact.label[picks]
