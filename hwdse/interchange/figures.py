"""Rows of figures as CSV, Parquet or JSON, every column with its unit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hwdse import __version__
from hwdse.errors import HwdseError
from hwdse.files.output import write_bytes, write_text
from hwdse.interchange.units import unit_of

__all__ = ["SUFFIXES", "check_suffix", "schema_of", "write_figures"]

SUFFIXES = (".csv", ".parquet", ".json")


def check_suffix(path: Path) -> None:
    """Say at once where figures cannot be written to a file of this name.

    Raises:
        HwdseError: It ends in none of ``SUFFIXES``.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise HwdseError(f"{str(path)!r}: figures are written as {', '.join(SUFFIXES)}")


def write_figures(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    """Write rows to a table of the kind that the name says.

    Names of columns end in their unit. Parquet has it in the metadata of each field besides, under
    ``unit``, and JSON in the object ``units``. What a row has no figure of is empty, or null. Of
    CSV and Parquet the column ``provenance`` is JSON.

    Args:
        rows: With the same keys each, in the order of the columns; numbers are finite.
        path: The file, ending in one of ``SUFFIXES``; one that is there is replaced.

    Raises:
        HwdseError: Another suffix, or the file cannot be written.
    """
    check_suffix(path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        return write_text(path, _json(rows))
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    if suffix == ".csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, list(plain[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(plain)
        return write_text(path, text.getvalue())
    return write_bytes(path, _parquet(plain))


def schema_of(kinds: dict[str, set[type]]) -> Any:
    """Arrow's schema of columns, with their units; numbers are whole where all of them are.

    Args:
        kinds: Types of the values of each column, in order.
    """
    import pyarrow as pa

    fields = []
    for name, types in kinds.items():
        seen = types - {type(None)}
        if seen == {bool}:
            kind = pa.bool_()
        elif seen == {int}:
            kind = pa.int64()
        elif seen <= {int, float}:
            kind = pa.float64()
        else:
            kind = pa.string()
        unit = unit_of(name)
        fields.append(pa.field(name, kind, metadata=None if unit is None else {"unit": unit}))
    return pa.schema(fields, metadata={"hwdse": __version__})


def _json(rows: Sequence[dict[str, Any]]) -> str:
    units = {name: unit for name in rows[0] if (unit := unit_of(name)) is not None}
    document = {"hwdse": __version__, "units": units, "rows": list(rows)}
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {name: {type(row[name]) for row in rows} for name in rows[0]}
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema_of(kinds)), buffer, compression="zstd")
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return value
