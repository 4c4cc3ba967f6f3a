"""Problems with couplings: an integer program, and a search with an exact bound that confirms it.

The search assigns groups in the reverse order of `elimination`, so that the least weighted sum of
what is still open is known exactly for every state. States that are outside a limit, cannot beat
the best answer, or are beaten by another with the same open neighbours, are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import ilp
from .elimination import Plan, descend, eliminate, make_plan
from .exact import Exact, Picks, as_ratio, in_floats
from .knapsack.dual import Cut, maximise
from .outcome import ENUMERATION, Effort, Outcome

__all__ = ["Found", "optimise_coupled", "search"]

_STATES = (200, 20_000)  # kept after each group: first try, last try
_BITS = 40

# Bound of the weighted sum; cost and usages so far; positions, step by step.
_State = tuple[int, tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        positions: Per group the position of its entry, of the best answer; None without one.
        bound: No answer within the limits costs less; None where there is none.
        complete: The answer is the best there is, or there is none.
    """

    positions: tuple[int, ...] | None
    bound: int | None
    complete: bool


def optimise_coupled(exact: Exact, effort: Effort) -> Outcome:
    """Solve a problem with couplings; see `optimise.optimise`."""
    if not all(bool(pair.allowed.any()) for pair in exact.pairs):
        return Outcome(None, None, True, None, ENUMERATION, "", None)
    plan = make_plan(exact)
    weights = _weights(exact, plan)
    upper: int | None = None
    picks: Picks | None = None
    found = search(exact, plan, weights, upper, _STATES[0], effort)
    engine = ilp.pick_solver("cbc" if effort.solver == "cbc" else "auto")
    answer = ilp.solve_ilp(exact, solver=engine, time_limit=effort.seconds())
    title = ilp.solver_title(engine)
    if answer.picks is not None and exact.is_feasible(answer.picks):
        picks = answer.picks
        upper = exact.total(exact.cost, picks)
    if not found.complete:
        again = search(exact, plan, weights, upper, _STATES[1], effort)
        bounds = [b for b in (found.bound, again.bound) if b is not None]
        best = again.positions if again.positions is not None else found.positions
        found = Found(best, max(bounds, default=None), again.complete)
    if found.positions is not None:
        mine = exact.first[:-1] + np.array(found.positions, dtype=np.int64)
        cost = exact.total(exact.cost, mine)
        if upper is None or cost < upper:
            title = ENUMERATION if upper is None else f"{ENUMERATION}, correcting {title}"
            answer = ilp.IlpAnswer(None, proven=False)
        if upper is None or cost <= upper:
            picks, upper = mine, cost
    if picks is None or upper is None:
        agreed = answer.proven if found.complete else None
        return Outcome(
            None, found.bound, answer.proven or found.complete, found.bound, title, ENUMERATION,
            agreed,
        )  # fmt: skip
    if found.complete:
        return Outcome(picks, upper, True, upper, title, ENUMERATION, answer.proven or None)
    lower = upper if found.bound is None else min(found.bound, upper)
    bound = upper if answer.proven else lower
    proven = upper - bound <= effort.relative_gap * abs(upper)
    return Outcome(picks, bound, proven, lower, title, ENUMERATION, None)


def _weights(exact: Exact, plan: Plan) -> tuple[int, ...]:
    """Whole-number weights of cost and usages, near the dual's best."""
    if not exact.usage:
        return (1,)
    tables, scales = zip(*(in_floats(v) for v in (exact.cost, *exact.usage)), strict=True)
    cost, *usage = tables
    left = np.array([as_ratio(b, s) for b, s in zip(exact.limits, scales[1:], strict=True)])
    left = np.minimum(left, exact.groups + len(exact.pairs) + 1.0)

    def evaluate(trial: NDArray[np.float64]) -> Cut:
        weighted = cost + sum((w * u for w, u in zip(trial, usage, strict=True)), 0.0 * cost)
        ceiling = 10.0 * float(np.abs(weighted).max()) * (exact.groups + len(exact.pairs) + 1)
        cells = descend(exact, plan, eliminate(exact, plan, weighted, ceiling))
        cells = [*cells, *_relaxed_cells(exact, plan, weighted)]
        return Cut(float(cost[cells].sum()), np.array([u[cells].sum() for u in usage]))

    best, _, _ = maximise(evaluate, left, [])
    factors = [Fraction(float(b)) * scales[0] / s for b, s in zip(best, scales[1:], strict=True)]
    known = [f for f in factors if f > 0]
    bits = min((f.numerator.bit_length() - f.denominator.bit_length() for f in known), default=0)
    scale = 1 << max(0, _BITS - bits)
    return (scale, *(round(f * scale) for f in factors))


