"""``op=hadamard``: the Walsh-Hadamard transform of a vector, in integers.

``y = H @ x`` with Sylvester's matrix ``H`` of entries 1 and -1, in the order that
:func:`hwdse.formats.hadamard` has: that one is this over ``sqrt(size)``. Results are exact, in
units of the input's last bit; with ``to``, they are divided by ``2**shift``, rounded to nearest,
ties to even, and saturated. By default ``shift`` is what brings the exact width to that of ``to``.
Where ``size`` is a power of 4, ``shift = log2(size) / 2`` is the orthonormal transform.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import IntegerFormat, Minifloat, ScalarFormat
from hwdse.pe.common import take_scalar
from hwdse.pe.converter import Converter
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand, Result
from hwdse.pe.product import is_fixed_point

__all__ = ["Hadamard", "parse"]

example = "convert:op=hadamard,from=int8,size=16"
_MOST_SIZE = 64
# Exact sums of 64 such integers stay within 32 bits.
_MOST_UNITS = 1 << 24


@dataclass(frozen=True)
class Hadamard(Converter):
    """A butterfly of adders.

    Attributes:
        source: Format of the inputs, whose values are integers in units of its last bit.
        size: Values of a vector, a power of two.
        target: Format of results; None for exact ones.
        shift: Bits by which results are divided before they are rounded to ``target``.
    """

    source: ScalarFormat
    size: int
    target: IntegerFormat | None = None
    shift: int = 0

    @property
    def levels(self) -> int:
        """Levels of the butterfly."""
        return self.size.bit_length() - 1

    @property
    def own_keys(self) -> dict[str, str]:
        """Keys of the kind."""
        keys = {"op": "hadamard", "from": self.source.name, "size": str(self.size)}
        if self.target is not None:
            keys |= {"to": self.target.name, "shift": str(self.shift)}
        return keys

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The vector."""
        return (Operand("x", self.source, self.size),)

    @property
    def results(self) -> tuple[Result, ...]:
        """The transformed vector."""
        if self.target is None:
            bits = self.width(self.levels)
            meaning = f"signed integer, in units of 2**{self.source.lsb_exponent}"
        else:
            bits = self.target.bits
            exponent = self.source.lsb_exponent + self.shift
            meaning = f"{self.target.name} code, its last bit worth 2**{exponent}"
        return (Result("y", bits, meaning, self.size),)

    def width(self, level: int) -> int:
        """Bits, with the sign, that hold all sums after some levels of the butterfly."""
        low, high = _extremes(self.source)
        return max((high << level).bit_length(), ((-low << level) - 1).bit_length()) + 1

    @property
    def limits(self) -> tuple[int, int]:
        """Least and greatest integer of ``target``."""
        assert self.target is not None
        return _extremes(self.target)

    @property
    def cuts(self) -> tuple[int, ...]:
        """Levels of the butterfly after which there is a register."""
        inner = (stage for stage in self.registers if stage != "operand")
        return tuple(int(stage.removeprefix("level")) for stage in inner)

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """The transformed vectors."""
        y = units(self.source, codes["x"])
        half = 1
        while half < self.size:
            pairs = y.reshape(*y.shape[:-1], self.size // (2 * half), 2, half)
            first, second = pairs[..., 0, :], pairs[..., 1, :]
            y = np.stack((first + second, first - second), axis=-2).reshape(y.shape)
            half *= 2
        if self.target is None:
            return {"y": y}
        if self.shift:
            y = (y + (1 << (self.shift - 1)) - 1 + ((y >> self.shift) & 1)) >> self.shift
        return {"y": np.clip(y, *self.limits) & ((1 << self.target.bits) - 1)}


def units(fmt: ScalarFormat, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Values of codes of a format without specials, in units of its last bit."""
    parts = fmt.unpack(codes)
    magnitude = parts.significand << (parts.exponent - fmt.lsb_exponent)
    return np.where(parts.sign, -magnitude, magnitude)


def _extremes(fmt: ScalarFormat) -> tuple[int, int]:
    """Least and greatest value, in units of the last bit; the least is 0 or less."""
    scale = 2.0**-fmt.lsb_exponent
    return min(int(fmt.min * scale), 0), int(fmt.max * scale)


def parse(keys: Keys) -> Hadamard:
    """A Hadamard transform from its keys."""
    source = take_scalar(keys, "from")
    exact = is_fixed_point(source) or (isinstance(source, Minifloat) and not source.specials)
    if not exact or _extremes(source)[1] > _MOST_UNITS:
        raise keys.refusal(
            f"from={source.name} has infinities, NaNs or too wide a range for sums of integers; "
            "choose integers, or a minifloat without specials such as e2m1",
            {"from": "int8"},
        )
    size = keys.integer_of("size", 16, 2, _MOST_SIZE)
    if size & (size - 1):
        near = 1 << round(math.log2(size))
        raise keys.refusal(f"size={size} must be a power of two; {near} is", {"size": near})
    design = Hadamard(source=source, size=size)
    target, shift = None, 0
    if "to" in keys.values:
        found = take_scalar(keys, "to")
        if not isinstance(found, IntegerFormat) or not found.signed:
            raise keys.refusal(f"to={found.name} must be a signed integer", {"to": "int8"})
        target = found
        exact_bits = design.width(design.levels)
        shift = keys.integer_of("shift", max(exact_bits - target.bits, 0), 0, exact_bits)
    elif "shift" in keys.values:
        raise keys.refusal("shift goes with to; add to=int8, or drop it", {"shift": None})
    stages = keys.integer_of("pipeline", 0, 0, design.levels)
    keys.finish()
    return Hadamard(
        source=source,
        size=size,
        target=target,
        shift=shift,
        registers=_placed(stages, design.levels),
    )


def _placed(stages: int, levels: int) -> tuple[str, ...]:
    """Registers spread evenly over the butterfly; behind the ports too once it is full."""
    if stages == levels:
        return ("operand", *(f"level{i}" for i in range(1, levels)))
    return tuple(f"level{round(i * levels / (stages + 1))}" for i in range(1, stages + 1))
