"""Branch and bound: enumeration within the gap where that is short, else one group is decided."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from .balance import balance
from .columns import Columns, Floats
from .dual import Cut
from .instance import Ints, exact_sum
from .multipliers import solve_dual
from .relaxation import Relaxation, relax
from .search import Answer, Found, look_within

__all__ = ["Proof", "Search"]

_FIRST_EFFORT = 1 << 11
_MORE = 8
_MOST_EFFORT = 1 << 960
_LONGEST = 1 << 20  # entries of a list
_BRANCHING = 1 << 15  # where lists are longer, deciding a group is tried first
_MOST_KEPT = 100_000_000  # values of all open parts together
_CANDIDATES = 2  # groups looked at for a decision, for each budget


@dataclass(frozen=True)
class Proof:
    """How a search ended.

    Attributes:
        answer: The best one, or None.
        bound: No answer has a cost below it, above the least of each group.
        method: In words; `stopped` where neither the gap nor infeasibility was proven.
    """

    answer: Answer | None
    bound: int
    method: str


@dataclass(order=True)
class _Node:
    """A part of the problem that may hold a better answer.

    Attributes:
        bound: None of its answers costs less.
        number: Of nodes of equal bound the first comes first.
        forbidden: Options that it does not hold.
        relaxed: Its relaxation.
        effort: Of its next enumeration.
        feasibility: Its relaxation without the cost, once that was needed.
    """

    bound: int
    number: int
    forbidden: Ints = field(compare=False)
    relaxed: Relaxation = field(compare=False)
    effort: int = field(compare=False)
    feasibility: Relaxation | None = field(compare=False, default=None)


@dataclass(eq=False)
class Search:
    """The best answer so far and the parts still open.

    Attributes:
        columns: The problem.
        limit: What is left of each limit above the least usage.
        deadline: See `time.monotonic`.
        gap: The relative gap at which to end.
        multipliers: Of the whole problem's relaxation, for columns scaled to a range of one.
    """

    columns: Columns
    limit: tuple[int, ...]
    deadline: float | None
    gap: Fraction
    best: Answer | None = None
    nodes: list[_Node] = field(default_factory=list)
    made: int = 0
    multipliers: Floats | None = None

    def run(self, forbidden: Ints, cuts: list[Cut]) -> Proof:
        """Search to the end.

        Args:
            forbidden: Options that cannot be chosen.
            cuts: Of the dual, for the root.
        """
        self._open(forbidden, cuts, 0)
        if not self.nodes:
            bound = 0 if self.best is None else self.best.cost
            return Proof(self.best, bound, "linear relaxation")
        while self.nodes:
            node = heapq.heappop(self.nodes)
            stuck = self._settle(node)
            if stuck or self._near_enough(node.bound):
                # The node counts as open; when it is settled its bound is the best cost.
                bound = min([node.bound, *(n.bound for n in self.nodes)])
                if self._near_enough(bound):
                    return Proof(self.best, bound, "enumeration")
                if stuck:
                    return Proof(self.best, bound, "stopped")
        if self.best is None:
            return Proof(None, 0, "enumeration")
        return Proof(self.best, self.best.cost, "enumeration")

    def _open(self, forbidden: Ints, cuts: list[Cut], bound: int) -> None:
        """Add a part, unless it holds no answer or none that is better."""
        multipliers, _, unlimited = solve_dual(self.columns, self.limit, forbidden, cuts)
        if self.multipliers is None:
            self.multipliers = multipliers
        relaxed = self._relax(multipliers, forbidden, weigh_cost=True)
        bound = max(bound, relaxed.least_cost(0) or 0)
        self._offer(relaxed.base)
        node = _Node(bound, self.made, forbidden, relaxed, _FIRST_EFFORT)
        self.made += 1
        if unlimited and not self._may_be_feasible(node):
            return
        if self.best is None or node.bound < self.best.cost:
            heapq.heappush(self.nodes, node)

    def _offer(self, option: Ints) -> None:
        """Keep an answer if it is within the limits and the best so far."""
        used = self.columns.usage[:, option]
        if all(exact_sum(row) <= most for row, most in zip(used, self.limit, strict=True)):
            cost = exact_sum(self.columns.cost[option])
            if self.best is None or cost < self.best.cost:
                self.best = Answer(option, cost)

    def _settle(self, node: _Node) -> bool:
        """Enumerate a part or divide it; whether it is stuck for lack of time or memory."""
        while self.best is None or node.bound < self.best.cost:
            found = self._look(node, node.relaxed)
            if found.exhausted or self._near_enough(node.bound):
                return False
            if self.best is None:
                if not self._may_be_feasible(node):
                    return False
                assert node.feasibility is not None
                if self._look(node, node.feasibility).exhausted:
                    return False
            kept = len(self.nodes) * len(self.columns.cost)
            if self._late() or found.full or node.effort > _MOST_EFFORT or kept > _MOST_KEPT:
                return True
            if self.best is not None and found.complete >= 0 and found.longest > _BRANCHING:
                self._divide(node)
                return False
            # Where entries beat each other, lists stay far shorter than was reckoned.
            node.effort *= max(_MORE, node.effort // max(1, found.longest))
        return False

    def _divide(self, node: _Node) -> None:
        """Decide the group whose doubtful options differ most."""
        columns, relaxed = self.columns, node.relaxed
        assert self.best is not None
        room = relaxed.room(self.best.cost - 1)
        open_ = np.flatnonzero(relaxed.excess <= room)
        group = columns.group_of(open_)
        other = open_ != relaxed.base[group]
        departing = open_[other]
        first = np.argsort(relaxed.excess[departing], kind="stable")
        doubtful = departing[first[: _CANDIDATES * len(self.limit)]]
        owner = columns.group_of(doubtful)
        effect = np.abs(columns.usage[:, doubtful] - columns.usage[:, relaxed.base[owner]])
        decided = int(owner[(effect * relaxed.multiplier[:, None]).sum(axis=0).argmax()])
        every = np.arange(columns.first[decided], columns.first[decided + 1])
        for option in open_[group == decided].tolist():
            forbidden = np.union1d(node.forbidden, every[every != option])
            self._open(forbidden, [], node.bound)

    def _may_be_feasible(self, node: _Node) -> bool:
        """Whether the linear relaxation without the cost leaves room for an answer."""
        if node.feasibility is None:
            multipliers, _, _ = solve_dual(
                self.columns, self.limit, node.forbidden, [], feasibility=True
            )
            node.feasibility = self._relax(multipliers, node.forbidden, weigh_cost=False)
        return node.feasibility.room(None) >= 0

    def _relax(self, multipliers: Floats, forbidden: Ints, *, weigh_cost: bool) -> Relaxation:
        relaxed = relax(self.columns, self.limit, multipliers, forbidden, weigh_cost=weigh_cost)
        return balance(self.columns, np.array(self.limit, dtype=np.int64), relaxed)

    def _look(self, node: _Node, relaxed: Relaxation) -> Found:
        """One enumeration, for a better answer and a better bound of the node."""
        limit = np.array(self.limit, dtype=np.int64)
        found = look_within(
            self.columns, limit, relaxed, self.best, node.effort, _LONGEST, self.deadline
        )
        if found.answer is not None:
            self.best = found.answer
        if found.exhausted:
            if self.best is not None:
                node.bound = max(node.bound, self.best.cost)
            return found
        bound = relaxed.least_cost(found.complete + 1)
        if bound is not None:
            node.bound = max(node.bound, bound)
        return found

    def _late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def _near_enough(self, bound: int) -> bool:
        if self.best is None:
            return False
        total = self.best.cost + self.columns.cost_base
        return self.best.cost - bound <= self.gap * abs(total)
