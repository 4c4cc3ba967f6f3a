"""The allocation problem: layers, tied groups, the options of each group, and their figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwdse.errors import HwdseError

from .table import clean_table, row_name

__all__ = ["Problem", "build_problem"]


@dataclass(frozen=True, eq=False)
class Problem:
    """A validated option table.

    Attributes:
        layers: Layer names in the order they first appear.
        columns: Numeric columns, `loss` among them, in the order of the table.
        values: The figures, float64, one row for each row of the table; read-only.
        groups: Per group of tied layers (or single layer), the indices of its layers.
        options: Per group, the names of the options that all its layers offer.
        rows: Per group, the table row of each option (first axis) and layer (second); read-only.
        table: The cleaned table.
    """

    layers: tuple[str, ...]
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    groups: tuple[tuple[int, ...], ...]
    options: tuple[tuple[str, ...], ...]
    rows: tuple[NDArray[np.int64], ...]
    table: pd.DataFrame


def build_problem(frame: pd.DataFrame) -> Problem:
    """Check an option table and gather it into a `Problem`.

    Groups and options are in an order that does not depend on the order of the rows: groups by the
    least of their layer names, layers and options by name.

    Args:
        frame: `layer, option, loss, [tie]` and any numeric resource columns.

    Raises:
        HwdseError: As `clean_table`; also a layer and option given twice, a layer with two ties,
            or tied layers without a common option.
    """
    table = clean_table(frame)
    names = table["layer"].tolist()
    choices = table["option"].tolist()
    ties = table["tie"].tolist() if "tie" in table.columns else [""] * len(table)

    row_of: dict[str, dict[str, int]] = {}
    tie_of: dict[str, tuple[str, int]] = {}
    for row, (layer, option, tie) in enumerate(zip(names, choices, ties, strict=True)):
        taken = row_of.setdefault(layer, {})
        if option in taken:
            raise HwdseError(
                f"{row_name(table, row)}: layer {layer!r} has option {option!r} already "
                f"({row_name(table, taken[option])})"
            )
        taken[option] = row
        first_tie, first_row = tie_of.setdefault(layer, (tie, row))
        if tie != first_tie:
            raise HwdseError(
                f"{row_name(table, row)}: layer {layer!r} has tie {tie!r} here and {first_tie!r} "
                f"on {row_name(table, first_row)}; give all its rows the same"
            )

    layers = tuple(row_of)
    index = {layer: i for i, layer in enumerate(layers)}
    members: dict[tuple[str, str], list[str]] = {}
    for layer in layers:
        tie = tie_of[layer][0]
        # An untied layer is a group of its own; the first part keeps it apart from any tie.
        members.setdefault(("tie", tie) if tie else ("layer", layer), []).append(layer)

    groups, options, rows = [], [], []
    for (_, name), group in sorted(members.items(), key=lambda item: min(item[1])):
        group.sort()
        common = sorted(set.intersection(*(set(row_of[layer]) for layer in group)))
        if not common:
            shown = ", ".join(group[:4]) + (", ..." if len(group) > 4 else "")
            raise HwdseError(f"tie {name!r}: its layers ({shown}) have no option in common")
        groups.append(tuple(index[layer] for layer in group))
        options.append(tuple(common))
        found = np.array([[row_of[layer][o] for layer in group] for o in common], dtype=np.int64)
        found.setflags(write=False)
        rows.append(found)

    columns = tuple(c for c in table.columns if c not in ("layer", "option", "tie"))
    values = table[list(columns)].to_numpy(dtype=np.float64, copy=True)
    values.setflags(write=False)
    return Problem(
        layers=layers,
        columns=columns,
        values=values,
        groups=tuple(groups),
        options=tuple(options),
        rows=tuple(rows),
        table=table,
    )
