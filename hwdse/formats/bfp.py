"""Names of block floating point: ``bfp8_32`` has 8-bit significands, and an exponent per 32 values.

Significands are two's complement, with N - 2 fraction bits, of -2 to almost 2; they are aligned to
the exponent of the block's largest magnitude, which is shared in 8 bits (E8M0).

Suffixes, in this order: ``_sym`` leaves the most negative significand unused; ``_ceil``,
``_ceillog2``, ``_round``, ``_even`` and ``_mse`` choose another exponent, as
:class:`~hwdse.formats.scale.ScaleRule` says.
"""

from __future__ import annotations

import re

from hwdse.errors import HwdseError
from hwdse.formats.base import Family, Format
from hwdse.formats.block import BlockFormat, check_block
from hwdse.formats.block_names import RULE_SUFFIX, named_rule
from hwdse.formats.scalars import scalar
from hwdse.formats.scale import ScaleRule

__all__ = ["FAMILY", "parse"]

_MAX_BITS = 16
_NAME = re.compile(rf"bfp(0|[1-9][0-9]{{0,3}})_(0|[1-9][0-9]{{0,9}})(_sym)?{RULE_SUFFIX}")


def parse(name: str) -> BlockFormat | None:
    """The format that ``bfpN_B`` names, or None for a name of another shape.

    Raises:
        HwdseError: If N is not in 2 to 16, B not in 1 to 65536, or the rule is the default.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    bits, block = int(match[1]), int(match[2])
    if not 2 <= bits <= _MAX_BITS:
        raise HwdseError(
            f"unknown format {name!r}: N of bfpN_B must be 2 to {_MAX_BITS}, not {bits}"
        )
    check_block(block, name=f"unknown format {name!r}")
    return BlockFormat(
        name=name,
        element=scalar(f"fixed{bits}_{bits - 2}{match[3] or ''}"),
        scale=scalar("e8m0"),
        block=block,
        rule=named_rule(match[4], default=ScaleRule.FLOOR, name=name),
    )


FAMILY: Family[Format] = Family(parse=parse, names=("bfp4_16", "bfp6_16", "bfp8_16", "bfp8_32"))
