"""What study files and comparison files have in common: the files and units that they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from hwdse import pe
from hwdse.errors import HwdseError
from hwdse.pe import Design, Unit

__all__ = ["as_unit", "beside", "parse_designs", "parse_units"]

_Parsed = TypeVar("_Parsed")


def beside(path: Path, name: str, suffixes: tuple[str, ...]) -> str:
    """A file's name relative to the file that names it; any other name as it is."""
    return str(path.parent / name) if name.endswith(suffixes) else name


def parse_designs(path: Path, specs: Mapping[str, str]) -> dict[str, Design]:
    """Designs by label.

    Raises:
        HwdseError: A bad spec; the message names file and label.
    """
    return _parsed(path, specs, pe.parse)


def parse_units(path: Path, specs: Mapping[str, str]) -> dict[str, Unit]:
    """Units by label.

    Raises:
        HwdseError: A bad spec, or a design that is no unit; the message names file and label.
    """
    return _parsed(path, specs, lambda spec: as_unit(pe.parse(spec)))


def _parsed(
    path: Path, specs: Mapping[str, str], parse: Callable[[str], _Parsed]
) -> dict[str, _Parsed]:
    found = {}
    for label, spec in specs.items():
        try:
            found[label] = parse(spec)
        except HwdseError as error:
            raise HwdseError(f"{path}: units.{label}: {error}") from None
    return found


def as_unit(design: Design) -> Unit:
    """The design, which must be a unit.

    Raises:
        HwdseError: It is a converter or an array.
    """
    if not isinstance(design, Unit):
        raise HwdseError(
            f"{design.canonical} is no unit that multiplies and accumulates; see `hwdse pe`"
        )
    return design
