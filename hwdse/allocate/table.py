"""The option table: reading a file and cleaning a data frame, with errors that name rows."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.csv_input import one_line, row_name

from .cells import Names, names_of, numbers_of
from .decimals import denoised
from .streaming import read_csv_chunks

__all__ = ["KEYS", "TEXT", "clean_table", "named_table", "read_table", "row_name"]

KEYS = ("layer", "option", "loss")
TEXT = ("layer", "option", "tie", "group")
"""Columns of names; every other column holds numbers."""


def read_table(path: str | Path, *, need: Sequence[str] = KEYS) -> pd.DataFrame:
    """Read an option table: `layer, option, loss, [tie], [group]` and any resource columns.

    Names stay text as written (`1` is not a number, `NA` is not missing); blanks around a cell are
    dropped. All other columns become float64. The index holds the line numbers of the file, which
    is read in chunks.

    Args:
        path: A CSV file in UTF-8 with a header, or a Parquet file (`.parquet`, `.pq`) when pyarrow
            is installed.
        need: Columns that must be there.

    Raises:
        HwdseError: The file cannot be read, is malformed or empty, lacks a column, or holds a cell
            that is missing or is not a finite number; the message names the line.
    """
    path = Path(path)
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return clean_table(_read_parquet(path), need=need)
        return read_csv_chunks(
            path,
            is_text=lambda column: column in TEXT,
            may_be_empty=_may_be_empty,
            check=lambda columns: _check_columns(columns, need),
        )
    except HwdseError as error:
        text = str(error)
        raise HwdseError(text if text.startswith(str(path)) else f"{path}: {text}") from None


def _read_parquet(path: Path) -> pd.DataFrame:
    if importlib.util.find_spec("pyarrow") is None:
        raise HwdseError("reading Parquet needs pyarrow (pip install pyarrow); or give CSV")
    try:
        return pd.read_parquet(path)
    except Exception as error:  # pyarrow raises many kinds
        raise HwdseError(f"cannot be read as Parquet: {one_line(error)}") from None


def clean_table(frame: pd.DataFrame, *, need: Sequence[str] = KEYS) -> pd.DataFrame:
    """A copy with text names and float64 numbers, in the order of the rows given.

    Whole-number names and ties become text (`1`, and also `1.0` where pandas widened a column with
    gaps). Numbers are float64: whole numbers beyond 2**53 are rounded to it, negative zero is zero.

    Args:
        frame: See `read_table`.
        need: Columns that must be there.

    Raises:
        HwdseError: A column is missing, double or unnamed, the table has no rows, or a cell is
            missing or not a finite number; the message names row and column.
    """
    return named_table(frame, need=need)[0]


def named_table(
    frame: pd.DataFrame, *, need: Sequence[str] = KEYS
) -> tuple[pd.DataFrame, dict[str, Names]]:
    """As `clean_table`, and the columns of names as codes."""
    columns = [c.strip() if isinstance(c, str) else c for c in frame.columns]
    _check_columns(columns, need)
    if len(frame) == 0:
        raise HwdseError("the table has no rows; it needs one for each layer and option")

    def where(position: int) -> str:
        return row_name(frame, position)

    cleaned: dict[str, pd.Series[Any]] = {}
    names: dict[str, Names] = {}
    for position, column in enumerate(columns):
        cells = frame.iloc[:, position].to_numpy()
        done: NDArray[Any]
        if column in TEXT:
            empty = _may_be_empty(column)
            names[column] = names_of(cells, where, column, may_be_empty=empty)
            done = names[column].cells()
        else:
            done = denoised(numbers_of(cells, where, column))
        cleaned[column] = pd.Series(done, index=frame.index, copy=False, dtype=done.dtype)
    return pd.DataFrame(cleaned, copy=False), names


def _may_be_empty(column: str) -> bool:
    return column in ("tie", "group")


def _check_columns(columns: Sequence[object], need: Sequence[str]) -> None:
    names = []
    for column in columns:
        if not isinstance(column, str) or not column:
            raise HwdseError(
                f"the table has a column without a name (column names: {list(columns)})"
            )
        if column in names:
            raise HwdseError(f"the table has the column {column!r} twice; rename or drop one")
        names.append(column)
    for column in need:
        if column not in names:
            raise HwdseError(
                f"the table has no column {column!r}; it needs {', '.join(need)}"
                + nearest_hint(column, names)
            )
