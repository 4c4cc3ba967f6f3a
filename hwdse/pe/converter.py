"""What converters have in common: an element goes in, and what it becomes comes out.

A converter takes one element a cycle, or every ``initiation_interval`` cycles, and has no
accumulator; see :mod:`hwdse.pe.design` for the handshake. Results are registered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from hwdse.pe.design import Design

__all__ = ["Converter"]


@dataclass(frozen=True)
class Converter(Design):
    """Base of the kinds of the ``convert`` family.

    A kind adds ``own_keys``, ``operands``, of which the first are the values converted, ``results``
    and ``run``.

    Attributes:
        registers: Stages before the one that holds the results: ``operand`` (behind the input
            ports), and those that the kind has.
    """

    registers: tuple[str, ...] = field(default=(), kw_only=True)

    family: ClassVar[str] = "convert"
    clears: ClassVar[bool] = False

    @property
    def own_keys(self) -> dict[str, str]:
        """Keys of the kind, for the canonical form."""
        raise NotImplementedError

    @property
    def key_values(self) -> dict[str, str]:
        """Keys of the canonical form, in order."""
        return self.own_keys | {"pipeline": str(len(self.registers))}

    @property
    def latency(self) -> int:
        """Cycles from taking an element to its result."""
        return self.initiation_interval + len(self.registers)

    @property
    def values_per_element(self) -> int:
        """One for each lane of the first operand."""
        return self.operands[0].lanes

    @property
    def enumerable(self) -> bool:
        """Not where ``clear`` starts a state that elements change."""
        return not self.clears

    @property
    def holds(self) -> bool:
        """The registers of results are written in every cycle."""
        return False
