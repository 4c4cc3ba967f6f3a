"""Any signed scalar format with absmax scales: one per tensor, per channel, or per group.

``int8_channel``, ``int4_g128``, ``nf4_g64``, ``e4m3_tensor``, ``int4_g128_fp16_mse``: the element;
how many values share a scale; the format of scales (``fp32`` where none is named); and whether the
scale is searched for the least squared error.

The scale of a block is ``absmax / max``, where ``max`` is the largest element: 127 for ``int8``. It
is rounded to the nearest one; in ``e8m0``, up to the next power of two. So the most negative code
of a two's complement element occurs only where rounding takes a value there: toward negative, or
where the scale was rounded down by more than half a step of the element, or under ``_mse``. With
``int8_sym`` it never occurs.
"""

from __future__ import annotations

import re

from hwdse.errors import HwdseError
from hwdse.formats import scalars
from hwdse.formats.base import Family, Format
from hwdse.formats.block import BlockFormat
from hwdse.formats.scale import ScaleRule

__all__ = ["FAMILY", "parse"]

_SCALES = ("fp32", "fp16", "bf16", "e8m0")
_NAME = re.compile(r"(.+?)_(?:(tensor)|(channel)|g(0|[1-9][0-9]{0,18}))(?:_([a-z0-9]+?))??(_mse)?")


def parse(name: str) -> BlockFormat | None:
    """The format of a name such as ``int8_channel`` or ``int4_g128_fp16_mse``.

    ``_channel`` is one scale along the whole axis, ``_tensor`` one for all; what they add to
    ``bits_per_value`` depends on the array, and counts as nothing. Unsigned integers have a zero
    point besides: see :mod:`hwdse.formats.affine`.

    Raises:
        HwdseError: If the element is not signed, the group is out of range, or element and scale
            are too wide together.
    """
    match = _NAME.fullmatch(name)
    element = None if match is None else scalars.parse(match[1])
    if match is None or element is None:
        return None
    scale = match[5] or _SCALES[0]
    if match[5] is not None and scale not in _SCALES[1:]:
        held = scalars.parse(scale)
        if held is None:
            return None
        raise HwdseError(
            f"unknown format {name!r}: scales are {', '.join(_SCALES)} (the first where none is "
            f"named), not {scale}, whose largest is {held.max:g}"
        )
    if not element.signed or element.max <= 0:
        raise HwdseError(
            f"unknown format {name!r}: elements must have both signs, not {element.name}"
        )
    absmax = ScaleRule.CEIL if scale == "e8m0" else ScaleRule.ROUND
    try:
        return BlockFormat(
            name=element.name + name.removeprefix(match[1]),
            element=element,
            scale=scalars.scalar(scale),
            block=int(match[4]) if match[4] else None,
            whole=bool(match[2]),
            rule=ScaleRule.MSE if match[6] else absmax,
        )
    except HwdseError as error:
        raise HwdseError(f"unknown format {name!r}: {error}") from None


FAMILY: Family[Format] = Family(
    parse=parse, names=("int8_tensor", "int8_channel", "int4_g128", "nf4_g64")
)
