"""What one would do without an exact solver: each method gives an assignment or says why none.

All of them see the same problem in whole numbers as the solver does (ties are one group, options
that rules forbid are gone), and what they return is within every limit, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .build import Limit, Task
from .exact import Exact, Picks
from .population import Repair, costs_of, fitting, lightest, rows_at_once, shares

__all__ = ["METHODS", "Setting", "Tried"]

_DRAWS = 1000
_POPULATION = 64
_GENERATIONS = 200
_GENES = 200_000_000  # drawn in all generations together


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


def uniform(setting: Setting) -> Tried:
    """One option in all layers: of those that fit, the one of best objective."""
    codes, table = setting.shared()
    rule = "one option in every layer, matched by name"
    if not codes:
        return Tried(rule, None, "no option is offered by every layer")
    best = _best(setting.exact, table.T)
    if best is None:
        reason = f"none of the {len(codes)} options that every layer offers is within the budgets"
        return Tried(rule, None, reason)
    name = setting.task.problem.options[codes[best]]
    return Tried(f"{rule}: {name!r}", table[:, best])


def greedy(setting: Setting) -> Tried:
    """Best objective in every layer, then exchanges by their ratio until the budgets are met."""
    exact = setting.exact
    rule = (
        "starts from the best objective of every layer; exchanges by least loss added per share of "
        "the exceeded budgets saved, until all are met"
    )
    share = shares(exact)
    cost = exact.cost[: exact.entries].astype(np.float64)
    start = np.lexsort((share.sum(axis=0), cost, exact.group_of))[exact.first[:-1]]
    over = [
        exact.total(usage, start) > limit
        for usage, limit in zip(exact.usage, exact.limits, strict=True)
    ]
    if exact.is_feasible(start):
        return Tried(rule, start)
    before, after = _exchanges(exact, start, cost, share[np.array(over, dtype=bool)].sum(axis=0))
    count = _first_within(exact, start, before, after)
    if count is None:
        return Tried(rule, None, f"none of its {len(after)} exchanges led within the budgets")
    picks = start.copy()
    picks[exact.group_of[after[:count]]] = after[:count]
    return Tried(rule, picks)


def _exchanges(
    exact: Exact, start: Picks, cost: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Entries left and taken, by rising ratio of cost added to weight saved.

    From where a group stands, its next exchange is the one of least ratio; so its ratios rise.
    """
    group, begin = exact.group_of, exact.first[:-1]
    here, reached = start.copy(), np.full(exact.groups, -np.inf)
    lists: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    while True:
        saved = weight[here][group] - weight
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(saved > 0, (cost - cost[here][group]) / saved, np.inf)
        lowest = np.minimum.reduceat(ratio, begin)
        moving = np.flatnonzero(np.isfinite(lowest))
        if not len(moving):
            break
        # Of equal ratios the one that saves most.
        gain = np.where(ratio == lowest[group], saved, -1.0)
        at = np.lexsort((-gain, group))[begin][moving]
        reached[moving] = np.maximum(reached[moving], lowest[moving])
        lists.append((here[moving], at, reached[moving]))
        here = here.copy()
        here[moving] = at
    if not lists:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    before, after, ratios = (np.concatenate(column) for column in zip(*lists, strict=True))
    order = np.argsort(ratios, kind="stable")
    return before[order], after[order]


def _first_within(
    exact: Exact, start: Picks, before: NDArray[np.int64], after: NDArray[np.int64]
) -> int | None:
    """After how many exchanges the assignment is within every limit for the first time."""
    if exact.pairs:
        picks = start.copy()
        for count, entry in enumerate(after.tolist(), 1):
            picks[exact.group_of[entry]] = entry
            if exact.is_feasible(picks):
                return count
        return None
    good = np.ones(len(after), dtype=bool)
    for usage, limit in zip(exact.usage, exact.limits, strict=True):
        total = exact.total(usage, start) + np.cumsum(usage[after] - usage[before])
        good &= np.asarray(total <= limit, dtype=bool)
    return int(good.argmax()) + 1 if good.any() else None


def random_draws(setting: Setting) -> Tried:
    """The best of many seeded draws, each repaired at random until the budgets are met."""
    exact, random = setting.exact, np.random.default_rng([setting.seed, 0])
    repair = Repair(exact, lightest(exact))
    rule = (
        f"best of {_DRAWS} draws, seed {setting.seed}; layers in random order fall to their "
        "lightest option until the budgets are met"
    )
    best: Picks | None = None
    rows = rows_at_once(exact, _DRAWS)
    for begin in range(0, _DRAWS, rows):
        drawn = repair(_draw(exact, min(rows, _DRAWS - begin), random), random)
        if best is not None:
            drawn = np.vstack([best, drawn])
        at = _best(exact, drawn)
        best = None if at is None else drawn[at]
    return Tried(rule, best, "" if best is not None else "no draw could be repaired")


def _draw(exact: Exact, rows: int, random: np.random.Generator) -> NDArray[np.int64]:
    sizes = np.diff(exact.first)
    return exact.first[:-1] + random.integers(0, sizes, (rows, exact.groups))


