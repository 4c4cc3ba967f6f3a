"""Couplings of two layers as couplings of two groups of entries, and what conversions cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError, nearest_hint

from .exact import Pair
from .problem import Problem
from .rules import Conversion, Implication, Rules

__all__ = ["Couplings", "build_couplings"]

# A conversion's layers, where its figures go (a pair, or entries of one group), and the figures.
_Place = tuple[int, int, NDArray[np.int64], Mapping[str, NDArray[np.float64]]]


@dataclass(frozen=True, eq=False)
class Couplings:
    """Rules about two layers, in terms of groups and entries.

    Attributes:
        pairs: With cells after those of the entries.
        size: Number of cells of all pairs.
        allowed: Entries that a coupling within one group (tied layers) leaves.
        places: Per conversion: its two layers, the cells it adds to, and per column the figures.
    """

    pairs: tuple[Pair, ...]
    size: int
    allowed: NDArray[np.bool_]
    places: tuple[_Place, ...]

    def columns(self) -> set[str]:
        """Columns that conversions add to."""
        return {column for *_, figures in self.places for column in figures}


def build_couplings(problem: Problem, rules: Rules) -> Couplings:
    """Gather implications and conversions.

    Raises:
        HwdseError: An unknown layer, option or column, or a pair of layers that is left without
            any pair of options.
    """
    allowed = np.ones(len(problem.entry_option), dtype=bool)
    masks: dict[tuple[int, int], NDArray[np.bool_]] = {}

    def between(one: int, other: int) -> NDArray[np.bool_]:
        low, high = min(one, other), max(one, other)
        shape = (_size(problem, low), _size(problem, high))
        return masks.setdefault((low, high), np.ones(shape, dtype=bool))

    for rule in rules.implications:
        one, mine = _named(problem, rule.layer, rule.options)
        other, theirs = _named(problem, rule.then_layer, rule.then_options)
        if one == other:
            allowed[problem.first[one] : problem.first[one + 1]] &= ~mine | theirs
        else:
            legal = ~mine[:, None] | theirs[None, :]
            mask = between(one, other)
            mask &= legal if one < other else legal.T
            if not mask.any():
                raise HwdseError(
                    f"{_title(rule)}: with the other couplings this leaves no pair of options"
                )
    for edge in rules.conversions:
        one = int(problem.layer_group[problem.find_layer(edge.layer)])
        other = int(problem.layer_group[problem.find_layer(edge.next_layer)])
        if one != other:
            between(one, other)
    pairs, at, size = [], {}, 0
    for (low, high), mask in sorted(masks.items()):
        at[low, high] = size
        pairs.append(Pair(low, high, size, mask))
        size += mask.size
    places = [_place(problem, rule, at) for rule in rules.conversions]
    return Couplings(tuple(pairs), size, allowed, tuple(places))


def _size(problem: Problem, group: int) -> int:
    return int(problem.first[group + 1] - problem.first[group])


def _named(problem: Problem, layer: str, options: tuple[str, ...]) -> tuple[int, NDArray[np.bool_]]:
    """A layer's group, and which of its entries are among the options."""
    group = int(problem.layer_group[problem.find_layer(layer)])
    codes = [problem.find_option(option) for option in options]
    entries = problem.entry_option[problem.first[group] : problem.first[group + 1]]
    return group, np.isin(entries, codes)


def _title(rule: Implication | Conversion) -> str:
    other = rule.then_layer if isinstance(rule, Implication) else rule.next_layer
    return f"coupling of layers {rule.layer!r} and {other!r}"


def _place(problem: Problem, rule: Conversion, at: Mapping[tuple[int, int], int]) -> _Place:
    layers = problem.find_layer(rule.layer), problem.find_layer(rule.next_layer)
    one, other = (int(problem.layer_group[i]) for i in layers)
    names = [
        [problem.options[o] for o in problem.entry_option[problem.first[g] : problem.first[g + 1]]]
        for g in (one, other)
    ]
    found: dict[str, NDArray[np.float64]] = {}
    known = {(a, b) for a in problem.options for b in problem.options} if rule.costs else set()
    for ends, figures in rule.costs.items():
        if ends not in known:
            for end in ends:
                problem.find_option(end)
        for column in figures:
            if column not in problem.columns:
                hint = nearest_hint(column, problem.columns)
                raise HwdseError(
                    f"{_title(rule)}: the table has no numeric column {column!r}{hint}"
                )
            found.setdefault(column, np.zeros((len(names[0]), len(names[1]))))
    for i, option in enumerate(names[0]):
        for j, following in enumerate(names[1]):
            for column, value in rule.costs.get((option, following), {}).items():
                found[column][i, j] = value
    cells: NDArray[Any]
    if one == other:
        cells = np.arange(problem.first[one], problem.first[one + 1])
        flat = {column: np.diagonal(table).copy() for column, table in found.items()}
    else:
        low, high = min(one, other), max(one, other)
        shape = _size(problem, low), _size(problem, high)
        grid = np.arange(shape[0] * shape[1]).reshape(shape) + at[low, high]
        cells = len(problem.entry_option) + (grid if one == low else grid.T).reshape(-1)
        flat = {column: table.reshape(-1) for column, table in found.items()}
    return layers[0], layers[1], cells, flat
