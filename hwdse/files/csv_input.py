"""Reading a user's CSV as text cells, with the line of every row kept for messages."""

from __future__ import annotations

import csv
from collections.abc import Hashable
from pathlib import Path

import numpy as np
import pandas as pd

from hwdse.errors import HwdseError

__all__ = ["one_line", "read_csv_text", "row_name"]

# The index of a table that was read from a file: the line each row ends on.
LINE_INDEX = "line"


def read_csv_text(path: Path) -> pd.DataFrame:
    """All cells as text, blanks around them dropped; the index holds the file's line numbers.

    Args:
        path: A CSV file in UTF-8 with a header.

    Raises:
        HwdseError: The file cannot be read, is empty or malformed; the message names the line.
    """
    rows: list[list[str]] = []
    lines: list[int] = []
    header: list[str] | None = None
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True, skipinitialspace=True)
            try:
                for cells in reader:
                    if not any(cell.strip() for cell in cells):
                        if cells and header is not None and len(cells) == len(header):
                            raise HwdseError(f"{path}: line {reader.line_num}: all cells are empty")
                        continue
                    cells = [cell.strip() for cell in cells]
                    if header is None:
                        header = cells
                        continue
                    if len(cells) != len(header):
                        raise HwdseError(
                            f"{path}: line {reader.line_num}: {len(cells)} cells where the header "
                            f"has {len(header)}"
                        )
                    rows.append(cells)
                    lines.append(reader.line_num)
            except csv.Error as error:
                raise HwdseError(
                    f"{path}: line {reader.line_num}: malformed CSV: {one_line(error)}"
                ) from None
    except UnicodeDecodeError as error:
        raise HwdseError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except HwdseError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise HwdseError(f"{path}: cannot be read: {reason}") from None
    if header is None:
        raise HwdseError(f"{path}: the table is empty, even its header is missing")
    index = pd.Index(lines, name=LINE_INDEX)
    data = np.array(rows, dtype=object).reshape(len(rows), len(header))
    return pd.DataFrame(data, index=index, columns=pd.Index(header, dtype=object))


def one_line(error: BaseException) -> str:
    """An error's message without line breaks."""
    return " ".join(str(error).split())


def row_name(frame: pd.DataFrame, position: int) -> str:
    """How a message names a row: by the line of the file it came from, or by its index label."""
    label: Hashable = frame.index[position]
    return f"{'line' if frame.index.name == LINE_INDEX else 'row'} {label}"
