"""Names of scalar formats. A further kind of them is one module, and its family in the tuple."""

from __future__ import annotations

import functools

from hwdse.errors import HwdseError, nearest_hint
from hwdse.formats import integer, minifloat_names
from hwdse.formats.base import Family, ScalarFormat

__all__ = ["names", "parse", "scalar"]

_FAMILIES: tuple[Family[ScalarFormat], ...] = (integer.FAMILY, minifloat_names.FAMILY)


@functools.cache
def parse(name: str) -> ScalarFormat | None:
    """The scalar format of a name, or None where it is of another shape.

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
    fmt = parse(name)
    if fmt is None:
        raise HwdseError(f"unknown scalar format {name!r}{nearest_hint(name.lower(), names())}")
    return fmt


def names() -> tuple[str, ...]:
    """The scalar formats worth listing, kind by kind."""
    return tuple(name for family in _FAMILIES for name in family.names)
