"""`hwdse formats` and `hwdse quantize`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from hwdse import formats
from hwdse.cli.output import print_json, print_table
from hwdse.errors import HwdseError

__all__ = ["quantize_file", "show"]

_COLUMNS = (
    "name",
    "kind",
    "bits",
    "bits_per_value",
    "max",
    "min_normal",
    "min_subnormal",
    "specials",
)


def show(name: str | None, *, json: bool) -> None:
    """Print one format, or a table of all."""
    names = formats.names() if name is None else (name,)
    rows = [_describe(formats.get(n)) for n in names]
    if json:
        print_json(rows if name is None else rows[0])
    elif name is None:
        cells = [["-" if row[c] is None else row[c] for c in _COLUMNS] for row in rows]
        print_table(list(_COLUMNS), cells)
    else:
        print_table(["property", "value"], [[k, str(v)] for k, v in rows[0].items()])


def _describe(fmt: formats.Format) -> dict[str, Any]:
    infinity = getattr(fmt, "infinity_code", None)
    nan = getattr(fmt, "nan_code", None)
    specials = [text for text, code in (("inf", infinity), ("NaN", nan)) if code is not None]
    return {
        "name": fmt.name,
        "kind": fmt.kind,
        "bits": fmt.bits,
        "bits_per_value": fmt.bits_per_value,
        "max": fmt.max,
        "min": fmt.min,
        "min_normal": fmt.min_normal,
        "min_subnormal": fmt.min_subnormal,
        "specials": " ".join(specials) or "none",
        "block": None,
        "scale_format": None,
    }


def quantize_file(
    source: Path, format_name: str, output: Path, *, axis: int, codes: bool, json: bool
) -> None:
    """Quantise a .npy file."""
    import io

    import numpy as np

    from hwdse.files.output import write_bytes

    fmt = formats.get(format_name)
    try:
        with source.open("rb") as stream:
            x = np.load(stream, allow_pickle=False)
    except Exception as error:  # zipfile, tokenize and NumPy raise many kinds
        raise HwdseError(f"cannot read {str(source)!r} as .npy: {error}") from None
    if not isinstance(x, np.ndarray):
        raise HwdseError(f"{source}: holds several arrays; give a .npy file with one")
    values = fmt.quantize(x, axis=axis)
    buffer = io.BytesIO()
    np.save(buffer, fmt.encode(x) if codes else values)
    write_bytes(output, buffer.getvalue())
    sqnr = formats.sqnr_db(x, values)
    if json:
        finite = sqnr if math.isfinite(sqnr) else None
        print_json({"format": fmt.name, "values": int(x.size), "sqnr_db": finite})
    else:
        print_table(["format", "values", "sqnr_db"], [[fmt.name, int(x.size), sqnr]])
