"""Ports of a unit, as every other room sees them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import ScalarFormat

__all__ = ["Operand", "Port", "Result"]


@dataclass(frozen=True)
class Port:
    """One port of the exported module.

    Attributes:
        name: Name in the Verilog.
        direction: ``input`` or ``output``.
        width: Bits.
        meaning: What its bits are, in one phrase.
        lanes: Number of equal fields packed into it, lane 0 in the least significant bits.
    """

    name: str
    direction: Literal["input", "output"]
    width: int
    meaning: str
    lanes: int = 1

    def to_json(self) -> dict[str, object]:
        """The port as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Operand:
    """One data input: code words of a format.

    Arrays of its codes have shape (steps, ...), and (steps, ..., lanes) where it has several lanes.

    Attributes:
        name: The port's name.
        format: What a code word means.
        lanes: Code words packed into the port, lane 0 in the least significant bits.
        views: Other ways to read each word, as (format, words packed into it): checks draw codes
            of these. All operands that have views have as many, and are read in the same one.
        selects_view: Whether its code is the number of the view that the others are read in.
        meaning: One phrase for the port list; by default it names the format.
    """

    name: str
    format: ScalarFormat
    lanes: int = 1
    views: tuple[tuple[ScalarFormat, int], ...] = ()
    selects_view: bool = False
    meaning: str = ""

    @property
    def width(self) -> int:
        """Bits of the port."""
        return self.format.bits * self.lanes

    @property
    def trailing(self) -> tuple[int, ...]:
        """Last axis of its codes: empty for a single lane."""
        return (self.lanes,) if self.lanes > 1 else ()

    def view(self, index: int) -> Operand:
        """The operand as one of its views reads it: narrower words, and more lanes of them."""
        fmt, count = self.views[index]
        return Operand(self.name, fmt, self.lanes * count)

    def packed(self, index: int, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Code words of this operand from codes of one of its views."""
        outer = codes.shape[: codes.ndim - len(self.view(index).trailing)]
        fmt, count = self.views[index]
        parts = codes.reshape(*outer, self.lanes, count) << (fmt.bits * np.arange(count))
        return np.asarray(parts.sum(axis=-1).reshape(outer + self.trailing))

    def unpacked(self, index: int, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """Codes of one of its views from code words of this operand."""
        outer = words.shape[: words.ndim - len(self.trailing)]
        fmt, count = self.views[index]
        parts = words.reshape(*outer, self.lanes, 1) >> (fmt.bits * np.arange(count))
        codes = parts & ((1 << fmt.bits) - 1)
        return np.asarray(codes.reshape(outer + self.view(index).trailing))

    @property
    def port(self) -> Port:
        """The port."""
        each = "" if self.lanes == 1 else f", {self.lanes} lanes, lane 0 in the lowest bits"
        meaning = (self.meaning or f"{self.format.name} code") + each
        return Port(self.name, "input", self.width, meaning, self.lanes)


@dataclass(frozen=True)
class Result:
    """One data output.

    Arrays of it have shape (steps, ...), and (steps, ..., lanes) where it has several lanes.

    Attributes:
        name: The port's name.
        bits: Width of one lane.
        meaning: One phrase for the port list.
        lanes: Equal fields packed into the port, lane 0 in the least significant bits.
    """

    name: str
    bits: int
    meaning: str
    lanes: int = 1

    @property
    def trailing(self) -> tuple[int, ...]:
        """Last axis of its arrays: empty for a single lane."""
        return (self.lanes,) if self.lanes > 1 else ()

    @property
    def port(self) -> Port:
        """The port."""
        each = "" if self.lanes == 1 else f", {self.lanes} lanes, lane 0 in the lowest bits"
        return Port(self.name, "output", self.bits * self.lanes, self.meaning + each, self.lanes)
