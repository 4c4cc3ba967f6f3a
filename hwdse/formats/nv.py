"""Names of formats with two levels of scales: ``nvfp4`` and ``nvint4``.

Blocks of 16 values share an E4M3 scale (its sign stays 0), the tensor a float32 one,
``amax / (448 * max)``. ``nvfp4`` has E2M1 elements and is, code for code, what torchao 0.18
(``nvfp4_quantize``) makes of finite float32 input: float32 arithmetic with reciprocals, and scales
of ``2**-6`` to 448. ``nvint4`` (arXiv 2510.25602) has integers of -7 to 7 and otherwise the same
arithmetic; ``nvintN`` are likewise.

Suffixes, in this order: ``_b32`` sets the block size; ``_ue5m3`` and ``_ue4m3`` choose another
format of scales (with UE5M3, the tensor scale is ``amax / (114688 * max)``); ``_divide`` rounds the
exact quotient once, and uses the subnormal scales as well, so that some codes differ; ``_floor``,
``_ceil`` and ``_mse`` choose another :class:`~hwdse.formats.scale.ScaleRule` than rounding to
nearest.

The reciprocal must not overflow: ``nvfp4`` and ``nvint4`` have a tensor scale of ``2**-121`` at
least (``2**-113`` with UE5M3), where torchao's codes are those of infinities and NaNs.
"""

from __future__ import annotations

import re

from hwdse.errors import HwdseError
from hwdse.formats.base import Family, Format
from hwdse.formats.block import Arithmetic, BlockFormat
from hwdse.formats.block_names import BLOCK_SUFFIX, RULE_SUFFIX, named_block, named_rule
from hwdse.formats.scalars import scalar
from hwdse.formats.scale import ScaleRule, check_rule

__all__ = ["FAMILY", "parse"]

_BLOCK = 16
_SCALES = ("e4m3", "ue5m3", "ue4m3")
_MAX_INTEGER_BITS = 16
_NAME = re.compile(
    rf"nv(?:fp4|int(0|[1-9][0-9]{{0,3}})){BLOCK_SUFFIX}(?:_(u?e[0-9]+m[0-9]+|u?int[0-9]+|fp[0-9]+|bf16))?(_divide)?{RULE_SUFFIX}"
)


def parse(name: str) -> BlockFormat | None:
    """The format that ``nvfp4`` or ``nvintN`` names, or None for a name of another shape.

    Raises:
        HwdseError: If N is not in 2 to 16, the block not in 1 to 65536, the rule is for
            power-of-two scales only, or a suffix says what holds without it.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    bits, block, scale, divide, rule = match.groups()
    element = "e2m1"
    if bits is not None:
        if not 2 <= int(bits) <= _MAX_INTEGER_BITS:
            raise HwdseError(
                f"unknown format {name!r}: N of nvintN must be 2 to {_MAX_INTEGER_BITS}, not {bits}"
            )
        element = f"int{bits}_sym"
    if scale is not None and scale not in _SCALES[1:]:
        raise HwdseError(
            f"unknown format {name!r}: block scales beside a tensor scale are {', '.join(_SCALES)} "
            f"(the first where none is named), not {scale}"
        )
    scales = scalar(scale or _SCALES[0])
    chosen = named_rule(rule, default=ScaleRule.ROUND, name=name)
    check_rule(chosen, scale=scales, name=f"unknown format {name!r}")
    return BlockFormat(
        name=name,
        element=scalar(element),
        scale=scales,
        block=named_block(block, default=_BLOCK, name=name),
        rule=chosen,
        tensor_scale=True,
        arithmetic=Arithmetic.EXACT if divide else Arithmetic.FLOAT32_RECIPROCAL,
    )


FAMILY: Family[Format] = Family(
    parse=parse,
    names=("nvfp4", "nvfp4_divide", "nvfp4_ue5m3", "nvint4", "nvint4_divide", "nvint4_ue5m3"),
)
