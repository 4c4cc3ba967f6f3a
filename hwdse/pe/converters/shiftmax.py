"""``op=shiftmax``: the integer softmax of I-ViT (arXiv 2207.01405, section 3.2), n = 15.

Of a vector ``x`` with scale ``s``: ``e_i`` is the integer exponential of ``x_i - max(x)``
(:mod:`hwdse.pe.converters.shift_exp`), and result ``i`` is::

    floor(e_i * floor((2**31 - 1) / min(sum(e), 2**31 - 1)) / 2**(31 - bits + 1))

in units of ``2**-(bits - 1)``. ``x0 = floor(-1 / s)`` comes as its magnitude, on a port or fixed by
a key. The division takes ``cycles`` cycles, by as many quotient bits in each as it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse.pe.converters.shift_exp import (
    SUM_BITS,
    factor,
    shift_exp,
    take_magnitude,
    take_source,
    x0_operand,
)
from hwdse.pe.converters.shift_unit import MOST_SIZE, ShiftUnit, take_division
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand, Result

__all__ = ["Shiftmax", "parse"]

example = "convert:op=shiftmax,from=int8,size=16"


@dataclass(frozen=True)
class Shiftmax(ShiftUnit):
    """A softmax unit for vectors that arrive whole.

    ``bits`` of the results count the sign that is never set among them.
    """

    fraction_bits: ClassVar[int] = 15

    @staticmethod
    def least_sum(magnitude: int) -> int:
        """The exponential of the greatest of a vector, ``x0 * 2**n``."""
        return magnitude << Shiftmax.fraction_bits

    @property
    def own_keys(self) -> dict[str, str]:
        """Keys of the kind."""
        return {
            "op": "shiftmax",
            "from": self.source.name,
            "size": str(self.size),
        } | self.division_keys

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

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """The softmax of each vector."""
        x = self.integers(codes["x"])
        below = x - x.max(axis=-1, keepdims=True)
        e = shift_exp(below, self.magnitudes(codes), self.fraction_bits)
        scale = factor(e.sum(axis=-1, keepdims=True))
        return {"y": (e * scale) >> (SUM_BITS - self.bits + 1)}


def parse(keys: Keys) -> Shiftmax:
    """A Shiftmax unit from its keys."""
    source = take_source(keys)
    size = keys.integer_of("size", 16, 2, MOST_SIZE)
    magnitude = take_magnitude(keys, source)
    bits, cycles, registers = take_division(keys, Shiftmax.least_sum(magnitude or 1))
    keys.finish()
    return Shiftmax(
        source=source,
        size=size,
        magnitude=magnitude,
        bits=bits,
        cycles=cycles,
        registers=registers,
    )
