"""Finished points as tables, in the order of the space: Parquet of figures, CSV of failures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError
from hwdse.files.output import write_lines
from hwdse.interchange.figures import schema_of
from hwdse.sweep.journal import KINDS, Journal
from hwdse.sweep.space import Point

__all__ = ["write_failures", "write_results"]

_ROWS = 1 << 13


def write_results(journal: Journal, path: Path) -> int:
    """Write the figures of all points that have some; a few thousand rows are in memory at a time.

    Args:
        journal: What has been computed.
        path: The Parquet file; not there where no point has figures.

    Returns:
        Rows written.

    Raises:
        HwdseError: The file cannot be written.
    """
    import pyarrow.parquet as pq

    done = journal.offsets[journal.kinds == KINDS.index("done")]
    if not len(done):
        path.unlink(missing_ok=True)
        return 0
    schema = _schema(document["row"] for document in journal.documents(done))
    beside = path.with_name(path.name + ".part")
    try:
        with pq.ParquetWriter(beside, schema, compression="zstd") as writer:
            for first in range(0, len(done), _ROWS):
                writer.write_table(_table(journal, done[first : first + _ROWS], schema))
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise HwdseError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    return len(done)


def _table(journal: Journal, offsets: NDArray[np.int64], schema: Any) -> Any:
    import pyarrow as pa

    rows = [document["row"] for document in journal.documents(offsets)]
    return pa.Table.from_pylist(rows, schema=schema)


def _schema(rows: Iterable[dict[str, Any]]) -> Any:
    """Columns in the order in which they first occur, with their units."""
    kinds: dict[str, set[type]] = {}
    known = set()
    for row in rows:
        # Few shapes of rows, however many rows.
        shape = tuple(row), tuple(map(type, row.values()))
        if shape not in known:
            known.add(shape)
            for name, kind in zip(*shape, strict=True):
                kinds.setdefault(name, set()).add(kind)
    return schema_of(kinds)


def write_failures(journal: Journal, points: Iterable[Point], path: Path) -> tuple[int, int]:
    """Write the points without figures, each with its reason; no file where there are none.

    Args:
        journal: What has been computed.
        points: The points of the space, in order.
        path: The CSV file.

    Returns:
        Points that were refused, and that failed.

    Raises:
        HwdseError: The file cannot be written.
    """
    refused, failed = (
        int(np.count_nonzero(journal.kinds == KINDS.index(kind))) for kind in ("refused", "failed")
    )
    if refused or failed:
        write_lines(path, _failures(journal, points))
    else:
        path.unlink(missing_ok=True)
    return refused, failed


def _failures(journal: Journal, points: Iterable[Point]) -> Iterator[str]:
    """Lines of CSV."""
    yield _csv_line(["spec", "tech", "clock_ns", "kind", "reason"])
    numbers = np.flatnonzero(journal.kinds > 0)
    missing = (point for point in points if journal.kinds[point.number] > 0)
    documents = journal.documents(journal.offsets[numbers])
    for point, document in zip(missing, documents, strict=True):
        clock = "" if point.clock_ns is None else f"{point.clock_ns:g}"
        outcome = (document["kind"], document["reason"])
        yield _csv_line([point.spec, point.technology, clock, *outcome])


def _csv_line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
