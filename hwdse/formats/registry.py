"""Names of all formats. A further kind is one module, and its family in the tuple below."""

from __future__ import annotations

import functools

from hwdse.errors import HwdseError, nearest_hint
from hwdse.formats import abfp, affine, bfp, bitmod, grouped, mx, nv, scalars
from hwdse.formats.base import Family, Format, ScalarFormat

__all__ = ["get", "names", "scalar"]

_BLOCK_FAMILIES: tuple[Family[Format], ...] = (
    mx.FAMILY,
    nv.FAMILY,
    bfp.FAMILY,
    bitmod.FAMILY,
    affine.FAMILY,
    grouped.FAMILY,
    abfp.FAMILY,
)


def get(name: str) -> Format:
    """The format of a name, such as ``int8``, ``e4m3``, ``mxfp4`` or ``nvfp4``.

    Args:
        name: Lower case; one of :func:`names`, or any other that a family reads (``e3m5``,
            ``int4_g64``): the families' ``parse`` functions say which. Or the path of a codebook,
            ``levels.yaml`` (:func:`hwdse.formats.codebook_file.load`), also with a group,
            ``levels.yaml_g64``.

    Raises:
        HwdseError: If there is no such format; the message says which bound a name breaks, or
            which names are near.
    """
    # A file may hold something else by the next call.
    if any(suffix in name for suffix in scalars.CODEBOOK_SUFFIXES):
        return _get.__wrapped__(name)
    return _get(name)


@functools.cache
def _get(name: str) -> Format:
    fmt: Format | None = scalars.parse(name)
    for family in _BLOCK_FAMILIES:
        fmt = fmt if fmt is not None else family.parse(name)
    if fmt is None:
        raise HwdseError(f"unknown format {name!r}{nearest_hint(name.lower(), names())}")
    return fmt


def scalar(name: str) -> ScalarFormat:
    """The scalar format of a name, where single codes are needed; see :func:`get`.

    Raises:
        HwdseError: If there is no such format, or it is none of single codes.
    """
    fmt = scalars.parse_name(name)
    if fmt is not None:
        return fmt
    found = get(name)
    why = "its values share scales"
    if found.scale_format is None:
        why = "a codebook's file gives no name to call a unit by"
    raise HwdseError(
        f"format {name!r} cannot serve here: {why}; give a scalar one, such as int8 or e4m3"
    )


def names() -> tuple[str, ...]:
    """The formats worth listing, kind by kind."""
    return scalars.names() + tuple(name for family in _BLOCK_FAMILIES for name in family.names)
