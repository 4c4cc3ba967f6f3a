"""The best portfolio by enumerating sets of units in order of their bounds.

Each set that is not ruled out leaves a problem without couplings, which the specialised solver
settles and the enumeration confirms; so the answer and its bound owe nothing to an integer-program
solver.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from hwdse import __version__

from .dual import Dual
from .exact import Exact, Picks
from .knapsacks import solve_knapsack
from .optimise import optimise
from .outcome import Effort
from .portfolio_bounds import Bounds
from .portfolio_model import Model

__all__ = ["TITLE", "Prices", "Searched", "rank", "search"]

TITLE = f"hwdse unit sets {__version__}"

_PRICES = 24  # sets of prices that bounds are taken over

Prices = list[list[Fraction]]
"""Multipliers of the usages met so far, the latest last; they bound at any limits."""

_Rank = tuple[int, int, tuple[int, ...], tuple[int, ...], tuple[int, ...]]
_Node = tuple[int, int, bool, tuple[int, ...], int]


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
    """What answers are compared by: cost, number of units, budgets in turn, then names."""
    exact, built = model.exact, model.built(picks)
    used = tuple(exact.total(exact.usage[at], picks) for at in range(len(model.budgets)))
    cost = exact.total(exact.cost, picks)
    return cost, len(built), used, built, tuple(picks[: model.layer_groups].tolist())


def search(
    model: Model,
    effort: Effort,
    incumbents: Sequence[Picks] = (),
    prices: Prices | None = None,
) -> Searched:
    """The best answer, of equal ones the first by `rank`.

    Args:
        model: The problem.
        effort: Its deadline is kept; solver and gap are not used.
        incumbents: Answers that are known; those beyond the limits are left out.
        prices: Of problems that differ in limits only; those met here are added.
    """
    found = _Search(model, effort, [] if prices is None else prices)
    for picks in incumbents:
        found.offer(picks)
    return found.run()


@dataclass(eq=False)
class _Search:
    """Best first over sets: a node is a set by itself, or all larger ones that later units make."""

    model: Model
    effort: Effort
    prices: Prices
    bounds: Bounds = field(init=False)
    best: _Rank | None = None
    picks: Picks | None = None
    heap: list[_Node] = field(default_factory=list)
    # Sets with an answer of this cost that the enumeration has not confirmed yet.
    unconfirmed: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        exact = self.model.exact
        order = list(range(len(self.model.tables.units)))
        free = Dual(exact).multipliers()
        first = Bounds(self.model, order)
        first.add(free)
        # The units that most layers would choose come first, so that sets without them are few.
        wins = first.favourites()
        self.bounds = Bounds(self.model, sorted(order, key=lambda unit: -int(wins[unit])))
        for multipliers in (free, *self.prices):
            self.bounds.add(multipliers)

    def run(self) -> Searched:
        open_bounds: list[int] = []
        sets = 0
        self._push((), 0, larger=True)
        while self.heap and not self.effort.late():
            bound, count, larger, built, following = heapq.heappop(self.heap)
            if self._is_beaten(bound, count):
                continue
            if larger:
                for at in range(following, len(self.bounds.order)):
                    self._push((*built, at), at + 1, larger=False)
                    if len(built) + 1 < self.model.most:
                        self._push((*built, at), at + 1, larger=True)
                continue
            known = self.bounds.of_set(built)  # prices may have come since
            if known is None or self._is_beaten(known, count):
                continue
            if known > bound:
                heapq.heappush(self.heap, (known, count, False, built, following))
                continue
            sets += 1
            left = self._settle(built)
            if left is not None:
                open_bounds.append(left)
        for cost, built in self.unconfirmed:
            if not self._is_beaten(cost, len(built)):
                left = self._confirm(built)
                if left is not None:
                    open_bounds.append(left)
        open_bounds += [node[0] for node in self.heap if not self._is_beaten(node[0], node[1])]
        if self.best is None:
            return Searched(None, min(open_bounds, default=None), not open_bounds, sets)
        cost = self.best[0]
        bound = min([cost, *open_bounds])
        return Searched(self.picks, bound, bound == cost, sets)

    def offer(self, picks: Picks) -> None:
        """Take an answer if it is one and the best so far."""
        if self.model.is_feasible(picks):
            here = rank(self.model, picks)
            if self.best is None or here < self.best:
                self.best, self.picks = here, picks

    def _push(self, built: tuple[int, ...], following: int, *, larger: bool) -> None:
        if not larger:
            bound = self.bounds.of_set(built)
        elif following == len(self.bounds.order):
            return
        else:
            bound = self.bounds.of_larger(built, following, self.model.most - len(built))
        count = len(built) + larger
        if bound is not None and not self._is_beaten(bound, count):
            heapq.heappush(self.heap, (bound, count, larger, built, following))

    def _is_beaten(self, bound: int, count: int) -> bool:
        return self.best is not None and (bound, count) > self.best[:2]

    def _restricted(self, built: tuple[int, ...]) -> Exact:
        return self.model.restricted([self.bounds.order[at] for at in built])

    def _settle(self, built: tuple[int, ...]) -> int | None:
        """Solve one set; a bound on what is left open, or None where that is nothing."""
        exact = self._restricted(built)
        quick = solve_knapsack(exact, deadline=self.effort.deadline, relative_gap=Fraction(0))
        if quick.multipliers is not None and len(self.prices) < _PRICES:
            self.prices.append(quick.multipliers)
            self.bounds.add(quick.multipliers)
        if quick.picks is None and quick.proven:
            return None
        if quick.bound is not None and self._is_beaten(quick.bound, len(built)):
            return None
        if quick.picks is not None:
            self.offer(exact.label[quick.picks])
            cost = exact.total(exact.cost, quick.picks)
            if quick.proven and quick.bound == cost:
                self.unconfirmed.append((cost, built))
                return None
        return self._confirm(built)

    def _confirm(self, built: tuple[int, ...]) -> int | None:
        """As `_settle`, by both methods, and to the first of equal answers."""
        exact = self._restricted(built)
        found = optimise(exact, self.effort)
        if found.picks is not None:
            self.offer(exact.label[found.picks])
        if found.proven:
            return None
        bounds = [b for b in (found.bound, found.independent) if b is not None]
        left = max(bounds) if bounds else self.bounds.of_set(built)
        return None if left is None or self._is_beaten(left, len(built)) else left
