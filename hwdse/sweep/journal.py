"""What has been computed, line by line: a file that survives kill -9 at any moment.

The first line says which sweep it belongs to; every other one is a finished point. A line that was
cut off, as by a kill or a full disk, does not count, and its point is computed again.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError

__all__ = ["KINDS", "Journal"]

# What can come of a point; see ``hwdse.sweep.jobs``.
KINDS = ("done", "refused", "failed")

NAME = "sweep.jsonl"


class Journal:
    """Finished points in a directory, which one sweep at a time writes to.

    Args:
        directory: Of the sweep's results; it exists.
        header: What the sweep is: JSON-ready values that must be the same when it goes on.
        resume: Whether to go on where an earlier run of the same sweep stopped.

    Raises:
        HwdseError: Another sweep is writing there, or there are results of an earlier one and
            ``resume`` is not given, or they are of another sweep.
    """

    def __init__(self, directory: Path, header: dict[str, Any], *, resume: bool) -> None:
        self.path = directory / NAME
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
        first = self._file.readline()
        if not first.endswith(b"\n"):
            self._file.truncate(0)
            self._append(header)
        elif not resume:
            raise HwdseError(
                f"{directory} holds results of an earlier sweep; add --resume to go on with it, or "
                "choose another -o"
            )
        elif json.loads(first) != header:
            raise HwdseError(
                f"{directory} holds results of another space, of other operands or of another "
                "version of hwdse; choose another -o"
            )
        else:
            self._drop_unfinished_line()

    def _drop_unfinished_line(self) -> None:
        size = self._file.seek(0, os.SEEK_END)
        back = min(size, 1 << 24)
        self._file.seek(size - back)
        tail = self._file.read(back)
        self._file.truncate(size - back + tail.rfind(b"\n") + 1)

    def close(self) -> None:
        """Let others write."""
        self._file.close()

    def add(self, document: dict[str, Any]) -> None:
        """Keep a finished point.

        Raises:
            HwdseError: It cannot be written; what was there before is as it was.
        """
        self._append(document)

    def _append(self, document: dict[str, Any]) -> None:
        line = json.dumps(document, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            self._file.truncate(end)
            raise _unwritable(self.path, error) from None

    def offsets(self, size: int) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Where the last line of each point starts, and what came of it.

        Args:
            size: Points of the space.

        Returns:
            Both of shape (size,): -1 where there is no line; an index of ``KINDS``, or -1.
        """
        found, kinds = np.full(size, -1, dtype=np.int64), np.full(size, -1, dtype=np.int8)
        with self.path.open("rb") as lines:
            at = len(lines.readline())
            for line in lines:
                if line.endswith(b"\n"):
                    document = json.loads(line)
                    found[document["number"]] = at
                    kinds[document["number"]] = KINDS.index(document["kind"])
                at += len(line)
        return found, kinds

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
