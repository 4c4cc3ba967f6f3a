"""A CSV of any length into columns, block by block: only names and floats stay in memory.

Blocks without quotes and oddities are parsed by pandas; all others, and any in which something is
wrong, by Python's strict reader, cell by cell, which can say on which line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwdse.errors import HwdseError
from hwdse.files.csv_input import LINE_INDEX, one_line

from .cells import names_of, numbers_of
from .decimals import denoised

__all__ = ["read_csv_chunks"]

_BLOCK = 4_000_000  # characters
_ROWS = 2_000  # of a block that is read cell by cell
_ODD = ('"', "\r", "\0", "\n\n")

Columns = list[NDArray[Any]]


@dataclass
class _Reading:
    """The columns so far.

    Attributes:
        header: Names of the columns.
        is_text: Per column, whether it holds names.
        may_be_empty: Per column of names, whether cells may be empty.
        names: Every name met, so that blocks share them.
    """

    header: list[str]
    is_text: list[bool]
    may_be_empty: list[bool]
    names: dict[str, str] = field(default_factory=dict)
    parts: list[Columns] = field(default_factory=list)
    lines: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, columns: Columns, lines: NDArray[np.int64]) -> None:
        self.parts.append(columns)
        self.lines.append(lines)


def read_csv_chunks(
    path: Path,
    *,
    is_text: Callable[[str], bool],
    may_be_empty: Callable[[str], bool],
    check: Callable[[Sequence[str]], None],
) -> pd.DataFrame:
    """Names as text and all other columns as float64; the index holds the file's line numbers.

    Args:
        path: A CSV file in UTF-8 with a header.
        is_text: Whether a column holds names.
        may_be_empty: Whether a column of names may have empty cells.
        check: Refuses the header.

    Raises:
        HwdseError: The file cannot be read, is malformed or empty, or a cell will not do; the
            message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header, line = _header(stream)
            check(header)
            reading = _Reading(
                header, [is_text(name) for name in header], [may_be_empty(name) for name in header]
            )
            while block := stream.readlines(_BLOCK):
                text = "".join(block)
                if any(odd in text for odd in _ODD) or not block[0].strip():
                    # A quoted cell may run on into the next block: the rest goes the careful way.
                    _read_carefully(reading, chain(block, stream), line)
                    break
                if not _read_fast(reading, text, len(block), line):
                    _read_carefully(reading, iter(block), line)
                line += len(block)
    except UnicodeDecodeError as error:
        raise HwdseError(f"not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except HwdseError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise HwdseError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return _joined(reading)


def _header(stream: Any) -> tuple[list[str], int]:
    """The cells of the header and the lines read."""
    reader = csv.reader(stream, strict=True, skipinitialspace=True)
    count = 0
    for line in iter(stream.readline, ""):
        count += 1
        if not line.strip():
            continue
        # A name in quotes may hold a line break.
        reader = csv.reader(chain([line], iter(stream.readline, "")), strict=True)
        with _Located(reader, count - 1):
            cells = [cell.strip() for cell in next(reader)]
        if any(cells):
            return cells, count - 1 + reader.line_num
    raise HwdseError("the table is empty, even its header is missing")


class _Located:
    """Names the line of malformed CSV."""

    def __init__(self, reader: Any, before: int) -> None:
        self.reader, self.before = reader, before

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, csv.Error):
            line = self.before + self.reader.line_num
            raise HwdseError(f"line {line}: malformed CSV: {one_line(error)}") from None


def _read_fast(reading: _Reading, text: str, count: int, before: int) -> bool:
    """Read a block of plain lines; False when something in it needs the careful way."""
    width = len(reading.header)
    if text.count(",") != count * (width - 1):
        return False
    kinds: dict[Any, Any] = {
        at: "category" if names else object for at, names in enumerate(reading.is_text)
    }
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            header=None,
            names=list(range(width)),
            dtype=kinds,
            index_col=False,
            na_filter=False,
            skipinitialspace=True,
            skip_blank_lines=False,
        )
    except ValueError:  # ParserError is one
        return False
    if len(frame) != count:
        return False

    def where(position: int) -> str:
        return f"line {before + 1 + position}"

    columns: Columns = []
    for at, name in enumerate(reading.header):
        if reading.is_text[at]:
            kinds_here = [str(kind).strip() for kind in frame[at].cat.categories.tolist()]
            if not reading.may_be_empty[at] and not all(kinds_here):
                return False
            shared = np.empty(len(kinds_here), dtype=object)
            shared[:] = [reading.names.setdefault(kind, kind) for kind in kinds_here]
            columns.append(shared[frame[at].cat.codes.to_numpy()])
        else:
            columns.append(numbers_of(frame[at].to_numpy(), where, name))
    reading.add(columns, np.arange(before + 1, before + count + 1))
    return True


def _read_carefully(reading: _Reading, lines: Iterator[str], before: int) -> None:
    reader = csv.reader(lines, strict=True, skipinitialspace=True)

    def rows() -> Iterator[tuple[list[str], int]]:
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield cells, before + reader.line_num

    some = rows()
    with _Located(reader, before):
        while chunk := list(islice(some, _ROWS)):
            _add_rows(reading, [cells for cells, _ in chunk], [line for _, line in chunk])


def _add_rows(reading: _Reading, rows: list[list[str]], lines: list[int]) -> None:
    width = len(reading.header)
    for cells, line in zip(rows, lines, strict=True):
        if len(cells) != width:
            raise HwdseError(f"line {line}: {len(cells)} cells where the header has {width}")
        if not any(cells) or not any(cell.strip() for cell in cells):
            raise HwdseError(f"line {line}: all cells are empty")

    def where(position: int) -> str:
        return f"line {lines[position]}"

    columns: Columns = []
    for at, cells_of in enumerate(zip(*rows, strict=True)):
        name, array = reading.header[at], np.empty(len(rows), dtype=object)
        if reading.is_text[at]:
            array[:] = [reading.names.setdefault(c, c) for c in map(str.strip, cells_of)]
            empty = reading.may_be_empty[at]
            columns.append(names_of(array, where, name, may_be_empty=empty).cells())
        else:
            array[:] = cells_of
            columns.append(numbers_of(array, where, name))
    reading.add(columns, np.array(lines, dtype=np.int64))


def _joined(reading: _Reading) -> pd.DataFrame:
    if not reading.parts:
        raise HwdseError("the table has no rows; it needs one for each layer and option")
    index = pd.Index(np.concatenate(reading.lines), name=LINE_INDEX)
    cleaned: dict[str, pd.Series[Any]] = {}
    for at, name in enumerate(reading.header):
        whole = np.concatenate([part[at] for part in reading.parts])
        for part in reading.parts:
            part[at] = whole[:0]  # let go of the block
        done = whole if reading.is_text[at] else denoised(whole)
        cleaned[name] = pd.Series(done, index=index, copy=False, dtype=done.dtype)
    return pd.DataFrame(cleaned, copy=False)
