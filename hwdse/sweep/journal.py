"""What has been computed, line by line: a file that survives kill -9 at any moment.

The first line says which sweep it belongs to; every other one is a finished point. A line that was
cut off, as by a kill or a full disk, does not count, and its point is computed again.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError

__all__ = ["KINDS", "Entry", "Journal", "entry"]

# What can come of a point; see ``hwdse.sweep.jobs``.
KINDS = ("done", "refused", "failed")

NAME = "sweep.jsonl"
# Years of costing, and 9 bytes of memory each.
_MOST_POINTS = 1_000_000_000

# The line of a point, see ``entry``.
_POINT = re.compile(rb'\{"number": (\d+), "kind": "(done|refused|failed)", .*(?:\}|null)\}\n')


class Entry(NamedTuple):
    """A finished point, ready to be kept.

    Attributes:
        number: Of the point.
        kind: One of :data:`KINDS`.
        label: What it is, or why it has no figures, for people.
        line: As the journal holds it.
    """

    number: int
    kind: str
    label: str
    line: bytes


def entry(number: int, kind: str, reason: str, row: dict[str, Any] | None) -> Entry:
    """Make an entry of a finished point.

    Args:
        number: Of the point.
        kind: One of :data:`KINDS`.
        reason: Why it has no figures; "" where it has some.
        row: Its figures, JSON-ready, with its ``spec``; None where it has none.

    Raises:
        ValueError: A figure is not finite.
    """
    line = _line({"number": number, "kind": kind, "reason": reason, "row": row})
    return Entry(number, kind, reason or str(row and row["spec"]), line)


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode() + b"\n"


class Journal:
    """Finished points in a directory, which one sweep at a time writes to.

    Args:
        directory: Of the sweep's results; it exists.
        header: What the sweep is: JSON-ready values that must be the same when it goes on.
        size: Points of the space.
        resume: Whether to go on where an earlier run of the same sweep stopped.

    Attributes:
        offsets: Where the last line of each point starts, shape (size,); -1 where there is none.
        kinds: What came of each point, an index of :data:`KINDS`, shape (size,); -1 likewise.

    Raises:
        HwdseError: The space is larger than any sweep, another sweep is writing there, or there are
            results of an earlier one and ``resume`` is not given, or they are of another sweep.
    """

    def __init__(self, directory: Path, header: dict[str, Any], *, size: int, resume: bool) -> None:
        if size > _MOST_POINTS:
            raise HwdseError(
                f"a sweep keeps at most {_MOST_POINTS:,} points, not {size:,}; narrow the space"
            )
        self.path = directory / NAME
        self.offsets: NDArray[np.int64] = np.full(size, -1, dtype=np.int64)
        self.kinds: NDArray[np.int8] = np.full(size, -1, dtype=np.int8)
        try:
            self._file = self.path.open("a+b", buffering=0)
        except OSError as error:
            raise _unwritable(self.path, error) from None
        try:
            self._begin(header, resume=resume)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, header: dict[str, Any], *, resume: bool) -> None:
        directory = self.path.parent
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise HwdseError(
                f"{directory}: another sweep is writing there; wait for it or choose another -o"
            ) from None
        self._file.seek(0)
        with self.path.open("rb") as lines:
            first = lines.readline()
            if not first.endswith(b"\n"):
                self._file.truncate(0)
                self._end = 0
                self._append(_line(header))
            elif not resume:
                raise HwdseError(
                    f"{directory} holds results of an earlier sweep; add --resume to go on with "
                    "it, or choose another -o"
                )
            elif first != _line(header):
                raise HwdseError(
                    f"{directory} holds results of another space, of other operands or of another "
                    "version of hwdse; choose another -o"
                )
            else:
                self._end = len(first)
                self._read(lines)
                self._file.truncate(self._end)

    def _read(self, lines: Iterable[bytes]) -> None:
        """Note the points that there are, up to a line that was cut off."""
        for line in lines:
            if not line.endswith(b"\n"):
                return
            found = _POINT.fullmatch(line)
            if found is not None and int(found[1]) < len(self.kinds):
                self._note(int(found[1]), found[2].decode(), self._end)
            self._end += len(line)

    def _note(self, number: int, kind: str, offset: int) -> None:
        self.offsets[number] = offset
        self.kinds[number] = KINDS.index(kind)

    def close(self) -> None:
        """Let others write."""
        self._file.close()

    def add(self, point: Entry) -> None:
        """Keep a finished point.

        Raises:
            HwdseError: It cannot be written; what was there before is as it was.
        """
        start = self._end
        self._append(point.line)
        self._note(point.number, point.kind, start)

    def _append(self, line: bytes) -> None:
        left = line
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._file.truncate(self._end)
            raise _unwritable(self.path, error) from None
        self._end += len(line)

    def documents(self, offsets: NDArray[np.int64]) -> Iterator[dict[str, Any]]:
        """Finished points from where their lines start."""
        with self.path.open("rb") as lines:
            for offset in offsets.tolist():
                lines.seek(offset)
                document: dict[str, Any] = json.loads(lines.readline())
                yield document


def _unwritable(path: Path, error: OSError) -> HwdseError:
    return HwdseError(
        f"cannot write {str(path)!r}: {error.strerror or error}; what was computed is kept: go on "
        "with --resume once there is room"
    )
