"""Columns of cells made names or finite numbers, a whole column at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwdse.errors import HwdseError

from .numbers import parse_number

__all__ = ["numbers_of", "texts_of"]

# How a message names the row at a position.
Where = Callable[[int], str]


def texts_of(
    cells: NDArray[Any], where: Where, column: str, *, may_be_empty: bool
) -> NDArray[np.object_]:
    """The cells as text; a missing or blank one is empty.

    Raises:
        HwdseError: A cell is empty and may not be.
    """
    try:
        codes, kinds = pd.factorize(cells, use_na_sentinel=False)
    except TypeError:  # lists and the like have no hash
        codes, kinds = np.arange(len(cells)), cells
    if pd.api.types.infer_dtype(kinds, skipna=False) == "string":
        names = [kind if kind.strip() else "" for kind in kinds]
    else:
        names = [_text(kind) for kind in kinds]
    if not may_be_empty and not all(names):
        empty = np.array([not name for name in names])
        raise HwdseError(f"{where(int(np.argmax(empty[codes])))}: the {column} has no name")
    found = np.empty(len(names), dtype=object)
    found[:] = names
    return found[codes]


def numbers_of(cells: NDArray[Any], where: Where, column: str) -> NDArray[np.float64]:
    """The cells as float64.

    Raises:
        HwdseError: A cell is missing, or is not a finite number.
    """
    if cells.dtype.kind in "iuf":
        numbers = cells.astype(np.float64)
        wrong = ~np.isfinite(numbers)
        if wrong.any():
            at = int(np.argmax(wrong))
            raise _complaint(cells[at], where(at), column)
        return numbers
    try:
        # Python's own reading of text: correctly rounded, as numpy calls float() on objects.
        numbers = cells.astype(object).astype(np.float64)
        doubtful = ~np.isfinite(numbers) | (numbers == 0.0) | _odd(cells)
    except (TypeError, ValueError, OverflowError):
        numbers = np.zeros(len(cells))
        doubtful = np.ones(len(cells), dtype=bool)
    for at in np.flatnonzero(doubtful).tolist():
        numbers[at] = _number(cells[at], where, at, column)
    return numbers


def _odd(cells: NDArray[Any]) -> NDArray[np.bool_]:
    """Which cells float() takes and we do not: `1_000`, digits of other scripts, booleans."""
    plain = pd.api.types.infer_dtype(cells, skipna=False)
    if plain == "string":
        text = "".join(cells)
        if text.isascii() and "_" not in text:
            return np.zeros(len(cells), dtype=bool)
    return np.ones(len(cells), dtype=bool)


def _is_missing(cell: Any) -> bool:
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    return isinstance(cell, float | np.floating) and bool(cell != cell)


def _text(cell: Any) -> str:
    if _is_missing(cell):
        return ""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    text = str(cell)
    return text if text.strip() else ""


def _number(cell: Any, where: Where, at: int, column: str) -> float:
    if isinstance(cell, str):
        if parse_number(cell) is None:
            raise _complaint(cell, where(at), column)
        return float(cell)
    try:
        # bool is an int in Python, but True in a cost column is a mistake.
        value = math.nan if isinstance(cell, bool | np.bool_) else float(cell)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise _complaint(cell, where(at), column)
    return value


def _complaint(cell: Any, where: str, column: str) -> HwdseError:
    if isinstance(cell, str) and not cell.strip():
        return HwdseError(f"{where}, column {column!r}: the number is missing")
    if _is_missing(cell):
        return HwdseError(f"{where}, column {column!r}: the number is missing (NaN)")
    shown = cell.item() if isinstance(cell, np.generic) else cell
    text = repr(shown)
    if len(text) > 40:
        text = text[:37] + "..."
    return HwdseError(f"{where}, column {column!r}: {text} is not a finite number")
