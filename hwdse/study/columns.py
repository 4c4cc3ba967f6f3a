"""Figures that claims and charts of a comparison can be about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hwdse.cost.comparison import COLUMNS
from hwdse.cost.fpga_comparison import FPGA_COLUMNS
from hwdse.errors import HwdseError, nearest_hint
from hwdse.pe import Design, Unit
from hwdse.pe.unit import least_exact_width, published_exact_width
from hwdse.theory.scaled_noise import DISTRIBUTIONS, has_closed_form, product_noise

__all__ = ["EVERY_COLUMN", "check_column", "check_columns_on", "least_of", "operand_figures"]

_OF_OPERANDS = (
    "operand_bits",
    "accumulator_bits",
    "least_exact_bits",
    "published_exact_bits",
    *(f"noise_db_{name}" for name in DISTRIBUTIONS),
)
EVERY_COLUMN = (*COLUMNS, *FPGA_COLUMNS, *_OF_OPERANDS)


def check_column(column: str) -> None:
    """Check that a figure is known, on whatever technology.

    Raises:
        ValueError: It is not.
    """
    if column not in EVERY_COLUMN:
        raise ValueError(f"unknown column {column!r}{nearest_hint(column, EVERY_COLUMN)}")


def check_columns_on(technology: str, *, fpga: bool, asked: list[str]) -> None:
    """Check that figures exist on a technology.

    Args:
        technology: Its name, for the message.
        fpga: Whether it is an FPGA.
        asked: The figures.

    Raises:
        HwdseError: One does not.
    """
    there = (*(FPGA_COLUMNS if fpga else COLUMNS), *_OF_OPERANDS)
    for column in asked:
        if column not in there:
            kind = "an FPGA" if fpga else "no FPGA"
            raise HwdseError(
                f"{technology} is {kind}, where claims and charts have no figure {column!r}"
                f"{nearest_hint(column, there)}"
            )


def operand_figures(design: Design | None) -> dict[str, Any]:
    """What a design's operands and accumulator say, on any technology; NaN where nothing.

    Sums of designs, which are none, have no such figures.

    ``operand_bits`` is the sum of both; ``noise_db_*`` is the noise of dot products over their
    energy, in decibels, that comes of the operands' formats alone: see
    :func:`hwdse.theory.scaled_noise.product_noise`.
    """
    found: dict[str, Any] = dict.fromkeys(_OF_OPERANDS, math.nan)
    if not isinstance(design, Unit):
        return found
    w, a = design.w_element, design.a_element
    found["operand_bits"] = w.bits + a.bits
    found["accumulator_bits"] = design.accumulator.width
    if design.common.acc == "exact":
        published = published_exact_width(w, a, design.common.terms)
        found["least_exact_bits"] = least_exact_width(w, a, design.common.terms)
        found["published_exact_bits"] = math.nan if published is None else published
    # Formats with scales of their own choose one for each block.
    own_scale = any(fmt.scale_format is not None for fmt in (design.w, design.a))
    if not own_scale and has_closed_form(w) and has_closed_form(a):
        for name in DISTRIBUTIONS:
            noise = product_noise(w, a, name)
            found[f"noise_db_{name}"] = 10 * math.log10(noise)
    return found


def least_of(label: str, column: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The row that has the least of a figure, the first of equal ones, under another label.

    Raises:
        HwdseError: A row has no such figure.
    """
    for row in rows:
        if math.isnan(row[column]):
            raise HwdseError(f"rows.{label}: {row['label']!r} has no figure {column!r}")
    return min(rows, key=lambda row: float(row[column])) | {"label": label}
