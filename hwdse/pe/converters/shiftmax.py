"""``op=shiftmax``: the integer softmax of I-ViT (arXiv 2207.01405, section 3.2), n = 15.

Of a vector ``x`` with scale ``s``: ``e_i`` is the integer exponential of ``x_i - max(x)``
(:mod:`hwdse.pe.converters.shift_exp`), and result ``i`` is::

    floor(e_i * floor((2**31 - 1) / min(sum(e), 2**31 - 1)) / 2**(31 - bits + 1))

in units of ``2**-(bits - 1)``. ``x0 = floor(-1 / s)`` comes as its magnitude, on a port or fixed by
a key. The division takes ``cycles`` cycles, by as many quotient bits in each as it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import IntegerFormat
from hwdse.pe.converter import Converter
from hwdse.pe.converters.shift_exp import (
    LARGEST_SUM,
    SUM_BITS,
    factor,
    magnitude_of,
    shift_exp,
    small_scales,
    take_magnitude,
    take_source,
    x0_operand,
)
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand, Result

__all__ = ["Shiftmax", "parse"]

example = "convert:op=shiftmax,from=int8,size=16"
FRACTION_BITS = 15
_MOST_SIZE = 64
# What `pipeline` means: the stages that shorten the longest path most come first.
PLACEMENT = ((), ("exponential",), ("exponential", "factor"), ("operand", "exponential", "factor"))


@dataclass(frozen=True)
class Shiftmax(Converter):
    """A softmax unit for vectors that arrive whole.

    Attributes:
        source: Format of the inputs.
        size: Values of a vector.
        magnitude: Of ``x0``; None where it is a port.
        bits: Of the results, the sign that is never set among them.
        cycles: Of the division.
    """

    source: IntegerFormat
    size: int
    magnitude: int | None
    bits: int
    cycles: int

    @property
    def own_keys(self) -> dict[str, str]:
        """Keys of the kind."""
        return {
            "op": "shiftmax",
            "from": self.source.name,
            "size": str(self.size),
            "x0": "port" if self.magnitude is None else str(self.magnitude),
            "bits": str(self.bits),
            "cycles": str(self.cycles),
        }

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The vector, and the scale where it is a port."""
        vector = Operand("x", self.source, self.size)
        return (vector,) if self.magnitude is not None else (vector, x0_operand(self.source, "s"))

    @property
    def results(self) -> tuple[Result, ...]:
        """The softmax."""
        meaning = f"unsigned integer, in units of 2**-{self.bits - 1}"
        return (Result("y", self.bits, meaning, self.size),)

    @property
    def values_per_element(self) -> int:
        """All of a vector."""
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

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """The softmax of each vector."""
        x = self.source.decode(codes["x"]) * 2.0**self.source.fraction_bits
        x = x.astype(np.int64)
        m = magnitude_of(self.magnitude, self.source, codes.get("x0"))
        if self.magnitude is None:
            m = m[..., None]
        e = shift_exp(x - x.max(axis=-1, keepdims=True), m, FRACTION_BITS)
        scale = factor(e.sum(axis=-1, keepdims=True))
        return {"y": (e * scale) >> (SUM_BITS - self.bits + 1)}


def quotient_bits(least_sum: int) -> int:
    """Bits of ``floor((2**31 - 1) / sum)`` where the sum is ``least_sum`` or more."""
    return (LARGEST_SUM // least_sum).bit_length()


def parse(keys: Keys) -> Shiftmax:
    """A Shiftmax unit from its keys."""
    source = take_source(keys)
    size = keys.integer_of("size", 16, 2, _MOST_SIZE)
    magnitude = take_magnitude(keys, source)
    bits = keys.integer_of("bits", 8, 2, 16)
    # The greatest of a vector has x0 * 2**n.
    most_cycles = quotient_bits((magnitude or 1) << FRACTION_BITS)
    cycles = keys.integer_of("cycles", most_cycles, 1, most_cycles)
    stages = keys.integer_of("pipeline", 0, 0, len(PLACEMENT) - 1)
    keys.finish()
    return Shiftmax(
        source=source,
        size=size,
        magnitude=magnitude,
        bits=bits,
        cycles=cycles,
        registers=PLACEMENT[stages],
    )
