"""The tables of a portfolio: units with what building one costs, and layers' options on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwdse.errors import HwdseError, nearest_hint

from .cells import names_of, numbers_of
from .decimals import denoised
from .problem import Problem, build_problem
from .streaming import read_csv_chunks
from .table import KEYS, TEXT, row_name

__all__ = ["Tables", "build_tables", "read_option_rows", "read_units"]

_UNIT_TEXT = ("unit", "type")
_OPTION_TEXT = (*TEXT, "unit")


@dataclass(frozen=True, eq=False)
class Tables:
    """A validated option table whose options run on units, and the units.

    Attributes:
        problem: The layers and their options; see `Problem`.
        row_unit: The unit of each row of the option table, an index into `units`.
        entry_unit: The unit of each entry of `problem`.
        units: Names, sorted.
        types: The type of each unit, empty where it has none: of a type one unit at most is built.
        charges: Per column of the unit table, what building each unit adds to its total.
    """

    problem: Problem
    row_unit: NDArray[np.int64]
    entry_unit: NDArray[np.int64]
    units: tuple[str, ...]
    types: tuple[str, ...]
    charges: Mapping[str, NDArray[np.float64]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Numeric columns of either table, those of the options first."""
        own = self.problem.columns
        return (*own, *(c for c in self.charges if c not in own))


def read_option_rows(path: str | Path) -> pd.DataFrame:
    """Read the option table of a portfolio: `layer, option, unit, [tie]` and numeric columns.

    Raises:
        HwdseError: As `read_table`.
    """
    return _read(Path(path), _OPTION_TEXT, need=("layer", "option", "unit"))


def read_units(path: str | Path) -> pd.DataFrame:
    """Read a unit table: `unit, [type]` and numeric columns such as `area_mm2`.

    Raises:
        HwdseError: As `read_table`.
    """
    return _read(Path(path), _UNIT_TEXT, need=("unit",))


def build_tables(
    options: pd.DataFrame, units: pd.DataFrame, *, need: Sequence[str] = KEYS
) -> Tables:
    """Check both tables.

    Args:
        options: `layer, option, unit, [tie]` and any numeric columns; an option runs on one unit,
            and layers of a tie run it on the same.
        units: `unit, [type]` and any numeric columns. What is chosen adds up, over both tables.
        need: Columns that the option table must have, besides `unit`.

    Raises:
        HwdseError: As `build_problem`; also an unknown or repeated unit, with its row.
    """
    names, types, charges = _clean_units(units)
    stripped = options.rename(columns=lambda c: c.strip() if isinstance(c, str) else c)
    _check_columns(list(stripped.columns), ("unit",), what="option table")
    own = stripped["unit"].to_numpy()
    problem = build_problem(stripped.drop(columns="unit"), need=need)
    texts = names_of(own, lambda at: row_name(options, at), "unit", may_be_empty=False).cells()
    number = {name: at for at, name in enumerate(names)}
    row_unit = np.array([number.get(str(text), -1) for text in texts.tolist()], dtype=np.int64)
    if (row_unit < 0).any():
        at = int(np.argmax(row_unit < 0))
        raise HwdseError(
            f"{row_name(options, at)}: the unit table has no unit {texts[at]!r}"
            f"{nearest_hint(str(texts[at]), names)}"
        )
    ordered = row_unit[problem.rows]
    entry_unit = ordered[problem.entry_start[:-1]]
    apart = ordered != np.repeat(entry_unit, np.diff(problem.entry_start))
    if apart.any():
        row = int(problem.rows[int(np.argmax(apart))])
        option = problem.table["option"].iloc[row]
        raise HwdseError(
            f"{row_name(options, row)}: option {option!r} runs on unit {texts[row]!r} here and on "
            "another in a tied layer; name the options apart, or give them one unit"
        )
    return Tables(problem, row_unit, entry_unit, names, types, charges)


def _read(path: Path, text: tuple[str, ...], *, need: tuple[str, ...]) -> pd.DataFrame:
    try:
        return read_csv_chunks(
            path,
            is_text=lambda column: column in text,
            may_be_empty=lambda column: column in ("tie", "group", "type"),
            check=lambda columns: _check_columns(columns, need, what="table"),
        )
    except HwdseError as error:
        raise HwdseError(f"{path}: {error}") from None


def _check_columns(columns: Sequence[Any], need: Sequence[str], *, what: str) -> None:
    names = [c.strip() if isinstance(c, str) else c for c in columns]
    for column in names:
        if not isinstance(column, str) or not column:
            raise HwdseError(f"the {what} has a column without a name")
        if names.count(column) > 1:
            raise HwdseError(f"the {what} has the column {column!r} twice; rename or drop one")
    for column in need:
        if column not in names:
            raise HwdseError(
                f"the {what} has no column {column!r}; it needs {', '.join(need)}"
                + nearest_hint(column, names)
            )


def _clean_units(
    frame: pd.DataFrame,
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, NDArray[np.float64]]]:
    """Names, types and charges, in the order of the names."""
    stripped = frame.rename(columns=lambda c: c.strip() if isinstance(c, str) else c)
    _check_columns(list(stripped.columns), ("unit",), what="unit table")
    if len(stripped) == 0:
        raise HwdseError("the unit table has no rows; it needs one for each unit")

    def where(at: int) -> str:
        return f"unit table, {row_name(frame, at)}"

    names = [
        str(n)
        for n in names_of(stripped["unit"].to_numpy(), where, "unit", may_be_empty=False)
        .cells()
        .tolist()
    ]
    types = [""] * len(names)
    if "type" in stripped.columns:
        cells = stripped["type"].to_numpy()
        types = [str(t) for t in names_of(cells, where, "type", may_be_empty=True).cells().tolist()]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise HwdseError(f"{where(at)}: unit {name!r} occurs twice")
    order = sorted(range(len(names)), key=names.__getitem__)
    charges = {
        str(column): denoised(numbers_of(stripped[column].to_numpy(), where, str(column)))[order]
        for column in stripped.columns
        if column not in _UNIT_TEXT
    }
    return tuple(names[i] for i in order), tuple(types[i] for i in order), charges
