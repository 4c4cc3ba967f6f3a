"""Names of minifloats: OCP and IEEE types, and ``eXmY`` of any field widths up to 16 bits.

Sources: OCP 8-bit Floating Point Specification v1.0 (``e4m3``, ``e5m2``); OCP Microscaling Formats
v1.0 (``e3m2``, ``e2m3``, ``e2m1``, ``e8m0``); IEEE 754-2019 (``fp16``, ``fp32``). ``bf16`` is the
upper half of ``fp32``. ``ue5m3``: arXiv 2509.17791. The ``fnuz`` types: arXiv 2206.02915.
"""

from __future__ import annotations

import dataclasses
import re
from typing import NoReturn

from hwdse.errors import HwdseError
from hwdse.formats.base import Family, ScalarFormat
from hwdse.formats.minifloat import Minifloat, NanPolicy

__all__ = ["FAMILY", "parse"]

_MAX_NAMED_BITS = 16
_MAX_NAMED_EXPONENT_BITS = 10
_NUMBER = r"(0|[1-9][0-9]{0,3})"
_FIELDS = re.compile(rf"(u?)e{_NUMBER}m{_NUMBER}")
_SUFFIXES = re.compile(rf"(?:_b{_NUMBER})?(?:_(fin|fnuz|fn|ieee))?(_nosub)?")
_SUFFIX = re.compile(r"_(b[0-9]+|fin|fnuz|fn|ieee|nosub)")
_ORDER = "_bN, then one of _fin, _fn, _ieee and _fnuz, then _nosub"
_NANS = {
    "fin": NanPolicy.NONE,
    "fn": NanPolicy.ALL_ONES,
    "ieee": NanPolicy.IEEE,
    "fnuz": NanPolicy.NEGATIVE_ZERO,
}


def _minifloat(
    name: str, exponent_bits: int, mantissa_bits: int, nan: NanPolicy, *, signed: bool = True
) -> Minifloat:
    return Minifloat(
        name=name,
        exponent_bits=exponent_bits,
        mantissa_bits=mantissa_bits,
        bias=(1 << (exponent_bits - 1)) - 1,
        infinities=nan is NanPolicy.IEEE,
        nan=nan,
        signed=signed,
    )


_NAMED = {
    fmt.name: fmt
    for fmt in (
        _minifloat("e4m3", 4, 3, NanPolicy.ALL_ONES),
        _minifloat("e5m2", 5, 2, NanPolicy.IEEE),
        _minifloat("fp16", 5, 10, NanPolicy.IEEE),
        _minifloat("bf16", 8, 7, NanPolicy.IEEE),
        _minifloat("fp32", 8, 23, NanPolicy.IEEE),
        Minifloat(
            name="e8m0",
            exponent_bits=8,
            mantissa_bits=0,
            bias=127,
            infinities=False,
            nan=NanPolicy.ALL_ONES,
            signed=False,
            subnormals=False,
            zero=False,
        ),
    )
}

_ALIASES = {"e5m10": "fp16", "e8m7": "bf16"}


def parse(name: str) -> Minifloat | None:
    """The format that a name stands for, or None for a name of another shape.

    ``eXmY`` has a sign, bias ``2**(X - 1) - 1``, subnormals, and no infinity nor NaN, so ``e3m2``,
    ``e2m3`` and ``e2m1`` are those of OCP MX. The exceptions are the types of standards: ``e4m3``
    (OCP: the codes of all ones are NaN) and ``e5m2`` (OCP: infinities and NaNs as in IEEE 754);
    ``e5m10``, which is ``fp16``, and ``e8m7``, which is ``bf16``; and ``e8m0``, the scale of OCP
    MX: no sign, values ``2**(code - 127)``, no zero, and NaN for the code of all ones.

    ``ueXmY`` has no sign; the code of all ones is NaN, in all of them, as scales need it:
    ``ue4m3`` reaches 448 in 7 bits, ``ue5m3`` 114688 in 8. ``ue8m0`` is ``e8m0``.

    Suffixes declare what differs, in this order:

    ========= ==================================================================================
    ``_bN``   the bias is N
    ``_fin``  finite: every code is a number
    ``_fn``   finite and NaN: the codes of all ones are NaN, there are no infinities
    ``_ieee`` the largest exponent field is for infinities and NaNs
    ``_fnuz`` the code of the negative zero is the one NaN, there are no infinities; the bias is
              ``2**(X - 1)`` if no other is given
    ``_nosub`` no subnormals: exponent field 0 has a hidden bit too, but code 0 stays zero
    ========= ==================================================================================

    So ``e4m3_ieee`` and ``e3m4_ieee`` are those that some libraries call by the plain names, and
    ``e4m3_fnuz``, ``e4m3_b11_fnuz`` and ``e5m2_fnuz`` those of several accelerators. A suffix that
    changes nothing is refused, so that a format has one name.

    Raises:
        HwdseError: If X is not in 1 to 10, there would be fewer than 2 or more than 16 bits, the
            format would be impossible, or suffixes are out of order or without effect.
    """
    if name in _NAMED:
        return _NAMED[name]
    name = re.sub(r"^ue8m0(?![0-9])", "e8m0", name)
    match = _FIELDS.match(name)
    if match is None:
        return None
    rest = name[match.end() :]
    if _SUFFIX.sub("", rest):
        return None
    base = _without_suffixes(name, match)
    return base if not rest else _with_suffixes(name, base, rest)


