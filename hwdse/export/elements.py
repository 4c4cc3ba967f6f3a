"""Which operands golden vectors are made of: few, but such as find mistakes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwdse.pe import Design
from hwdse.verify.stimulus import (
    Sequence,
    all_pairs,
    corner_pairs,
    enumerable,
    hard_sequences,
    kinds,
)

__all__ = ["element_sequences", "enumerates"]

# Hard sequences of one draw share their `clear`, and each part of them is of another kind.
_MOST_DRAWS = 64


def enumerates(unit: Design, vectors: int) -> bool:
    """Whether ``vectors`` elements hold every operand combination and as many sums besides."""
    return enumerable(unit, vectors // 2) and vectors >= 2 * 64


def element_sequences(unit: Design, *, vectors: int, seed: int) -> Iterator[Sequence]:
    """At least ``vectors`` elements; those that go on with a sum are never the first in a column.

    First every operand combination, or else every pair of corner values, each as a sum of its
    own, where they take at most half of the elements; then hard sequences.
    """
    first: list[Sequence] = []
    if enumerates(unit, vectors):
        first = list(all_pairs(unit))
    elif unit.enumerable:
        corners = corner_pairs(unit)
        first += [corners] if corners.vectors <= vectors // 2 else []
    yield from first
    vectors -= sum(sequence.vectors for sequence in first)
    draw = seed * _MOST_DRAWS
    columns = max(kinds(unit), -(-vectors // (64 * _MOST_DRAWS)))
    while vectors > 0:
        sequence = next(iter(hard_sequences(unit, 64 * columns, draw)))
        some = sequence.columns(np.arange(columns) * sequence.shape[1] // columns)
        yield some
        vectors -= some.vectors
        draw += 1