def _relaxed_cells(exact: Exact, plan: Plan, values: NDArray[Any]) -> list[int]:
    """The least allowed cell of every relaxed pair."""
    cells = []
    for i, pair in enumerate(exact.pairs):
        if i not in plan.kept:
            legal = np.flatnonzero(pair.allowed.reshape(-1)) + exact.entries + pair.offset
            cells.append(int(legal[int(np.argmin(values[legal]))]))
    return cells


def search(
    exact: Exact,
    plan: Plan,
    weights: tuple[int, ...],
    upper: int | None,
    room: int,
    effort: Effort,
) -> Found:
    """The best answer of a cost up to `upper` (None: of any cost).

    Args:
        exact: The problem.
        plan: From `make_plan`.
        weights: Of cost and usages; any will do, good ones keep the search small.
        upper: The cost of the best answer known.
        room: States kept after each group; where there are more, the least promising go and the
            bound falls to what they could have reached.
        effort: For its deadline.
    """
    tables = [values.astype(object) for values in (exact.cost, *exact.usage)]
    weighted = sum((w * t for w, t in zip(weights, tables, strict=True)), 0 * tables[0])
    forbidden = int(np.abs(weighted).sum()) * 4 + 1
    buckets = eliminate(exact, plan, weighted, forbidden)
    offset = sum(w * b for w, b in zip(weights[1:], exact.limits, strict=True))
    relaxed = _relaxed_cells(exact, plan, weighted)
    root = sum(int(b.message) for b, s in zip(buckets, plan.scopes, strict=True) if not s)
    root += sum(int(weighted[cell]) for cell in relaxed)
    cost_ceiling = int(np.abs(tables[0]).sum()) if upper is None else upper
    ceiling = min(weights[0] * cost_ceiling + offset, root + forbidden // 2)
    if root > ceiling:
        return Found(None, None, complete=True)
    steps = _steps(exact, plan, relaxed, tables)
    rest = [sum(step.least[j] for step in steps) for j in range(len(exact.usage))]
    states: list[_State] = [(root, (0,) * len(tables), ())]
    cut: int | None = None
    number = {group: at for at, group in enumerate(reversed(plan.order))}
    for step, bucket in zip(steps, reversed(buckets), strict=True):
        rest = [r - s for r, s in zip(rest, step.least, strict=True)]
        allowed = [b - r for b, r in zip(exact.limits, rest, strict=True)]
        grown: dict[tuple[int, ...], list[_State]] = {}
        scope = [number[g] for g in step.scope]
        for bound, sums, trail in states:
            where = tuple(trail[s] for s in scope)
            base = bound - int(bucket.message[where])
            for p in range(step.size):
                low = base + int(bucket.table[(p, *where)])
                if low > ceiling:
                    continue
                cells, extra = step.cells(p, trail, number)
                if cells is None:
                    continue
                low += sum(int(weighted[cell]) - int(weighted[least]) for cell, least in extra)
                total = tuple(
                    s + sum(int(t[c]) for c in cells) for s, t in zip(sums, tables, strict=True)
                )
                if low > ceiling or any(u > a for u, a in zip(total[1:], allowed, strict=True)):
                    continue
                path = (*trail, p)
                key = tuple(path[number[g]] for g in step.active)
                grown.setdefault(key, []).append((low, total, path))
        states = [state for some in grown.values() for state in _undominated(some)]
        if len(states) > (16 if effort.late() else room):
            states.sort()
            kept = 16 if effort.late() else room
            cut = states[kept][0] if cut is None else min(cut, states[kept][0])
            del states[kept:]
        if not states:
            break
    dropped = None if cut is None else -((offset - cut) // weights[0])
    if not states:
        return Found(None, dropped, complete=cut is None)
    best = min(states, key=lambda state: (state[1], state[2]))
    cost = best[1][0]
    positions = [0] * exact.groups
    for group, at in number.items():
        positions[group] = best[2][at]
    complete = dropped is None or dropped >= cost
    bound = cost if complete or dropped is None else dropped
    return Found(tuple(positions), bound, complete)


@dataclass(frozen=True)
class _Step:
    """Assigning one group.

    Attributes:
        group: Which.
        start: Its first entry.
        size: How many entries it has.
        scope: Groups assigned before that its bucket depends on.
        active: Groups, this one perhaps among them, that later steps depend on.
        pairs: Its pairs with groups assigned before: the other group, first cell, strides of this
            and the other, allowed cells, and the least cell standing in for a relaxed pair, if any.
        least: Per budget, the least that the step adds.
    """

    group: int
    start: int
    size: int
    scope: tuple[int, ...]
    active: tuple[int, ...]
    pairs: tuple[tuple[int, int, int, int, NDArray[np.bool_], int | None], ...]
    least: tuple[int, ...]

    def cells(
        self, p: int, trail: tuple[int, ...], number: dict[int, int]
    ) -> tuple[list[int] | None, list[tuple[int, int]]]:
        """Cells that come in with entry p, or None where a pair forbids it; relaxed ones again."""
        cells, extra = [self.start + p], []
        for other, first, mine, theirs, allowed, least in self.pairs:
            at = p * mine + trail[number[other]] * theirs
            if not allowed[at]:
                return None, []
            cells.append(first + at)
            if least is not None:
                extra.append((first + at, least))
        return cells, extra


def _steps(exact: Exact, plan: Plan, relaxed: list[int], tables: list[NDArray[Any]]) -> list[_Step]:
    """The steps of the search: the reverse of the elimination."""
    order = plan.order[::-1]
    place = {group: at for at, group in enumerate(order)}
    stand_in = dict(
        zip((i for i in range(len(exact.pairs)) if i not in plan.kept), relaxed, strict=True)
    )
    later: list[list[tuple[int, int, int, int, NDArray[np.bool_], int | None]]] = [
        [] for _ in order
    ]
    least = [[0] * len(exact.usage) for _ in order]
    for i, pair in enumerate(exact.pairs):
        rows, columns = pair.allowed.shape
        start, flat = exact.entries + pair.offset, pair.allowed.reshape(-1)
        if place[pair.first] > place[pair.second]:
            at, record = place[pair.first], (pair.second, start, columns, 1, flat)
        else:
            at, record = place[pair.second], (pair.first, start, 1, columns, flat)
        later[at].append((*record, stand_in.get(i)))
        for j, table in enumerate(tables[1:]):
            least[at][j] += int(table[start : start + rows * columns][flat].min())
    steps = []
    scopes = plan.scopes[::-1]
    needed: set[int] = set()
    actives: list[tuple[int, ...]] = []
    for at in range(len(order) - 1, -1, -1):
        actives.append(tuple(sorted(g for g in needed if place[g] <= at)))
        needed |= set(scopes[at]) | {record[0] for record in later[at]}
    for at, group in enumerate(order):
        start, end = int(exact.first[group]), int(exact.first[group + 1])
        own = [int(t[start:end].min()) for t in tables[1:]]
        steps.append(
            _Step(
                group=group,
                start=start,
                size=end - start,
                scope=scopes[at],
                active=actives[len(order) - 1 - at],
                pairs=tuple(later[at]),
                least=tuple(a + b for a, b in zip(own, least[at], strict=True)),
            )
        )
    return steps


def _undominated(
    states: list[_State],
) -> list[_State]:
    states.sort(key=lambda state: (state[1], state[2]))
    kept: list[_State] = []
    for state in states:
        if not any(
            all(a <= b for a, b in zip(other[1], state[1], strict=True)) for other in kept[-64:]
        ):
            kept.append(state)
    return kept
