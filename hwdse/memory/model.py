"""What a memory is, what it costs, and the curves through published points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hwdse.errors import HwdseError
from hwdse.memory.data import KIB_BITS

__all__ = ["Curve", "Interval", "Memory", "MemoryCost"]


@dataclass(frozen=True)
class Interval:
    """A figure with its bounds, ``0 < low <= value <= high``."""

    value: float
    low: float
    high: float

    def times(self, other: Interval) -> Interval:
        """The product; bounds multiply, as if both were off the same way."""
        return Interval(self.value * other.value, self.low * other.low, self.high * other.high)

    def spread(self, factor: float) -> Interval:
        """Bounds wider by a factor of 1 or more."""
        return Interval(self.value, self.low / factor, self.high * factor)


@dataclass(frozen=True)
class Memory:
    """An on-chip memory with one read-write port.

    Attributes:
        capacity_bits: Bits held, a multiple of the width.
        width_bits: Bits of one access.
    """

    capacity_bits: int
    width_bits: int

    def __post_init__(self) -> None:
        if self.width_bits < 1 or self.capacity_bits < 1 or self.capacity_bits % self.width_bits:
            raise HwdseError(
                f"a memory of {self.capacity_bits} bits, {self.width_bits} wide: the capacity must "
                "be a positive multiple of the width"
            )

    @property
    def capacity_kib(self) -> float:
        """Capacity in units of 1024 bytes."""
        return self.capacity_bits / KIB_BITS


@dataclass(frozen=True)
class MemoryCost:
    """Figures of a memory.

    Attributes:
        area_um2: Area.
        read_pj, write_pj: Energy of one access of all its bits.
        basis: Whether it is a point of a table, between points, or beyond them; one line.
        sources: Publications that the figures and their intervals rest on.
    """

    memory: Memory
    technology: str
    area_um2: Interval
    read_pj: Interval
    write_pj: Interval
    basis: str
    sources: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready values, with energies per bit."""
        width = self.memory.width_bits
        document: dict[str, Any] = {
            "technology": self.technology,
            "capacity_bits": self.memory.capacity_bits,
            "capacity_kib": self.memory.capacity_kib,
            "width_bits": width,
        }
        figures = {"area_um2": self.area_um2, "read_pj": self.read_pj, "write_pj": self.write_pj}
        each = Interval(1 / width, 1 / width, 1 / width)
        figures["read_pj_per_bit"] = self.read_pj.times(each)
        figures["write_pj_per_bit"] = self.write_pj.times(each)
        for name, figure in figures.items():
            document |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
        return document | {"basis": self.basis, "sources": list(self.sources)}


@dataclass(frozen=True)
class Curve:
    """A figure over a quantity: straight between points on logarithmic axes.

    Attributes:
        x: Ascending, at least two.
        y: Positive.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]

    @staticmethod
    def of(x: Sequence[float], y: Sequence[float]) -> Curve:
        """From any sequences."""
        return Curve(tuple(x), tuple(y))

    @property
    def slopes(self) -> list[float]:
        """Exponents between neighbours."""
        points = list(zip(map(math.log, self.x), map(math.log, self.y), strict=True))
        return [(d - b) / (c - a) for (a, b), (c, d) in pairwise(points)]

    def at(self, x: float) -> Interval:
        """The figure at ``x``.

        Between points the interval has no width. Beyond them the last exponent goes on, and the
        interval spans the least and the greatest exponent that the curve has anywhere.
        """
        slopes = self.slopes
        if self.x[0] <= x <= self.x[-1]:
            n = max(i for i in range(len(slopes)) if self.x[i] <= x)
            value = self.y[n] * (x / self.x[n]) ** slopes[n]
            return Interval(value, value, value)
        end = 0 if x < self.x[0] else -1
        reach = x / self.x[end]
        ways = [self.y[end] * reach**s for s in (min(slopes), max(slopes))]
        return Interval(self.y[end] * reach ** slopes[end], min(ways), max(ways))
