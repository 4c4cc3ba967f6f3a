"""Names of the OCP Microscaling formats: ``mxfp8_e4m3`` to ``mxint4``, with E8M0 scales.

Source: OCP Microscaling Formats (MX) Specification v1.0; ``mxintN`` other than ``mxint8`` follow
arXiv 2510.25602. By default blocks are of 32 values, the scale is that of section 6.3
(:attr:`~hwdse.formats.scale.ScaleRule.FLOOR`), and elements round to nearest even;
``rounding="nearest-away"`` is the default of the microxcaling library.

Suffixes, in this order: ``_sym`` leaves the most negative code of integers unused, as OCP allows
and microxcaling does; ``_b16`` sets the block size; ``_ceil``, ``_ceillog2``, ``_round``, ``_even``
and ``_mse`` choose another :class:`~hwdse.formats.scale.ScaleRule`. ``mxfp4_b16_ceil`` has both.
"""

from __future__ import annotations

import re

from hwdse.errors import HwdseError
from hwdse.formats.base import Family, Format
from hwdse.formats.block import BlockFormat
from hwdse.formats.block_names import BLOCK_SUFFIX, RULE_SUFFIX, named_block, named_rule
from hwdse.formats.scalars import scalar
from hwdse.formats.scale import ScaleRule

__all__ = ["FAMILY", "parse"]

_BLOCK = 32
_MAX_INTEGER_BITS = 16

_FLOATS = {
    "fp8_e4m3": "e4m3",
    "fp8_e5m2": "e5m2",
    "fp6_e3m2": "e3m2",
    "fp6_e2m3": "e2m3",
    "fp4": "e2m1",
}
_NAME = re.compile(
    rf"mx(?:({'|'.join(_FLOATS)})|int(0|[1-9][0-9]{{0,3}}))(_sym)?{BLOCK_SUFFIX}{RULE_SUFFIX}"
)


def parse(name: str) -> BlockFormat | None:
    """The MX format that a name stands for, or None for a name of another shape.

    The elements of ``mxintN`` are two's complement with N - 2 fraction bits, -2 to almost 2.

    Raises:
        HwdseError: If N is not in 2 to 16, the block not in 1 to 65536, elements that are no
            integers are to be symmetric, or a suffix says what holds without it.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    floats, bits, symmetric, block, rule = match.groups()
    if floats:
        element = _FLOATS[floats]
        if symmetric:
            raise HwdseError(
                f"unknown format {name!r}: '_sym' is for integers, and {element} has as many "
                "negative values as positive ones"
            )
    else:
        n = int(bits)
        if not 2 <= n <= _MAX_INTEGER_BITS:
            raise HwdseError(
                f"unknown format {name!r}: N of mxintN must be 2 to {_MAX_INTEGER_BITS}, not {n}"
            )
        element = f"fixed{n}_{n - 2}{symmetric or ''}"
    return BlockFormat(
        name=name,
        element=scalar(element),
        scale=scalar("e8m0"),
        block=named_block(block, default=_BLOCK, name=name),
        rule=named_rule(rule, default=ScaleRule.FLOOR, name=name),
    )


FAMILY: Family[Format] = Family(
    parse=parse, names=(*(f"mx{floats}" for floats in _FLOATS), "mxint8", "mxint6", "mxint4")
)
