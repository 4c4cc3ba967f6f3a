"""Names of formats. A further kind of format is one module, and its family in the tuple below."""

from __future__ import annotations

import functools

from hwdse.errors import HwdseError, nearest_hint
from hwdse.formats import integer, minifloat_names
from hwdse.formats.base import Family, Format

__all__ = ["get", "names"]

_FAMILIES: tuple[Family, ...] = (integer.FAMILY, minifloat_names.FAMILY)


@functools.cache
def get(name: str) -> Format:
    """The format of a name, such as ``int8``, ``e4m3`` or ``fp16``.

    Args:
        name: Lower case; one of :func:`names`, ``int1`` to ``int16``, ``uint1`` to ``uint16``, or
            an ``eXmY`` that has at most 16 bits. See :func:`hwdse.formats.minifloat_names.parse`.

    Raises:
        HwdseError: If there is no such format; the message says which bound a name breaks, or
            which names are near.
    """
    for family in _FAMILIES:
        fmt = family.parse(name)
        if fmt is not None:
            return fmt
    raise HwdseError(f"unknown format {name!r}{nearest_hint(name.lower(), names())}")


def names() -> tuple[str, ...]:
    """The formats worth listing, kind by kind."""
    return tuple(name for family in _FAMILIES for name in family.names)
