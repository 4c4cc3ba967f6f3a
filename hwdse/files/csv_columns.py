"""Checked columns out of a CSV read as text: one line for every cell that will not do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.csv_input import row_name

__all__ = ["numbers", "require_columns", "texts"]


def require_columns(frame: pd.DataFrame, columns: Sequence[str], *, path: Path) -> None:
    """Refuse a table that lacks a column, or has no rows.

    Raises:
        HwdseError: With the nearest column that is there.
    """
    present = [str(column) for column in frame.columns]
    for column in present:
        if present.count(column) > 1:
            raise HwdseError(f"{path}: column {column!r} occurs twice; rename or drop one")
    for column in columns:
        if column not in present:
            hint = nearest_hint(column, present)
            raise HwdseError(f"{path}: column {column!r} is missing{hint}")
    if frame.empty:
        raise HwdseError(f"{path}: the table has a header but no rows")


def texts(frame: pd.DataFrame, column: str, *, path: Path) -> list[str]:
    """A column of names.

    Raises:
        HwdseError: A cell is empty.
    """
    cells = [str(cell) for cell in frame[column]]
    for position, cell in enumerate(cells):
        if not cell:
            raise HwdseError(f"{path}: {row_name(frame, position)}: {column} is empty")
    return cells


def numbers(frame: pd.DataFrame, column: str, *, path: Path, least: float) -> list[float]:
    """A column of finite numbers of at least ``least``.

    Raises:
        HwdseError: A cell is missing, NaN, infinite, no number, or too small.
    """
    values = []
    for position, cell in enumerate(frame[column]):
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < least:
            wanted = "a finite number" if least == -math.inf else f"a number of at least {least:g}"
            raise HwdseError(
                f"{path}: {row_name(frame, position)}: {column} is {str(cell)!r}, not {wanted}"
            )
        values.append(value)
    return values
