"""Ports of exported modules."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe import Design

__all__ = ["port_members"]


def port_members(design: Design) -> dict[str, wiring.Member]:
    """A member for each of ``design.ports``."""
    directions = {"input": In, "output": Out}
    return {port.name: directions[port.direction](port.width) for port in design.ports}
