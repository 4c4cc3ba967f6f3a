"""What a unit computes: one module per family, each with its spec and its bit-exact reference."""

from __future__ import annotations

from types import ModuleType

from hwdse.pe import bitplane, composite, dot, lmul, mac, shift
from hwdse.pe.keys import split_spec
from hwdse.pe.ports import Operand, Port
from hwdse.pe.unit import Unit

__all__ = ["FAMILIES", "Operand", "Port", "Unit", "parse"]

# A family is a module with `summary`, `example` and `parse(keys) -> Unit`.
FAMILIES: dict[str, ModuleType] = {
    "mac": mac,
    "dot": dot,
    "lmul": lmul,
    "shift": shift,
    "bitplane": bitplane,
    "composite": composite,
}


def parse(spec: str) -> Unit:
    """The unit that a spec such as ``mac:w=int8,a=int8`` describes.

    Raises:
        HwdseError: Unknown family, key or format, or keys that make no sense together.
    """
    keys = split_spec(spec, FAMILIES)
    unit: Unit = FAMILIES[keys.family].parse(keys)
    _ = unit.accumulator  # an accumulator that cannot hold a term is an error now, not later
    return unit
