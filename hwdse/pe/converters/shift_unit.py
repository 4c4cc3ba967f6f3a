"""What Shiftmax and ShiftGELU have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import IntegerFormat
from hwdse.pe.converter import Converter
from hwdse.pe.converters.shift_exp import LARGEST_SUM, magnitude_of, small_scales
from hwdse.pe.design import Codes

__all__ = ["MOST_SIZE", "PLACEMENT", "ShiftUnit", "quotient_bits"]

MOST_SIZE = 64
# What `pipeline` means: the stages that shorten the longest path most come first.
PLACEMENT = ((), ("exponential",), ("exponential", "factor"), ("operand", "exponential", "factor"))


@dataclass(frozen=True)
class ShiftUnit(Converter):
    """A unit of integer exponentials and a division.

    Attributes:
        source: Format of the inputs.
        size: Values of an element.
        magnitude: Of ``x0``; None where it is a port.
        bits: Of the quotients that results are made of.
        cycles: Of the division.
    """

    source: IntegerFormat
    size: int
    magnitude: int | None
    bits: int
    cycles: int

    @property
    def values_per_element(self) -> int:
        """All of an element."""
        return self.size

    @property
    def initiation_interval(self) -> int:
        """Cycles of the division."""
        return self.cycles

    @property
    def most_magnitude(self) -> int:
        """Largest magnitude of ``x0``."""
        return 1 << self.source.bits if self.magnitude is None else self.magnitude

    def focused(
        self, codes: dict[str, NDArray[np.int64]], rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]:
        """Half of the scales are small, so that exponentials have all exponents."""
        return small_scales(codes, rng)

    def integers(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Inputs in units of their last bit."""
        scaled = self.source.decode(codes) * 2.0**self.source.fraction_bits
        return scaled.astype(np.int64)

    def magnitudes(self, codes: Codes) -> NDArray[np.int64]:
        """Magnitudes of ``x0``, with an axis for the lanes where they come on a port."""
        found = magnitude_of(self.magnitude, self.source, codes.get("x0"))
        return found[..., None] if self.magnitude is None else found


def quotient_bits(least_sum: int) -> int:
    """Bits of ``floor((2**31 - 1) / sum)`` where the sum is ``least_sum`` or more."""
    return (LARGEST_SUM // least_sum).bit_length()
