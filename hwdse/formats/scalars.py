"""Names of scalar formats. A further kind of them is one module, and its family in the tuple."""

from __future__ import annotations

import functools
from pathlib import Path

from hwdse.errors import HwdseError, nearest_hint
from hwdse.formats import (
    codebook_file,
    codebooks,
    integer,
    minifloat_names,
    nupes,
    posit,
    powers_of_two,
)
from hwdse.formats.base import Family, ScalarFormat

__all__ = ["CODEBOOK_SUFFIXES", "names", "parse", "parse_name", "scalar"]

CODEBOOK_SUFFIXES = (".yaml", ".yml")
"""What the name of a codebook's file ends in."""

_FAMILIES: tuple[Family[ScalarFormat], ...] = (
    integer.FAMILY,
    minifloat_names.FAMILY,
    codebooks.FAMILY,
    powers_of_two.FAMILY,
    posit.FAMILY,
    nupes.FAMILY,
)


def parse(name: str) -> ScalarFormat | None:
    """The scalar format of a name or of a codebook's file, or None for a name of another shape.

    Raises:
        HwdseError: If the name is of a known shape but breaks a bound, or the file is no codebook.
    """
    if name.endswith(CODEBOOK_SUFFIXES):
        return codebook_file.load(Path(name))
    return parse_name(name)


@functools.cache
def parse_name(name: str) -> ScalarFormat | None:
    """The scalar format of a name, or None for a name of another shape.

    Raises:
        HwdseError: If the name is of a known shape but breaks a bound.
    """
    for family in _FAMILIES:
        fmt = family.parse(name)
        if fmt is not None:
            return fmt
    return None


def scalar(name: str) -> ScalarFormat:
    """The scalar format of a name, such as ``int8``, ``e4m3`` or ``posit8``.

    Raises:
        HwdseError: If there is no such scalar format; the message says which bound a name breaks,
            or which names are near.
    """
    fmt = parse_name(name)
    if fmt is None:
        raise HwdseError(f"unknown scalar format {name!r}{nearest_hint(name.lower(), names())}")
    return fmt


def names() -> tuple[str, ...]:
    """The scalar formats worth listing, kind by kind."""
    return tuple(name for family in _FAMILIES for name in family.names)
