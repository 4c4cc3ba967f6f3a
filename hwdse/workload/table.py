"""Workload tables: one row per layer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hwdse.errors import HwdseError
from hwdse.files.csv_columns import numbers, require_columns, texts
from hwdse.files.csv_input import read_csv_text, row_name

__all__ = ["Layer", "read_workload"]

_GEMM = ("m", "n", "k")


@dataclass(frozen=True)
class Layer:
    """A layer as the allocator sees it.

    Attributes:
        name: Unique in its workload.
        kind: Such as ``conv`` or ``linear``.
        macs: Multiply-accumulates for one inference.
        params: Weights.
        tie: Layers of the same non-empty tie take the same option.
    """

    name: str
    kind: str
    macs: float
    params: float
    tie: str


def read_workload(path: Path) -> tuple[Layer, ...]:
    """Layers from a CSV.

    The columns are ``layer, kind``, then either ``macs, params`` or the GEMM shape ``m, n, k``
    (``macs = count * m * n * k``, ``params = count * n * k``) with an optional ``count``; and an
    optional ``tie``.

    Raises:
        HwdseError: Unreadable or malformed file, missing column, repeated layer, or a cell that is
            not a number where one must be; the message names the line.
    """
    frame = read_csv_text(path)
    gemm = "macs" not in frame.columns
    wanted = ("layer", "kind", *(_GEMM if gemm else ("macs", "params")))
    require_columns(frame, wanted, path=path)
    names = texts(frame, "layer", path=path)
    for position, name in enumerate(names):
        if name in names[:position]:
            raise HwdseError(f"{path}: {row_name(frame, position)}: layer {name!r} occurs twice")
    kinds = texts(frame, "kind", path=path)
    ties = [str(t) for t in frame["tie"]] if "tie" in frame.columns else [""] * len(names)
    if gemm:
        m, n, k = (numbers(frame, column, path=path, least=1) for column in _GEMM)
        count = [1.0] * len(names)
        if "count" in frame.columns:
            count = numbers(frame, "count", path=path, least=1)
        macs = [c * x * y * z for c, x, y, z in zip(count, m, n, k, strict=True)]
        params = [c * y * z for c, y, z in zip(count, n, k, strict=True)]
    else:
        macs = numbers(frame, "macs", path=path, least=0)
        params = numbers(frame, "params", path=path, least=0)
    rows = zip(names, kinds, macs, params, ties, strict=True)
    return tuple(Layer(*row) for row in rows)
