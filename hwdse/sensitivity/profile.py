"""Sensitivity profiles: ``layer, w_format, a_format, loss`` with an optional ``metric``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.files.csv_columns import numbers, require_columns, texts
from hwdse.files.csv_input import read_csv_text, row_name

__all__ = ["Profile", "read_profile"]

_COLUMNS = ("layer", "w_format", "a_format", "loss")


@dataclass(frozen=True)
class Profile:
    """Loss of every layer in every pair of formats that was measured.

    Attributes:
        loss: ``(layer, w_format, a_format)`` to loss.
        metric: What the loss is, or an empty text.
    """

    loss: dict[tuple[str, str, str], float]
    metric: str


def read_profile(path: Path) -> Profile:
    """A profile from a CSV.

    Raises:
        HwdseError: Unreadable or malformed file, missing column, unknown format, a loss that is
            missing or not finite, or a repeated row; the message names the line.
    """
    frame = read_csv_text(path)
    require_columns(frame, _COLUMNS, path=path)
    layers = texts(frame, "layer", path=path)
    losses = numbers(frame, "loss", path=path, least=-math.inf)
    columns = [texts(frame, column, path=path) for column in ("w_format", "a_format")]
    loss: dict[tuple[str, str, str], float] = {}
    for position, (layer, w, a) in enumerate(zip(layers, *columns, strict=True)):
        where = f"{path}: {row_name(frame, position)}"
        try:
            key = (layer, formats.get(w).name, formats.get(a).name)
        except HwdseError as error:
            raise HwdseError(f"{where}: {error}") from None
        if key in loss:
            raise HwdseError(f"{where}: layer {layer!r} has {w} x {a} twice")
        loss[key] = losses[position]
    metrics = sorted(set(frame["metric"])) if "metric" in frame.columns else []
    return Profile(loss=loss, metric=", ".join(m for m in metrics if m))
