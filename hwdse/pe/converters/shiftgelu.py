"""``op=shiftgelu``: the integer GELU of I-ViT (arXiv 2207.01405, section 3.3), n = 23.

GELU as ``x * sigmoid(1.702 * x)``, with the greatest value ``x_max`` of the tensor's last axis
taken out. With ``e(x)`` the integer exponential (:mod:`hwdse.pe.converters.shift_exp`) for the
scale ``1.702 * s``, so that ``x0 = floor(-1 / (1.702 * s))``::

    e_i = e(x_i - x_max)
    f_i = floor((2**31 - 1) / min(e_i + e(-x_max), 2**31 - 1))
    y_i = x_i * floor(e_i * f_i / 2**(31 - bits + 1))

in units of ``s * 2**-(bits - 1)``. ``max=lanes`` takes ``x_max`` over the values of an element;
``max=port`` takes it from a port, as of a tensor that streams through; values beyond it are treated
as the maximum itself, in the exponential. ``x0`` comes as its magnitude, on a port or fixed by a
key. The divisions take ``cycles`` cycles, side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse.pe.converters.shift_exp import (
    LARGEST_SUM,
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

__all__ = ["ShiftGelu", "parse"]

example = "convert:op=shiftgelu,from=int8,size=4"


@dataclass(frozen=True)
class ShiftGelu(ShiftUnit):
    """A GELU unit; ``bits`` are those of the sigmoid.

    Attributes:
        maximum: ``lanes`` or ``port``.
    """

    maximum: str

    fraction_bits: ClassVar[int] = 23

    @staticmethod
    def least_sum(magnitude: int) -> int:
        """The sum of two exponentials, each of which is ``x0`` at least."""
        return 2 * magnitude

    @property
    def own_keys(self) -> dict[str, str]:
        """Keys of the kind."""
        return {
            "op": "shiftgelu",
            "from": self.source.name,
            "size": str(self.size),
            "max": self.maximum,
        } | self.division_keys

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The values, and the maximum and the scale where they are ports."""
        found = [Operand("x", self.source, self.size)]
        if self.maximum == "port":
            meaning = f"the greatest value that x has, {self.source.name} code"
            found.append(Operand("x_max", self.source, meaning=meaning))
        if self.magnitude is None:
            found.append(x0_operand(self.source, "(1.702 * s)"))
        return tuple(found)

    @property
    def results(self) -> tuple[Result, ...]:
        """The products with the sigmoid."""
        meaning = f"signed integer, in units of s * 2**-{self.bits - 1}"
        most = self.most_sigmoid << (self.source.bits - 1)
        return (Result("y", (most - 1).bit_length() + 1, meaning, self.size),)

    @property
    def most_sigmoid(self) -> int:
        """Largest sigmoid; an exponential beyond the largest sum is not limited to it."""
        most = max(LARGEST_SUM, self.most_magnitude << self.fraction_bits)
        return most >> (SUM_BITS - self.bits + 1)

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """The GELU of each value."""
        x = self.integers(codes["x"])
        x = x if self.operands[0].trailing else x[..., None]
        if self.maximum == "port":
            most = self.integers(codes["x_max"])[..., None]
        else:
            most = x.max(axis=-1, keepdims=True)
        m = self.magnitudes(codes)
        e = shift_exp(np.minimum(x - most, 0), m, self.fraction_bits)
        total = e + shift_exp(-most, m, self.fraction_bits)
        y = x * ((e * factor(total)) >> (SUM_BITS - self.bits + 1))
        return {"y": y if self.operands[0].trailing else y[..., 0]}


def parse(keys: Keys) -> ShiftGelu:
    """A ShiftGELU unit from its keys."""
    source = take_source(keys)
    size = keys.integer_of("size", 4, 1, MOST_SIZE)
    maximum = keys.choice_of("max", ("lanes", "port"), "lanes")
    magnitude = take_magnitude(keys, source)
    bits, cycles, registers = take_division(keys, ShiftGelu.least_sum(magnitude or 1))
    keys.finish()
    return ShiftGelu(
        source=source,
        size=size,
        maximum=maximum,
        magnitude=magnitude,
        bits=bits,
        cycles=cycles,
        registers=registers,
    )
