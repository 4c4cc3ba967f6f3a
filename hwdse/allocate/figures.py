"""Measures of a problem as exact figures of its entries and pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError

from .couplings import Couplings
from .decimals import Whole, as_written, whole_numbers
from .measure import Measure, Objective
from .problem import Problem

__all__ = ["Figures"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Figures:
    """Columns of a problem, summed over the layers of each entry.

    Attributes:
        problem: The table.
        sets: Sets of layers, as masks.
        couplings: What pairs of layers add.
    """

    problem: Problem
    sets: Mapping[str, Mask]
    couplings: Couplings
    _columns: dict[str, Whole] = field(default_factory=dict)
    _sums: dict[Measure, Whole] = field(default_factory=dict)

    def column(self, name: str) -> Whole:
        """The exact figures of a column, row by row of the table."""
        if name not in self._columns:
            at = self.problem.columns.index(name)
            self._columns[name] = whole_numbers(self.problem.values[:, at], rounded=True)
        return self._columns[name]

    def layers(self, measure: Measure) -> Mask:
        """The layers that a measure is about."""
        if measure.layers is None:
            return np.ones(len(self.problem.layers), dtype=bool)
        return self.sets[measure.layers]

    def sums(self, measure: Measure) -> Whole:
        """Per cell (entries, then pairs) what it adds to the sum of the measure's column."""
        if measure not in self._sums:
            self._sums[measure] = self._summed(measure)
        return self._sums[measure]

    def _summed(self, measure: Measure) -> Whole:
        mask = self.layers(measure)
        found = self._of_entries(self.column(measure.column), mask)
        for one, other, cells, figures in self.couplings.places:
            if measure.column in figures and mask[one] and mask[other]:
                extra = as_written(figures[measure.column])
                spread = np.zeros(len(found.values), dtype=extra.values.dtype)
                spread[cells] = extra.values
                found = found.plus(Whole(spread, extra.unit))
        return found

    def weighted(self, measure: Measure) -> tuple[Whole, Whole]:
        """Per cell the weighted figure and the weight of an average.

        Raises:
            HwdseError: A weight is negative, or all weights may be zero.
        """
        mask = self.layers(measure)
        column = self.column(measure.column)
        weight = Whole(np.ones(len(column.values), dtype=np.int64), Fraction(1))
        if measure.weight is not None:
            weight = self.column(measure.weight)
            chosen = mask[self.problem.row_layer]
            if bool((weight.values[chosen] < 0).any()):
                raise HwdseError(f"{measure}: a weight in {measure.weight!r} is negative")
        product = self._of_entries(column.times(weight), mask)
        weights = self._of_entries(weight, mask)
        entries = weights.values[: len(self.problem.entry_option)]
        if int(np.minimum.reduceat(entries, self.problem.first[:-1]).sum()) <= 0:
            raise HwdseError(f"{measure}: the weights in {measure.weight!r} may all be zero")
        return product, weights

    def extremes(self, measure: Measure) -> tuple[NDArray[np.object_], Fraction]:
        """Per entry the greatest (`max`) or least figure of its layers, None outside the set."""
        whole = self.column(measure.column)
        order = self.problem.rows
        inside = self.layers(measure)[self.problem.row_layer[order]]
        values = whole.values[order].astype(object)
        pick = np.maximum if measure.kind == "max" else np.minimum
        outside = min(values) - 1 if measure.kind == "max" else max(values) + 1
        values[~inside] = outside
        found = np.asarray(pick.reduceat(values, self.problem.entry_start[:-1]), dtype=object)
        found[found == outside] = None
        return found, whole.unit

    def constant_weight(self, measure: Measure) -> Whole | None:
        """The weights of an average, where the total does not depend on the options taken."""
        _, weights = self.weighted(measure)
        entries = weights.values[: len(self.problem.entry_option)]
        low = np.minimum.reduceat(entries, self.problem.first[:-1])
        high = np.maximum.reduceat(entries, self.problem.first[:-1])
        if not bool((low == high).all()):
            return None
        return Whole(np.array([int(low.sum())], dtype=object), weights.unit)

    def objective(self, objective: Objective) -> Whole:
        """Per cell what it adds to a (weighted) sum.

        Raises:
            HwdseError: An average whose weights depend on the option.
        """
        found: Whole | None = None
        for term in objective.terms:
            measure = term.measure
            if measure.kind == "avg":
                total = self.constant_weight(measure)
                if total is None:
                    raise HwdseError(
                        f"objective {measure}: the weights in {measure.weight!r} depend on the "
                        "option, so it is no sum over layers; bound it by a budget instead"
                    )
                weight = Fraction(int(total.values[0])) * total.unit
                part = self.weighted(measure)[0].scaled(term.weight / weight)
            else:
                part = self.sums(measure).scaled(term.weight)
            found = part if found is None else found.plus(part)
        if found is None:
            raise AssertionError("an objective without terms")
        return found

    def _of_entries(self, column: Whole, mask: Mask) -> Whole:
        problem = self.problem
        values = column.values
        if not bool(mask.all()):
            values = np.where(mask[problem.row_layer], values, 0)
        values = values[problem.rows]
        if len(problem.rows) > len(problem.entry_option):
            values = np.add.reduceat(values, problem.entry_start[:-1])
        if not self.couplings.size and len(problem.rows) == len(problem.entry_option):
            return Whole(values, column.unit, column.error)
        size = int(np.diff(problem.entry_start).max())
        padded = np.zeros(len(values) + self.couplings.size, dtype=values.dtype)
        padded[: len(values)] = values
        return Whole(padded, column.unit, column.error * size)
