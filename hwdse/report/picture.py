"""Writing a figure to the file that a user names."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hwdse.errors import HwdseError
from hwdse.files.output import make_directory, write_bytes

from .theme import drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["save_picture"]

# The metadata without which the same picture has the same bytes.
_DATES = {".png": None, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def save_picture(draw: Callable[[], Figure], path: Path) -> Path:
    """Draw a figure and write it as .png, .svg or .pdf.

    Args:
        draw: Makes the figure; called within :func:`~hwdse.report.theme.drawing`.
        path: The file; its directory is made where absent.

    Raises:
        HwdseError: Another suffix, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in _DATES:
        raise HwdseError(f"{str(path)!r}: pictures end in {', '.join(_DATES)}; choose another -o")
    buffer = io.BytesIO()
    with drawing():
        draw().savefig(buffer, format=suffix[1:], metadata=_DATES[suffix])
    make_directory(path.parent)
    return write_bytes(path, buffer.getvalue())
