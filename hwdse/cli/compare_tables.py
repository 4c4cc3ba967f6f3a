"""Tables of `hwdse compare`, and what people call their columns."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

__all__ = ["csv_text", "known", "label_of", "name_of"]

# Endings of columns, and what charts call the unit.
_UNITS = {
    "_um2_per_mac": "µm² per MAC a cycle",
    "_um2_per_gmac_s": "µm² per GMAC/s, each at its own clock",
    "_um2_per_value": "µm² per value a cycle",
    "_um2": "µm²",
    "_pj_per_cycle": "pJ per cycle",
    "_pj_per_mac": "pJ per MAC",
    "_pj_per_value": "pJ per value",
    "_ps": "ps",
    "_mhz": "MHz",
    "_per_mac": "per MAC a cycle",
    "_per_value": "per value a cycle",
    "_bits": "bits",
}
# Names that are not the column's own words.
_NAMES = {
    "delay": "critical path",
    "luts": "LUTs",
    "carries": "carry cells",
    "ffs": "flip-flops",
    "dsps": "DSP blocks",
    "brams": "block memories",
    "fmax": "Fmax",
}
_DISTRIBUTIONS = {"normal": "Gaussian", "laplace": "Laplacian", "student5": "t (ν = 5)"}


def known(row: dict[str, Any]) -> dict[str, Any]:
    """A row with None for what there is no figure of."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}


def csv_text(rows: list[dict[str, Any]]) -> str:
    """The rows; nothing where there is no figure."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(known(row) for row in rows)
    return text.getvalue()


def name_of(column: str) -> str:
    """What a column is a figure of."""
    if column.startswith("noise_db_"):
        return f"noise, {_DISTRIBUTIONS[column.removeprefix('noise_db_')]} operands"
    ending = _ending(column)
    name = column.removesuffix(ending)
    return _NAMES.get(name, name.replace("_", " "))


def label_of(column: str) -> str:
    """That, with its unit."""
    if column.startswith("noise_db_"):
        return f"{name_of(column)} (dB of the signal)"
    ending = _ending(column)
    return f"{name_of(column)} ({_UNITS[ending]})" if ending else name_of(column)


def _ending(column: str) -> str:
    return next((ending for ending in _UNITS if column.endswith(ending)), "")
