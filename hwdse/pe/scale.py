"""Shared scales of block formats as operands: which ports they take, and their exact product."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.formats import Format, ScalarFormat
from hwdse.pe.product import operand, operand_shape, times, times_shape
from hwdse.pe.term import Term, TermShape, significand_dtype

__all__ = ["scale_of", "scaled", "scaled_shape"]


def scale_of(fmt: Format) -> ScalarFormat | None:
    """The format of a format's shared scales; None for a scalar format."""
    return None if fmt.scale_format is None else formats.scalar(fmt.scale_format)


def scaled_shape(shape: TermShape, scales: tuple[ScalarFormat, ...]) -> TermShape:
    """Bounds of terms times scales."""
    for scale in scales:
        shape = times_shape(shape, operand_shape(scale))
    return shape


def scaled(
    term: Term, shape: TermShape, scales: tuple[tuple[ScalarFormat, NDArray[np.int64]], ...]
) -> Term:
    """Terms times scales, exactly.

    A sign that a scale has counts. NaN, or infinite times zero, is NaN.

    Args:
        term: Terms.
        shape: Their bounds.
        scales: Formats and codes, of the terms' shape.
    """
    for scale, codes in scales:
        shape = times_shape(shape, operand_shape(scale))
        term = term.as_type(significand_dtype(shape.significand_bits))
        term = times(term, operand(scale, codes))
    return term
