"""The exact raw result of a multiplication or dot product, before any accumulator sees it.

Every family ends in one :class:`Term` per cycle; what happens next is the accumulator's business
(:mod:`hwdse.pe.accumulate`). The split is that of Berkeley HardFloat: unpack, raw operation, round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["INT64_SIGNIFICAND_BITS", "Term", "TermShape", "significand_dtype"]

# Wider significands are Python integers. Two bits and a sign are left for sums; see ``float_sum``.
INT64_SIGNIFICAND_BITS = 60


def significand_dtype(bits: int) -> Any:
    """What holds significands, or units, of at most ``bits`` bits and a sign."""
    return np.int64 if bits <= INT64_SIGNIFICAND_BITS else object


@dataclass(frozen=True)
class TermShape:
    """Static bounds of a term: what the hardware's widths derive from.

    The value of a finite term is ``(-1)**sign * significand * 2**(lsb_exponent + shift)``.

    Attributes:
        significand_bits: Width of the significand.
        max_shift: Largest ``shift``; 0 for fixed point.
        lsb_exponent: Exponent of the significand's least significant bit at shift 0.
        max_units: Largest ``significand << shift`` that occurs in a finite term.
        signed: Whether a term can be negative.
        nan, infinite: Whether a term can be NaN, or infinite.
    """

    significand_bits: int
    max_shift: int
    lsb_exponent: int
    max_units: int
    signed: bool
    nan: bool = False
    infinite: bool = False

    @property
    def special(self) -> bool:
        """Whether a term can be anything but a number."""
        return self.nan or self.infinite


@dataclass(frozen=True)
class Term:
    """Terms as arrays of one common shape.

    Attributes:
        sign: True where negative.
        significand: Non-negative; 0 where NaN or infinite; int64, or Python integers (dtype
            object) where terms may be wider.
        shift: Left shift of the significand over ``TermShape.lsb_exponent``, int64, >= 0.
        nan, infinite: Masks.
    """

    sign: NDArray[np.bool_]
    significand: NDArray[Any]
    shift: NDArray[np.int64]
    nan: NDArray[np.bool_]
    infinite: NDArray[np.bool_]

    @classmethod
    def from_integers(cls, values: NDArray[Any]) -> Term:
        """Integers, in units of ``2**lsb_exponent``, as terms of shift 0."""
        nothing = np.zeros(values.shape, dtype=np.bool_)
        return cls(
            sign=np.asarray(values < 0, dtype=np.bool_),
            significand=np.abs(values),
            shift=np.zeros(values.shape, dtype=np.int64),
            nan=nothing,
            infinite=nothing.copy(),
        )

    @classmethod
    def concatenate(cls, terms: Sequence[Term]) -> Term:
        """Terms one after the other along axis 0; there must be some."""
        members = ([getattr(term, field.name) for term in terms] for field in fields(cls))
        return cls(*(np.concatenate(arrays) for arrays in members))

    @classmethod
    def interleave(cls, terms: Sequence[Term]) -> Term:
        """Terms that follow each other in every element: of shape (steps, ...) each, taken by
        turns along axis 0; there must be some."""
        members = ([getattr(term, field.name) for term in terms] for field in fields(cls))
        return cls(*(np.stack(a, axis=1).reshape(-1, *a[0].shape[1:]) for a in members))

    def reshape(self, shape: tuple[int, ...]) -> Term:
        """The same terms in another shape."""
        return Term(*(getattr(self, field.name).reshape(shape) for field in fields(self)))

    def as_type(self, dtype: type) -> Term:
        """The same terms with significands of a dtype that holds them."""
        return replace(self, significand=self.significand.astype(dtype))

    def step(self, index: int) -> Term:
        """The terms of one cycle, ``index`` along axis 0: arrays, if only of one element."""
        return Term(
            sign=self.sign[index, ...],
            significand=self.significand[index, ...],
            shift=self.shift[index, ...],
            nan=self.nan[index, ...],
            infinite=self.infinite[index, ...],
        )
