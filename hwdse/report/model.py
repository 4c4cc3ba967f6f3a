"""The plain data that a study hands over to be drawn and written up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hwdse.errors import HwdseError, nearest_hint

from .text import as_float

__all__ = [
    "FRONTIER_COLUMNS",
    "KINDS",
    "LAYER_PREFIX",
    "UNIT_COLUMNS",
    "Resource",
    "StudyReport",
    "records",
]

KINDS = ("frontier", "uniform", "budget")
"""What a row of the frontier table may be."""

LAYER_PREFIX = "layer:"
"""Begins the name of a frontier column that holds the unit of one layer."""

FRONTIER_COLUMNS = ("kind", "label", "resource", "loss", "status", "bound", "gap")
"""Columns of the frontier table, beside one per resource and, as far as known, one per layer."""

UNIT_COLUMNS = (
    "label",
    "spec",
    "area_um2",
    "area_um2_low",
    "area_um2_high",
    "delay_ps",
    "energy_pj_per_mac",
    "energy_pj_per_mac_low",
    "energy_pj_per_mac_high",
    "leakage_uw",
    "cells",
    "macs_per_cycle",
    "tech",
    "source",
)
"""Columns of the table of units; any further ones are not shown."""

_ALLOCATION_KEYS = ("name", "status", "objective", "assignment")


@dataclass(frozen=True)
class Resource:
    """Something to be spent, of which less is better.

    Attributes:
        column: The column of the frontier table that holds it.
        label: What it is, such as "energy per inference".
        unit: Its unit, such as "µJ"; empty for a plain number.
    """

    column: str
    label: str
    unit: str

    @property
    def title(self) -> str:
        """The label with its unit in brackets, as written along an axis."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, eq=False)
class StudyReport:
    """Everything that the pictures and the page of one study show.

    Attributes:
        title: One line.
        description: One paragraph.
        loss_label: What the loss is, as written along its axis.
        resources: One panel each, in this order.
        frontier: Rows of `FRONTIER_COLUMNS`, a column per resource and one `layer:<layer>` per
            layer. Of kind `frontier` are the exact Pareto points of loss against `resource`, of
            kind `uniform` one unit in every layer (`label` is the unit), of kind `budget` the
            named allocations (`label` is the name).
        units: Rows of `UNIT_COLUMNS`.
        allocations: One dictionary per named budget: name, budgets, status, objective, bound, gap,
            solver, seconds, assignment, totals.
        layers: In the order of the network.
        provenance: Versions, hashes, technology and the like, in the order to be shown. The value
            of `command` is the command line that makes the study again.
        reference: Label of the uniform assignment that percentages refer to. By default the one of
            least loss and, among equals, of the least resources, the first resource first: savings
            are not made to look larger than they are.

    Raises:
        HwdseError: A table lacks a column, a row is of no known kind, or the reference is unknown.
    """

    title: str
    description: str
    loss_label: str
    resources: tuple[Resource, ...]
    frontier: pd.DataFrame
    units: pd.DataFrame
    allocations: tuple[Mapping[str, Any], ...]
    layers: tuple[str, ...]
    provenance: Mapping[str, str]
    reference: str | None = None

    def __post_init__(self) -> None:
        if not self.resources:
            raise HwdseError("a report needs at least one resource to draw the loss against")
        columns = [r.column for r in self.resources]
        _need(self.frontier, (*FRONTIER_COLUMNS, *columns), what="frontier table")
        _need(self.units, UNIT_COLUMNS, what="table of units")
        for kind in self.frontier["kind"]:
            if kind not in KINDS:
                raise HwdseError(f"frontier table: kind {kind!r}{nearest_hint(str(kind), KINDS)}")
        for at, one in enumerate(self.allocations):
            missing = [key for key in _ALLOCATION_KEYS if key not in one]
            if missing:
                raise HwdseError(f"allocation {at}: lacks {', '.join(missing)}")
        known = [str(label) for label in self.rows("uniform")["label"]]
        if self.reference is not None and self.reference not in known:
            hint = nearest_hint(self.reference, known)
            raise HwdseError(f"reference {self.reference!r} is no uniform assignment{hint}")

    def rows(self, kind: str, *, resource: str | None = None) -> pd.DataFrame:
        """The rows of one kind.

        Args:
            kind: One of `KINDS`.
            resource: For frontier rows the column of the resource; they are then sorted by it.
        """
        table = self.frontier[self.frontier["kind"] == kind]
        if resource is None:
            return table
        return table[table["resource"] == resource].sort_values(resource, kind="stable")

    def reference_row(self) -> dict[str, Any] | None:
        """The uniform assignment that percentages refer to, or None when there is none."""
        best: tuple[float, ...] = ()
        chosen: dict[str, Any] | None = None
        for row in records(self.rows("uniform")):
            rank = tuple(as_float(row[c]) for c in ("loss", *(r.column for r in self.resources)))
            if self.reference is not None:
                if str(row["label"]) == self.reference:
                    return row
            elif math.isfinite(rank[0]) and (chosen is None or rank < best):
                best, chosen = rank, row
        return chosen


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries."""
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _need(table: pd.DataFrame, columns: tuple[str, ...], *, what: str) -> None:
    missing = [c for c in columns if c not in table.columns]
    if missing:
        raise HwdseError(f"{what}: lacks {', '.join(missing)}")
