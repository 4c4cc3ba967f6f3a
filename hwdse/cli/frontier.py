"""`hwdse allocate --frontier` and `--compare`: what is printed, written as CSV and drawn."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from hwdse import allocate
from hwdse.allocate import Allocation, Budget, Comparison, Rules, Surface
from hwdse.cli.output import print_json, print_table
from hwdse.errors import HwdseError
from hwdse.files.output import make_directory, write_text

__all__ = ["Question", "show_comparison", "show_frontier", "show_surface"]

_POINTS = 33
_SURFACE_POINTS = 13

Which = Literal["grid", "supported", "exact"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """What is asked of a table: one objective within budgets.

    Attributes:
        name: Of the table's file.
        table: The options.
        rules: Beside the budgets, if any.
        minimize: As for `hwdse.allocate.solve`.
        maximize: Likewise.
        budgets: Likewise.
        which: Of a frontier's points.
        points: Budgets along a frontier, or a side of a surface; None for the usual.
        time_limit: In seconds, if any.
        solver: By name.
        outputs: Files to write: `.csv`, or a picture.
    """

    name: str
    table: pd.DataFrame
    rules: Rules | None
    minimize: str | None
    maximize: str | None
    budgets: Sequence[Budget]
    which: Which
    points: int | None
    time_limit: float | None
    solver: str
    outputs: Sequence[Path]

    @property
    def objective(self) -> str:
        """What is traded, for an axis."""
        return self.maximize or self.minimize or "loss"

    def frontier(self, column: str, *, which: Which, held: Sequence[Budget]) -> list[Allocation]:
        """The frontier against a column."""
        return allocate.frontier(
            self.table,
            column,
            budgets=held,
            points=self.points or _POINTS,
            which=which,
            minimize=self.minimize,
            maximize=self.maximize,
            rules=self.rules,
            time_limit=self.time_limit,
            solver=self.solver,
        )


def show_frontier(question: Question, column: str, *, json: bool) -> int:
    """The objective against one column."""
    found = question.frontier(column, which=question.which, held=question.budgets)
    rows = _rows(found)
    if json:
        print_json([one.to_json() for one in found])
    else:
        print_table(*rows)
    _write(question, rows, lambda path: _draw(question, column, found, path, None, None))
    return max(one.exit_code for one in found)


def show_surface(question: Question, columns: tuple[str, str], *, gap: float, json: bool) -> int:
    """The objective against two columns."""
    if question.which != "grid":
        raise HwdseError("--exact and --supported are for one --frontier column, not for two")
    found = allocate.frontier_surface(
        question.table,
        columns,
        budgets=question.budgets,
        points=question.points or _SURFACE_POINTS,
        minimize=question.minimize,
        maximize=question.maximize,
        rules=question.rules,
        time_limit=question.time_limit,
        relative_gap=gap,
        solver=question.solver,
    )
    rows = _rows(found.points)
    if json:
        print_json(found.to_json())
    else:
        print_table(*rows)
        print()
        print(_counted(found))
    _write(question, rows, lambda path: _draw_surface(question, found, path))
    return found.exit_code


def _counted(found: Surface) -> str:
    count = {s: sum(one.status == s for one in found.cells) for s in _WORDS}
    shown = ", ".join(f"{count[s]} {word}" for s, word in _WORDS.items() if count[s])
    return f"{len(found.cells)} pairs of budgets: {shown}"


_WORDS = {
    "optimal": "proven optimal",
    "feasible": "not proven",
    "infeasible": "proven without an answer",
    "unknown": "without a known answer",
}


def show_comparison(
    question: Question, column: str | None, *, gap: float, seed: int, json: bool
) -> int:
    """The exact answer beside what simpler methods find."""
    found = allocate.compare(
        question.table,
        question.budgets,
        minimize=question.minimize,
        maximize=question.maximize,
        rules=question.rules,
        seed=seed,
        time_limit=question.time_limit,
        relative_gap=gap,
        solver=question.solver,
    )
    limit = _swept(question.budgets, column)
    pictured = any(path.suffix.lower() != ".csv" for path in question.outputs)
    points: list[Allocation] = []
    if pictured or column is not None:
        if limit is None:
            where = "a '<=' budget on a column" if column is None else f"a budget {column}<=V"
            raise HwdseError(f"--compare against the frontier needs {where}")
        held = [one for one in question.budgets if one is not limit]
        points = question.frontier(limit.column.strip(), which=question.which, held=held)
    rows = _comparison_rows(question.objective, found)
    if json:
        frontier = {"frontier": [one.to_json() for one in points]} if column is not None else {}
        print_json(found.to_json() | frontier)
    else:
        print_table(*rows)
        print()
        for one in found.baselines:
            print(f"{one.method}: {one.rule if one.feasible else one.reason}")
    if limit is not None:
        name = limit.column.strip()
        _write(question, rows, lambda path: _draw(question, name, points, path, found, limit))
    else:
        _write(question, rows, None)
    return found.exact.exit_code


def _swept(budgets: Sequence[Budget], column: str | None) -> Budget | None:
    """The first `<=` budget on the column, or on any column where none is named."""
    for one in budgets:
        name = one.column.strip()
        if one.sense == "<=" and name == (column or name) and (column or "(" not in name):
            return one
    return None


def _rows(found: Sequence[Allocation]) -> tuple[list[str], list[list[object]]]:
    columns = list(found[0].totals)
    rows: list[list[object]] = [
        [one.status, one.gap, *(one.totals[c] for c in columns)] for one in found
    ]
    return ["status", "gap", *columns], rows


def _comparison_rows(objective: str, found: Comparison) -> tuple[list[str], list[list[object]]]:
    best = found.exact
    others = [column for column in best.totals if column != objective]
    word = "exact" if best.status == "optimal" else "best found"
    totals: list[object] = [best.totals[c] for c in others]
    rows: list[list[object]] = [[word, best.objective, 0.0, *totals, best.seconds, "yes"]]
    for one in found.baselines:
        have = one.totals
        totals = ["-" if have is None else have[c] for c in others]
        excess = "-" if one.excess is None else one.excess * 100
        value = "-" if one.objective is None else one.objective
        feasible = "yes" if one.feasible else "none found"
        rows.append([one.method, value, excess, *totals, one.seconds, feasible])
    return ["method", objective, "excess_percent", *others, "seconds", "feasible"], rows


def _write(question: Question, rows: tuple[list[str], list[list[object]]], draw: Any) -> None:
    for path in question.outputs:
        if path.suffix.lower() == ".csv":
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(rows[0])
            writer.writerows(rows[1])
            make_directory(path.parent)
            write_text(path, text.getvalue())
        else:
            draw(path)


def _draw(
    question: Question,
    column: str,
    found: Sequence[Allocation],
    path: Path,
    comparison: Comparison | None,
    limit: Budget | None,
) -> None:
    from hwdse.report.allocation_figure import FrontierPicture, save_frontier_figure

    marks, exact = {}, None
    if comparison is not None:
        exact = comparison.exact.totals[column], comparison.exact.objective
        for one in comparison.baselines:
            if one.totals is not None and one.objective is not None:
                excess = "" if one.excess is None else f", {one.excess * 100:+.3g} %"
                marks[one.method + excess] = (one.totals[column], one.objective)
    save_frontier_figure(
        FrontierPicture(
            title=f"{question.objective} against {column}",
            subtitle=_subtitle(question, found[0], None if limit is None else column),
            x_label=column,
            y_label=question.objective,
            kinds=_kinds(question, column, found),
            budget=None if limit is None else float(limit.limit),
            exact=exact,
            marks=marks,
        ),
        path,
    )


def _subtitle(question: Question, one: Allocation, swept: str | None) -> str:
    held = [str(b) for b in question.budgets if swept is None or b.column.strip() != swept]
    within = f", within {', '.join(held)}" if held else ""
    return f"{question.name}, {len(one.assignment)} layers{within}; {one.solver}"


def _kinds(
    question: Question, column: str, found: Sequence[Allocation]
) -> dict[str, list[tuple[float, float]]]:
    """Points by kind, as (column, objective)."""
    if question.which == "exact":
        # Points of a frontier differ in the column, so it tells which are on the hull.
        hull = question.frontier(column, which="supported", held=())
        on = {one.exact_totals[column] for one in hull}
        names = "supported", "not supported"
        first = [one.exact_totals[column] in on for one in found]
    elif question.which == "supported":
        names, first = ("supported", ""), [True] * len(found)
    else:
        names = "proven optimal at a budget", "best found at a budget"
        first = [one.status == "optimal" for one in found]
    kinds: dict[str, list[tuple[float, float]]] = {name: [] for name in names if name}
    for one, is_first in zip(found, first, strict=True):
        kinds[names[0 if is_first else 1]].append((one.totals[column], one.objective))
    return kinds


def _draw_surface(question: Question, found: Surface, path: Path) -> None:
    from hwdse.report.allocation_figure import SurfacePicture, save_surface_figure

    axes = [sorted({one.limits[at] for one in found.cells}) for at in (0, 1)]
    values = {one.limits: one.objective for one in found.cells}
    first, second = found.columns
    save_surface_figure(
        SurfacePicture(
            title=f"{question.objective} against {first} and {second}",
            subtitle=f"{_subtitle(question, found.points[0], None)}; {_counted(found)}",
            x_label=f"budget on {first}",
            y_label=f"budget on {second}",
            z_label=question.objective,
            x=[float(limit) for limit in axes[0]],
            y=[float(limit) for limit in axes[1]],
            z=[[values[x, y] for y in axes[1]] for x in axes[0]],
            points=[(p.totals[first], p.totals[second]) for p in found.points],
        ),
        path,
    )
