"""The option table: reading a file and cleaning a data frame, with errors that name rows."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.csv_input import one_line, read_csv_text, row_name

from .numbers import parse_number

__all__ = ["KEYS", "clean_table", "read_table", "row_name"]

KEYS = ("layer", "option", "loss")
_TEXT = ("layer", "option", "tie")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read an option table: `layer, option, loss, [tie]` and any resource columns.

    Names stay text as written (`1` is not a number, `NA` is not missing); blanks around a cell are
    dropped. All other columns become float64. The index holds the line numbers of the file.

    Args:
        path: A CSV file in UTF-8 with a header, or a Parquet file (`.parquet`, `.pq`) when pyarrow
            is installed.

    Raises:
        HwdseError: The file cannot be read, is malformed or empty, lacks a column, or holds a cell
            that is missing or is not a finite number; the message names the line.
    """
    path = Path(path)
    frame = (
        _read_parquet(path) if path.suffix.lower() in (".parquet", ".pq") else read_csv_text(path)
    )
    try:
        return clean_table(frame)
    except HwdseError as error:
        raise HwdseError(f"{path}: {error}") from None


def _read_parquet(path: Path) -> pd.DataFrame:
    if importlib.util.find_spec("pyarrow") is None:
        raise HwdseError(
            f"{path}: reading Parquet needs pyarrow (pip install pyarrow); or give CSV"
        )
    try:
        return pd.read_parquet(path)
    except Exception as error:  # pyarrow raises many kinds
        raise HwdseError(f"{path}: cannot be read as Parquet: {one_line(error)}") from None


def clean_table(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy with text names and float64 numbers, in the order of the rows given.

    Whole-number names and ties become text (`1`, and also `1.0` where pandas widened a column with
    gaps). Numbers are float64: whole numbers beyond 2**53 are rounded to it.

    Raises:
        HwdseError: A column is missing, double or unnamed, the table has no rows, or a cell is
            missing or not a finite number; the message names row and column.
    """
    columns = [c.strip() if isinstance(c, str) else c for c in frame.columns]
    for column in columns:
        if not isinstance(column, str) or not column:
            raise HwdseError(f"the table has a column without a name (column names: {columns})")
        if columns.count(column) > 1:
            raise HwdseError(f"the table has the column {column!r} twice; rename or drop one")
    for column in KEYS:
        if column not in columns:
            raise HwdseError(
                f"the table has no column {column!r}; it needs layer, option, loss"
                + nearest_hint(column, columns)
            )
    if len(frame) == 0:
        raise HwdseError("the table has no rows; it needs one for each layer and option")
    cleaned: dict[str, Any] = {}
    for position, column in enumerate(columns):
        cells = frame.iloc[:, position].tolist()
        if column in _TEXT:
            cleaned[column] = np.array(
                [_text(cell, frame, i, column) for i, cell in enumerate(cells)], dtype=object
            )
        else:
            cleaned[column] = np.array(
                [_number(cell, frame, i, column) for i, cell in enumerate(cells)], dtype=np.float64
            )
    return pd.DataFrame(cleaned, index=frame.index.copy())


def _is_missing(cell: object) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or (cell != cell)


def _text(cell: object, frame: pd.DataFrame, position: int, column: str) -> str:
    if isinstance(cell, str):
        text = cell
    elif _is_missing(cell):
        text = ""
    elif isinstance(cell, float) and cell.is_integer():
        text = str(int(cell))
    else:
        text = str(cell)
    if column != "tie" and not text.strip():
        raise HwdseError(f"{row_name(frame, position)}: the {column} has no name")
    return text if text.strip() else ""


def _number(cell: object, frame: pd.DataFrame, position: int, column: str) -> float:
    where = f"{row_name(frame, position)}, column {column!r}"
    if isinstance(cell, str):
        if not cell.strip():
            raise HwdseError(f"{where}: the number is missing")
        if parse_number(cell) is None:
            raise HwdseError(f"{where}: {cell!r} is not a finite number")
        return float(cell)
    if _is_missing(cell):
        raise HwdseError(f"{where}: the number is missing (NaN)")
    try:
        # bool is an int in Python, but True in a cost column is a mistake.
        value = math.nan if isinstance(cell, (bool, np.bool_)) else float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise HwdseError(f"{where}: {cell!r} is not a finite number")
    return value
