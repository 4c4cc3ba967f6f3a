"""Energy per bit of off-chip memories, by type."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hwdse.errors import HwdseError, nearest_hint
from hwdse.memory.data import tables
from hwdse.memory.model import Interval

__all__ = ["Dram", "dram", "dram_types"]


@dataclass(frozen=True)
class Dram:
    """A kind of DRAM.

    Attributes:
        pj_per_bit: Energy of a bit moved; the published range, and its geometric mean.
    """

    type: str
    description: str
    pj_per_bit: Interval
    source: str


def dram_types() -> tuple[Dram, ...]:
    """All types with a confirmed figure."""
    found = []
    for kind in tables().dram:
        low = min(access.low_pj / access.bits for access in kind.accesses)
        high = max(access.high_pj / access.bits for access in kind.accesses)
        energy = Interval(math.sqrt(low * high), low, high)
        found.append(Dram(kind.type, kind.description, energy, kind.source))
    return tuple(found)


def dram(name: str) -> Dram:
    """A type by its name.

    Raises:
        HwdseError: No such type.
    """
    known = {kind.type: kind for kind in dram_types()}
    if name not in known:
        raise HwdseError(f"unknown DRAM type {name[:40]!r}{nearest_hint(name, known)}")
    return known[name]
