"""Ports of a unit, as every other room sees them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["Port"]


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
