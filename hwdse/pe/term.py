"""The exact raw result of a multiplication or dot product, before any accumulator sees it.

Every family ends in one :class:`Term` per cycle; what happens next is the accumulator's business
(:mod:`hwdse.pe.accumulate`). The split is that of Berkeley HardFloat: unpack, raw operation, round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Term", "TermShape"]


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
        significand: Non-negative, int64; 0 where NaN or infinite.
        shift: Left shift of the significand over ``TermShape.lsb_exponent``, int64, >= 0.
        nan, infinite: Masks.
    """

    sign: NDArray[np.bool_]
    significand: NDArray[np.int64]
    shift: NDArray[np.int64]
    nan: NDArray[np.bool_]
    infinite: NDArray[np.bool_]

    @classmethod
    def from_integers(cls, values: NDArray[np.int64]) -> Term:
        """Integers, in units of ``2**lsb_exponent``, as terms of shift 0."""
        nothing = np.zeros(values.shape, dtype=np.bool_)
        return cls(
            sign=values < 0,
            significand=np.abs(values),
            shift=np.zeros(values.shape, dtype=np.int64),
            nan=nothing,
            infinite=nothing,
        )

    def step(self, index: int) -> Term:
        """The terms of one cycle, ``index`` along axis 0."""
        return Term(
            sign=self.sign[index],
            significand=self.significand[index],
            shift=self.shift[index],
            nan=self.nan[index],
            infinite=self.infinite[index],
        )
