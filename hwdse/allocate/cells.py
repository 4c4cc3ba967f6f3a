"""Columns of cells made names or finite numbers, a whole column at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwdse.errors import HwdseError

from .numbers import parse_number

__all__ = ["Names", "names_of", "numbers_of"]

# How a message names the row at a position.
Where = Callable[[int], str]


@dataclass(frozen=True, eq=False)
class Names:
    """A column of names.

    Attributes:
        codes: The name of each cell, an index into `kinds`.
        kinds: The names, each once, in the order of their first cells.
    """

    codes: NDArray[np.int64]
    kinds: NDArray[np.object_]

    def cells(self) -> NDArray[np.object_]:
        """The name of each cell."""
        return self.kinds[self.codes]


def names_of(cells: NDArray[Any], where: Where, column: str, *, may_be_empty: bool) -> Names:
    """The cells as text; a missing or blank one is empty.

    Raises:
        HwdseError: A cell is empty and may not be.
    """
    codes, kinds = _factorized(cells)
    plain = pd.api.types.infer_dtype(kinds, skipna=False) == "string"
    if not plain or not all(map(str.strip, kinds)):
        # Others may have the same text, such as 1 and 1.0.
        texts = [_text(kind) for kind in kinds]
        place = {text: at for at, text in enumerate(dict.fromkeys(texts))}
        codes = np.array([place[text] for text in texts])[codes]
        kinds = np.empty(len(place), dtype=object)
        kinds[:] = list(place)
        if not may_be_empty and "" in place:
            at = int(np.argmax(codes == place[""]))
            raise HwdseError(f"{where(at)}: the {column} has no name")
    return Names(codes, kinds)


def _factorized(cells: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Codes and kinds; what is missing is one kind."""
    try:
        # Tables come layer by layer: comparing neighbours is quicker than hashing every cell.
        fresh = np.ones(len(cells), dtype=bool)
        fresh[1:] = cells[1:] != cells[:-1]
        starts = np.flatnonzero(fresh)
        repeated = 2 * len(starts) < len(cells)
        codes, kinds = pd.factorize(cells[starts] if repeated else cells)
    except (TypeError, ValueError):  # lists and the like have no hash
        return np.arange(len(cells)), cells
    missing = codes < 0
    if missing.any():
        codes = np.where(missing, len(kinds), codes)
        kinds = np.array([*kinds, None], dtype=object)
        order = pd.unique(codes)  # of first appearance again
        place = np.empty(len(kinds), dtype=np.int64)
        place[order] = np.arange(len(kinds))
        codes, kinds = place[codes], kinds[order]
    if repeated:
        codes = np.repeat(codes, np.diff(np.append(starts, len(cells))))
    return codes.astype(np.int64, copy=False), kinds


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