def _without_suffixes(name: str, match: re.Match[str]) -> Minifloat:
    plain = _ALIASES.get(match[0], match[0])
    if plain in _NAMED:
        return _NAMED[plain]
    signed = not match[1]
    shape = "1 + X + Y of eXmY" if signed else "X + Y of ueXmY"
    exponent_bits, mantissa_bits = int(match[2]), int(match[3])
    bits = signed + exponent_bits + mantissa_bits
    if exponent_bits < 1:
        _refuse(name, f"X of {shape[-5:].strip()} must be 1 or more, not {exponent_bits}")
    if bits > _MAX_NAMED_BITS:
        _refuse(name, f"{shape} must be at most {_MAX_NAMED_BITS} bits, not {bits}")
    if bits < 2:
        _refuse(name, f"{shape} must be at least 2 bits, not {bits}")
    if exponent_bits > _MAX_NAMED_EXPONENT_BITS:
        _refuse(
            name,
            f"X must be at most {_MAX_NAMED_EXPONENT_BITS}, as values must fit binary64, "
            f"not {exponent_bits}",
        )
    nan = NanPolicy.NONE if signed else NanPolicy.ALL_ONES
    return _minifloat(plain, exponent_bits, mantissa_bits, nan, signed=signed)


def _with_suffixes(name: str, base: Minifloat, rest: str) -> Minifloat:
    match = _SUFFIXES.fullmatch(rest)
    if match is None:
        _refuse(name, f"suffixes are {_ORDER}, each once at most and numbers without leading zeros")
    bias, policy, nosub = match[1], match[2], match[3]
    nan, default = base.nan, base.bias
    if policy is not None:
        if _NANS[policy] is base.nan:
            _refuse(name, f"_{policy} is what {base.name} is without it; leave it out")
        nan = _NANS[policy]
        if nan is NanPolicy.NEGATIVE_ZERO:
            default = 1 << (base.exponent_bits - 1)
    if bias is not None and int(bias) == default:
        _refuse(name, f"a bias of {bias} is what there is without _b{bias}; leave it out")
    if nosub is not None and (not base.subnormals or base.mantissa_bits == 0):
        _refuse(name, f"{base.name} has no subnormals; leave _nosub out")
    try:
        return dataclasses.replace(
            base,
            name=name,
            bias=default if bias is None else int(bias),
            nan=nan,
            infinities=nan is NanPolicy.IEEE,
            subnormals=base.subnormals and nosub is None,
        )
    except HwdseError as error:
        raise HwdseError(f"unknown format {name!r}: {error}") from None


def _refuse(name: str, problem: str) -> NoReturn:
    raise HwdseError(f"unknown format {name!r}: {problem}")


FAMILY: Family[ScalarFormat] = Family(
    parse=parse,
    names=(
        *("e2m1", "e2m3", "e3m2", "e3m4", "e4m3", "e5m2", "fp16", "bf16", "fp32"),
        *("e3m4_ieee", "e4m3_ieee", "e4m3_fnuz", "e4m3_b11_fnuz", "e5m2_fnuz"),
        *("ue4m3", "ue5m3", "e8m0"),
    ),
)
