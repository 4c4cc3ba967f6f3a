"""Writing results: whole files or none, and one clear line where that is impossible."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hwdse.errors import HwdseError

__all__ = ["make_directory", "write_bytes", "write_lines", "write_text"]


def make_directory(path: Path) -> Path:
    """Make a directory and its parents.

    Raises:
        HwdseError: It cannot be made, or is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise HwdseError(f"cannot write to {str(path)!r}: {reason}; choose another -o") from None
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a text file in UTF-8; see :func:`write_bytes`."""
    return write_bytes(path, text.encode())


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    """Write lines, each with its end, as they come, in UTF-8; see :func:`write_bytes`."""
    return _write(path, (line.encode() for line in lines))


def write_bytes(path: Path, data: bytes) -> Path:
    """Write a file beside its place and move it there: an interruption leaves no half file.

    Raises:
        HwdseError: The file cannot be written.
    """
    return _write(path, (data,))


def _write(path: Path, parts: Iterable[bytes]) -> Path:
    if not path.name:
        raise HwdseError(f"cannot write {str(path)!r}: it names no file")
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("wb") as file:
            file.writelines(parts)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise HwdseError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    return path