def balanced(setting: Setting) -> Tried:
    """SliM-LLM's rule (arXiv 2405.14917): the i least salient layers one option down, i most one up.

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
    order = sorted(range(len(codes)), key=lambda o: (int(usage[table[:, o]].sum()), o))
    kept: list[int] = []
    for one in order:
        if kept:
            below, above = usage[table[:, kept[-1]]], usage[table[:, one]]
            against = np.flatnonzero(np.asarray(below > above, dtype=bool))
            if len(against):
                layer = setting.task.problem.members(int(against[0]))[0]
                return Tried(
                    rule,
                    None,
                    f"options {names[kept[-1]]!r} and {names[one]!r} have no order: by {measure} "
                    f"the first is below the second in all, above it in layer {layer!r}",
                )
            if not bool((below < above).any()):
                # The same everywhere: one of the two, the better.
                if int(exact.cost[table[:, one]].sum()) < int(exact.cost[table[:, kept[-1]]].sum()):
                    kept[-1] = one
                continue
        kept.append(one)
    if len(kept) < 3:
        text = f"it needs three options of different {measure} that every layer offers"
        return Tried(rule, None, f"{text}, not {len(kept)}")
    best: tuple[int, Picks, str] | None = None
    for below, centre, above in zip(kept, kept[1:], kept[2:], strict=False):
        for candidates, counts in _shifted(exact, table[:, [below, centre, above]]):
            at = _best(exact, candidates)
            if at is None:
                continue
            value = int(costs_of(exact, candidates[at : at + 1])[0])
            if best is None or value < best[0]:
                best = value, candidates[at], f"N is {names[centre]!r}, i is {counts[at]}"
    if best is None:
        return Tried(rule, None, "no N and i are within the budgets")
    return Tried(f"{rule}; {best[2]}", best[1])


def _ordering_budget(setting: Setting) -> tuple[str, NDArray[np.int64] | None]:
    rows = [one for one in setting.limits if one.measure.kind in ("sum", "avg")]
    for limit, usage in zip(rows, setting.exact.usage, strict=True):
        if limit.budget.sense == "<=":
            return str(limit.measure), usage
    return "", None


def _shifted(
    exact: Exact, table: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Assignments for i = 0, 1, ...; for very many layers, for evenly spaced i."""
    low, centre, high = table.T
    salience = np.argsort(exact.cost[low] - exact.cost[high], kind="stable")
    half = exact.groups // 2
    rows = rows_at_once(exact, half + 1)
    counts = np.unique(np.linspace(0, half, rows).astype(np.int64))
    rank = np.empty(exact.groups, dtype=np.int64)
    rank[salience] = np.arange(exact.groups)
    down, up = rank < counts[:, None], rank >= exact.groups - counts[:, None]
    return [(np.where(down, low, np.where(up, high, centre)), counts)]


def evolutionary(setting: Setting) -> Tried:
    """Tournaments of two, uniform crossover, one mutation a child, repair, the best survive."""
    exact, random = setting.exact, np.random.default_rng([setting.seed, 1])
    size = max(4, rows_at_once(exact, _POPULATION))
    generations = max(1, min(_GENERATIONS, _GENES // (size * exact.groups)))
    rule = (
        f"population {size}, {generations} generations, seed {setting.seed}; tournaments of two, "
        "uniform crossover, one mutation a child, repaired as the random draws are"
    )
    repair = Repair(exact, lightest(exact))
    people = _survivors(exact, repair(_draw(exact, size, random), random), size)
    for _ in range(generations):
        # The population is sorted: of two, the one that comes first wins.
        parents = random.integers(0, size, (2, 2, size)).min(axis=0)
        mixed = random.random(people.shape) < 0.5
        children = np.where(mixed, people[parents[0]], people[parents[1]])
        mutant = random.random(people.shape) < 1.0 / exact.groups
        children = np.where(mutant, _draw(exact, size, random), children)
        people = _survivors(exact, np.vstack([people, repair(children, random)]), size)
    found = bool(fitting(exact, people[:1])[0])
    return Tried(rule, people[0] if found else None, "" if found else "nothing could be repaired")


def _survivors(exact: Exact, people: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The best, sorted: those within the limits by cost, then the others."""
    good = fitting(exact, people)
    inside = np.flatnonzero(good)
    inside = inside[np.argsort(costs_of(exact, people[inside]), kind="stable")]
    return people[np.concatenate([inside, np.flatnonzero(~good)])[:size]]


def _best(exact: Exact, population: NDArray[np.int64]) -> int | None:
    """Of the assignments within the limits the cheapest, the first of equals."""
    inside = np.flatnonzero(fitting(exact, population))
    if not len(inside):
        return None
    return int(inside[np.argmin(costs_of(exact, population[inside]))])


METHODS: dict[str, Callable[[Setting], Tried]] = {
    "uniform": uniform,
    "greedy": greedy,
    "random": random_draws,
    "balanced": balanced,
    "evolutionary": evolutionary,
}
"""By name, in the order they are shown."""
