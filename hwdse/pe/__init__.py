"""What a unit computes: one module per family, each with its spec and its bit-exact reference."""

from __future__ import annotations

from types import ModuleType

from hwdse.errors import HwdseError
from hwdse.pe import (
    array,
    bitplane,
    composite,
    convert,
    dot,
    groupdot,
    lmul,
    lut,
    mac,
    serial,
    shift,
)
from hwdse.pe.design import Design
from hwdse.pe.keys import SpecError, split_spec
from hwdse.pe.ports import Operand, Port, Result
from hwdse.pe.unit import Unit

__all__ = ["FAMILIES", "Design", "Operand", "Port", "Result", "Unit", "design_of", "parse"]

# A family is a module with `summary`, `example` and `parse(keys) -> Design`.
FAMILIES: dict[str, ModuleType] = {
    "mac": mac,
    "dot": dot,
    "lmul": lmul,
    "shift": shift,
    "bitplane": bitplane,
    "composite": composite,
    "serial": serial,
    "lut": lut,
    "groupdot": groupdot,
    "convert": convert,
    "array": array,
}
# A spec may have that many faults, one behind the other.
_MOST_MENDS = 32


def parse(spec: str) -> Design:
    """The design that a spec such as ``mac:w=int8,a=int8`` describes.

    Raises:
        HwdseError: Unknown family, key or format, or keys that make no sense together; it names a
            spec near by that works.
    """
    try:
        return design_of(spec)
    except SpecError as error:
        raise HwdseError(f"{error} (nearest that works: {_mended(error)})") from error


def design_of(spec: str) -> Design:
    """As :func:`parse`, but a fault is raised as the ``SpecError`` that it is."""
    keys = split_spec(spec, {name: family.example for name, family in FAMILIES.items()})
    design: Design = FAMILIES[keys.family].parse(keys)
    _ = design.results  # an accumulator that cannot hold a term is an error now, not later
    return design


def _mended(error: SpecError) -> str:
    """A spec that works: what is proposed instead, and instead of that, and so on."""
    for _ in range(_MOST_MENDS):
        try:
            design_of(error.instead)
        except SpecError as another:
            error = another
        else:
            return error.instead
    example: str = FAMILIES[error.instead.partition(":")[0]].example
    return example
