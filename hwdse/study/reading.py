"""What study files and comparison files have in common: reading them, and the units they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hwdse import pe
from hwdse.errors import HwdseError
from hwdse.files.yaml_input import parse_yaml
from hwdse.pe import Design, Unit

__all__ = ["as_unit", "beside", "parse_designs", "parse_units", "read_mapping"]

_Parsed = TypeVar("_Parsed")


def read_mapping(path: Path, what: str) -> dict[Any, Any]:
    """The mapping that a YAML file holds.

    Args:
        path: The file.
        what: What messages call it, such as ``study``.

    Raises:
        HwdseError: It cannot be read, is malformed (with its line), or holds no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise HwdseError(f"cannot read {what} {str(path)!r}: {reason}") from None
    raw = parse_yaml(text, where=str(path))
    if not isinstance(raw, dict):
        raise HwdseError(f"{path}: not a {what}: it holds no mapping of keys")
    return raw


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
