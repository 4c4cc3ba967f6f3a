"""Names of minifloats: OCP and IEEE types, and ``eXmY`` of any field widths up to 16 bits.

Sources: OCP 8-bit Floating Point Specification v1.0 (``e4m3``, ``e5m2``); OCP Microscaling Formats
v1.0 (``e3m2``, ``e2m3``, ``e2m1``); IEEE 754-2019 (``fp16``, ``fp32``). ``bf16`` is the upper half
of ``fp32``.
"""

from __future__ import annotations

import re

from hwdse.errors import HwdseError
from hwdse.formats.base import Family, ScalarFormat
from hwdse.formats.minifloat import Minifloat, NanPolicy

__all__ = ["FAMILY", "parse"]

_MAX_NAMED_BITS = 16
_NAME = re.compile(r"e(0|[1-9][0-9]{0,3})m(0|[1-9][0-9]{0,3})")


def _standard(name: str, exponent_bits: int, mantissa_bits: int, nan: NanPolicy) -> Minifloat:
    return Minifloat(
        name=name,
        exponent_bits=exponent_bits,
        mantissa_bits=mantissa_bits,
        bias=(1 << (exponent_bits - 1)) - 1,
        infinities=nan is NanPolicy.IEEE,
        nan=nan,
    )


_NAMED = {
    fmt.name: fmt
    for fmt in (
        _standard("e4m3", 4, 3, NanPolicy.ALL_ONES),
        _standard("e5m2", 5, 2, NanPolicy.IEEE),
        _standard("fp16", 5, 10, NanPolicy.IEEE),
        _standard("bf16", 8, 7, NanPolicy.IEEE),
        _standard("fp32", 8, 23, NanPolicy.IEEE),
    )
}

_ALIASES = {"e5m10": "fp16", "e8m7": "bf16"}


def parse(name: str) -> Minifloat | None:
    """The format that a name stands for, or None for a name of another shape.

    ``e4m3`` and ``e5m2`` are the OCP types, ``e5m10`` is ``fp16`` and ``e8m7`` is ``bf16``. Every
    other ``eXmY`` has bias ``2**(X - 1) - 1`` and no infinity nor NaN, so ``e3m2``, ``e2m3`` and
    ``e2m1`` are those of OCP MX. That holds for X = 8 too, where the largest values are beyond
    those of binary32: 2**129 - 2**(128 - Y). ``e3m4`` differs thereby from the IEEE-like type that
    some libraries give this name.

    Raises:
        HwdseError: If X is not in 1 to 8, Y is not in 0 to 10, or there would be over 16 bits.
            ``e8m0`` is refused because the name belongs to the unsigned scale of OCP MX.
    """
    name = _ALIASES.get(name, name)
    if name in _NAMED:
        return _NAMED[name]
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    exponent_bits, mantissa_bits = int(match[1]), int(match[2])
    bits = 1 + exponent_bits + mantissa_bits
    problem = None
    if not 1 <= exponent_bits <= 8:
        problem = f"X of eXmY must be 1 to 8, not {exponent_bits}"
    elif not 0 <= mantissa_bits <= 10:
        problem = f"Y of eXmY must be 0 to 10, not {mantissa_bits}"
    elif bits > _MAX_NAMED_BITS:
        problem = f"1 + X + Y of eXmY must be at most {_MAX_NAMED_BITS} bits, not {bits}"
    elif (exponent_bits, mantissa_bits) == (8, 0):
        problem = "this name is the unsigned scale of OCP MX, which is not among the formats yet"
    if problem is not None:
        raise HwdseError(f"unknown format {name!r}: {problem}")
    return _standard(name, exponent_bits, mantissa_bits, NanPolicy.NONE)


FAMILY: Family[ScalarFormat] = Family(
    parse=parse,
    names=("e2m1", "e2m3", "e3m2", "e3m4", "e4m3", "e5m2", "fp16", "bf16", "fp32"),
)
