"""What vectors should say, from the formats' definitions alone: no table or unit of hwdse."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction

# Exponent bits, mantissa bits; OCP E4M3 has NaN but no infinities, E5M2 is as IEEE.
FLOATS = {"e4m3": (4, 3), "e5m2": (5, 2)}


def integer(code: int, fmt: str) -> int:
    """``int8`` and the like in two's complement, ``uint8`` as it is."""
    bits = int(fmt.removeprefix("u").removeprefix("int"))
    return code - (1 << bits) if not fmt.startswith("u") and code >> (bits - 1) else code


@dataclass(frozen=True)
class Number:
    """An exact number, or an infinity or NaN."""

    value: Fraction
    special: float | None = None


def minifloat(code: int, fmt: str) -> Number:
    exponent_bits, mantissa_bits = FLOATS[fmt]
    sign = -1 if code >> (exponent_bits + mantissa_bits) else 1
    exponent = (code >> mantissa_bits) & ((1 << exponent_bits) - 1)
    mantissa = code & ((1 << mantissa_bits) - 1)
    bias = (1 << (exponent_bits - 1)) - 1
    top = exponent == (1 << exponent_bits) - 1
    if fmt == "e4m3" and top and mantissa == (1 << mantissa_bits) - 1:
        return Number(Fraction(0), math.nan)
    if fmt == "e5m2" and top:
        return Number(Fraction(0), math.nan if mantissa else sign * math.inf)
    hidden = Fraction(mantissa, 1 << mantissa_bits) + (exponent > 0)
    return Number(sign * hidden * Fraction(2) ** (max(exponent, 1) - bias))


def product(w: Number, a: Number) -> Number:
    if w.special is None and a.special is None:
        return Number(w.value * a.value)
    as_float = [float(n.value) if n.special is None else n.special for n in (w, a)]
    return Number(Fraction(0), as_float[0] * as_float[1])


def lmul_product(w: int, a: int, fmt: str) -> Number:
    """L-Mul of E4M3: fields added with 2**(m - l(m)) = 1; subnormals count as zero."""
    assert fmt == "e4m3"
    if 0x7F in (w & 0x7F, a & 0x7F):
        return Number(Fraction(0), math.nan)
    if (w & 0x7F) < 8 or (a & 0x7F) < 8:
        return Number(Fraction(0))
    total = (w & 0x7F) + (a & 0x7F) + 1
    magnitude = Fraction(8 + (total & 7), 8) * Fraction(2) ** ((total >> 3) - 14)
    return Number(-magnitude if (w ^ a) & 0x80 else magnitude)


def sticky(specials: list[float]) -> int:
    """``acc_special`` of the special terms of a sum."""
    code = 0
    for special in specials:
        code |= 3 if math.isnan(special) else (1 if special > 0 else 2)
    return code


def fp32_sum(acc: int, term: Number) -> int:
    """``acc + term`` rounded once, where the exact sum fits the 53 bits of a double."""
    before = struct.unpack(">f", struct.pack(">I", acc))[0]
    if term.special is not None or math.isnan(before):
        return 0x7FC00000
    exact = Fraction(before) + term.value
    assert Fraction(float(exact)) == exact
    return int.from_bytes(struct.pack(">f", float(exact)), "big")
