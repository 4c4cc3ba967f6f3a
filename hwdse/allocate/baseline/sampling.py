"""Methods that draw: the best of many, and evolution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwdse.allocate.exact import Exact, Picks

from .population import Repair, cheapest, costs_of, fitting, lightest, rows_at_once
from .setting import Setting, Tried

__all__ = ["evolutionary", "random_draws"]

_DRAWS = 1000
_POPULATION = 64
_GENERATIONS = 200
_GENES = 30_000_000  # drawn in all, at most


def random_draws(setting: Setting) -> Tried:
    """The best of many seeded draws, each repaired at random until the budgets are met."""
    exact, random = setting.exact, np.random.default_rng([setting.seed, 0])
    repair = Repair(exact, lightest(exact))
    draws = max(1, min(_DRAWS, _GENES // exact.groups))
    rule = (
        f"best of {draws} draws, seed {setting.seed}; layers in random order fall to their "
        "lightest option until the budgets are met"
    )
    best: Picks | None = None
    rows = rows_at_once(exact, draws)
    for begin in range(0, draws, rows):
        drawn = repair(_draw(exact, min(rows, draws - begin), random), random)
        if best is not None:
            drawn = np.vstack([best, drawn])
        at = cheapest(exact, drawn)
        best = None if at is None else drawn[at]
    return Tried(rule, best, "" if best is not None else "no draw could be repaired")


def _draw(exact: Exact, rows: int, random: np.random.Generator) -> NDArray[np.int64]:
    sizes = np.diff(exact.first)
    return np.asarray(exact.first[:-1] + random.integers(0, sizes, (rows, exact.groups)))


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
    return np.asarray(people[np.concatenate([inside, np.flatnonzero(~good)])[:size]])
