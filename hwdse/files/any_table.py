"""Reading a table of any columns: CSV, Parquet, or JSON records."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from hwdse.errors import HwdseError
from hwdse.files.csv_input import one_line

__all__ = ["read_any_table"]

_SUFFIXES = (".csv", ".parquet", ".pq", ".json")


def read_any_table(path: Path) -> pd.DataFrame:
    """A table by its suffix; columns are numbers where all their cells are.

    Raises:
        HwdseError: Another suffix, or a file that cannot be read, or has no rows.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise HwdseError(f"{str(path)!r}: tables end in {', '.join(_SUFFIXES)}")
    try:
        if suffix == ".csv":
            frame = pd.read_csv(path)
        elif suffix == ".json":
            document = json.loads(path.read_text(encoding="utf-8"))
            # With units beside the records, as `hwdse cost -o` writes them.
            rows = document["rows"] if isinstance(document, dict) else document
            frame = pd.DataFrame.from_records(rows)
        else:
            frame = pd.read_parquet(path)
    except OSError as error:
        raise HwdseError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    except Exception as error:  # pandas and pyarrow raise many kinds
        raise HwdseError(f"{str(path)!r}: not a {suffix[1:]} table: {one_line(error)}") from None
    if frame.empty:
        raise HwdseError(f"{str(path)!r} has no rows")
    return frame
