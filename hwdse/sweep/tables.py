"""Finished points as tables, in the order of the space: Parquet of figures, CSV of failures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hwdse.errors import HwdseError
from hwdse.files.output import write_text
from hwdse.sweep.journal import KINDS, Journal
from hwdse.sweep.space import Point

__all__ = ["write_failures", "write_results"]

_ROWS = 1 << 15


def write_results(journal: Journal, size: int, path: Path) -> int:
    """Write the figures of all points that have some; a few thousand rows are in memory at a time.

    Args:
        journal: What has been computed.
        size: Points of the space.
        path: The Parquet file; not there where no point has figures.

    Returns:
        Rows written.

    Raises:
        HwdseError: The file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    offsets, kinds = journal.offsets(size)
    done = offsets[kinds == KINDS.index("done")]
    if not len(done):
        path.unlink(missing_ok=True)
        return 0
    schema = _schema(document["row"] for document in journal.documents(done))
    beside = path.with_name(path.name + ".part")
    try:
        with pq.ParquetWriter(beside, schema, compression="zstd") as writer:
            for first in range(0, len(done), _ROWS):
                rows = [d["row"] for d in journal.documents(done[first : first + _ROWS])]
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise HwdseError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    return len(done)


def _schema(rows: Iterable[dict[str, Any]]) -> Any:
    """Columns in the order in which they first occur; numbers are whole where all of them are."""
    import pyarrow as pa

    kinds: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            kinds.setdefault(name, set()).add(type(value))
    columns = []
    for name, seen in kinds.items():
        seen -= {type(None)}
        if seen <= {int} and seen:
            column = pa.int64()
        elif seen <= {int, float}:
            column = pa.float64()
        else:
            column = pa.string()
        columns.append(pa.field(name, column))
    return pa.schema(columns)


def write_failures(
    journal: Journal, size: int, points: Iterable[Point], path: Path
) -> tuple[int, int]:
    """Write the points without figures, each with its reason; no file where there are none.

    Args:
        journal: What has been computed.
        size: Points of the space.
        points: The points of the space, in order.
        path: The CSV file.

    Returns:
        Points that were refused, and that failed.
    """
    offsets, kinds = journal.offsets(size)
    if not (kinds > 0).any():
        path.unlink(missing_ok=True)
        return 0, 0
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["spec", "tech", "clock_ns", "kind", "reason"])
    for point in points:
        if kinds[point.number] > 0:
            (document,) = journal.documents(offsets[point.number : point.number + 1])
            clock = "" if point.clock_ns is None else f"{point.clock_ns:g}"
            outcome = (document["kind"], document["reason"])
            lines.writerow([point.spec, point.technology, clock, *outcome])
    write_text(path, text.getvalue())
    refused, failed = ((kinds == KINDS.index(kind)).sum() for kind in ("refused", "failed"))
    return int(refused), int(failed)
