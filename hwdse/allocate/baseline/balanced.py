"""SliM-LLM's rule: as many layers one option down as up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.allocate.exact import Exact, Picks

from .population import cheapest, costs_of, rows_at_once
from .setting import Setting, Tried

__all__ = ["balanced"]


def balanced(setting: Setting) -> Tried:
    """SliM-LLM's rule (arXiv 2405.14917): the i least salient layers one down, the i most one up.

    There, groups of columns have N bits, those of least salience N-1 and as many of most salience
    N+1, and i is what serves the model best. Here layers take the place of groups, options in the
    order of the first `<=` budget that of bits, and the salience of a layer is what the objective
    loses from the option above N to the one below. All N with a neighbour on either side are
    tried, and the best (N, i) within the budgets is taken. A tie counts as one layer.
    """
    exact = setting.exact
    rule = "the i least salient layers one option down, the i most salient one up (SliM-LLM)"
    measure, usage = _ordering_budget(setting)
    if usage is None:
        return Tried(rule, None, "without a '<=' budget the options have no order")
    codes, table = setting.shared()
    names = [setting.task.problem.options[code] for code in codes]
    kept, against = _in_order(exact, table, usage)
    if against is not None:
        one, other, group = against
        layer = setting.task.problem.members(group)[0]
        return Tried(
            rule,
            None,
            f"the options have no order by {measure}: {names[one]!r} is below {names[other]!r} in "
            f"the sum of all layers, above it in {layer!r}",
        )
    if len(kept) < 3:
        text = f"it needs three options of different {measure} that every layer offers"
        return Tried(rule, None, f"{text}, not {len(kept)}")
    best: tuple[int, Picks, str] | None = None
    for below, centre, above in zip(kept, kept[1:], kept[2:], strict=False):
        candidates, counts = _shifted(exact, table[:, [below, centre, above]])
        at = cheapest(exact, candidates)
        if at is None:
            continue
        value = int(costs_of(exact, candidates[at : at + 1])[0])
        if best is None or value < best[0]:
            best = value, candidates[at], f"N is {names[centre]!r}, i is {counts[at]}"
    if best is None:
        return Tried(rule, None, "no N and i are within the budgets")
    return Tried(f"{rule}; {best[2]}", best[1])


def _ordering_budget(setting: Setting) -> tuple[str, NDArray[Any] | None]:
    rows = [one for one in setting.limits if one.measure.kind in ("sum", "avg")]
    for limit, usage in zip(rows, setting.exact.usage, strict=True):
        if limit.budget.sense == "<=":
            return str(limit.measure), usage
    return "", None


def _in_order(
    exact: Exact, table: NDArray[np.int64], usage: NDArray[Any]
) -> tuple[list[int], tuple[int, int, int] | None]:
    """Options by rising usage, one of those that use the same in every layer: the cheaper.

    The second is None, or two options of which the first uses less in all but more in a group.
    """
    kept: list[int] = []
    for one in sorted(range(table.shape[1]), key=lambda o: (int(usage[table[:, o]].sum()), o)):
        if kept:
            below, above = usage[table[:, kept[-1]]], usage[table[:, one]]
            against = np.flatnonzero(np.asarray(below > above, dtype=bool))
            if len(against):
                return kept, (kept[-1], one, int(against[0]))
            if not bool((below < above).any()):
                if int(exact.cost[table[:, one]].sum()) < int(exact.cost[table[:, kept[-1]]].sum()):
                    kept[-1] = one
                continue
        kept.append(one)
    return kept, None


def _shifted(exact: Exact, table: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Assignments for i = 0, 1, ...; for very many layers, for evenly spaced i."""
    low, centre, high = table.T
    salience = np.argsort(exact.cost[low] - exact.cost[high], kind="stable")
    half = exact.groups // 2
    rows = rows_at_once(exact, half + 1)
    counts = np.unique(np.linspace(0, half, rows).astype(np.int64))
    rank = np.empty(exact.groups, dtype=np.int64)
    rank[salience] = np.arange(exact.groups)
    down, up = rank < counts[:, None], rank >= exact.groups - counts[:, None]
    return np.where(down, low, np.where(up, high, centre)), counts
