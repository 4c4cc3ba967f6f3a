"""What Shiftmax and ShiftGELU have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import IntegerFormat
from hwdse.pe.converter import Converter
from hwdse.pe.converters.shift_exp import LARGEST_SUM, magnitude_of, small_scales
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys

__all__ = ["MOST_SIZE", "ShiftUnit", "take_division"]

MOST_SIZE = 64
# What `pipeline` means: the stages that shorten the longest path most come first.
_PLACEMENT = ((), ("exponential",), ("exponential", "factor"), ("operand", "exponential", "factor"))


@dataclass(frozen=True)
class ShiftUnit(Converter):
    """A unit of integer exponentials and a division.

    A kind adds ``fraction_bits``, those of the exponentials, and ``least_sum``.

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

    fraction_bits: ClassVar[int]

    @staticmethod
    def least_sum(magnitude: int) -> int:
        """The least sum of exponentials that is divided by, where ``x0`` has this magnitude."""
        raise NotImplementedError

    @property
    def initiation_interval(self) -> int:
        """Cycles of the division."""
        return self.cycles

    @property
    def division_keys(self) -> dict[str, str]:
        """The keys that come last."""
        return {
            "x0": "port" if self.magnitude is None else str(self.magnitude),
            "bits": str(self.bits),
            "cycles": str(self.cycles),
        }

    @property
    def quotient_bits(self) -> int:
        """Bits of a quotient."""
        return _quotient_bits(self.least_sum(self.magnitude or 1))

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


def take_division(keys: Keys, least_sum: int) -> tuple[int, int, tuple[str, ...]]:
    """Take the keys that come last: ``bits``, ``cycles``, and the stages of ``pipeline``.

    Args:
        keys: Of the spec.
        least_sum: See :meth:`ShiftUnit.least_sum`.
    """
    bits = keys.integer_of("bits", 8, 2, 16)
    most_cycles = _quotient_bits(least_sum)
    cycles = keys.integer_of("cycles", most_cycles, 1, most_cycles)
    stages = keys.integer_of("pipeline", 0, 0, len(_PLACEMENT) - 1)
    return bits, cycles, _PLACEMENT[stages]


def _quotient_bits(least_sum: int) -> int:
    """Bits of ``floor((2**31 - 1) / sum)`` where the sum is ``least_sum`` or more."""
    return (LARGEST_SUM // least_sum).bit_length()
