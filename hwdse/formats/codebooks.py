"""The catalogue of codebooks: binary, ternary, bipolar, flint4, nf4, and BitMoD's value sets.

Sources: bipolar integers, APT-LLM, arXiv 2508.19087; ``flint4``, Guo et al., ANT, MICRO 2022;
``nf4``, Dettmers et al., QLoRA, arXiv 2305.14314, appendix E; BitMoD, Chen et al., HPCA 2025, with
its repository abdelfattah-lab/BitMoD-HPCA-25 (``quant_weight.py``).
"""

from __future__ import annotations

import re
from typing import Literal

from hwdse.errors import HwdseError
from hwdse.formats.base import Family, ScalarFormat
from hwdse.formats.codebook import Codebook, Ties

__all__ = ["FAMILY", "bitmod_codebook", "parse"]

_MAX_BIPOLAR_BITS = 8
_BIPOLAR = re.compile(r"bipolar(0|[1-9][0-9]{0,3})")

_NAMED = {
    book.name: book
    for book in (
        Codebook(
            name="binary",
            bits=1,
            values=(-1.0, 1.0),
            ties=Ties.UPPER,
            source="sign(x), with sign(0) = 1",
        ),
        Codebook(
            name="ternary",
            bits=2,
            values=(0.0, 1.0, None, -1.0),
            source="two's complement without -2",
        ),
        # The magnitude is an integer below 4; from 4 on, the zeros after its leading one are the
        # exponent ("first-one coding"), so that 100 is the largest.
        Codebook(
            name="flint4",
            bits=4,
            values=(
                *(0.0, 1.0, 2.0, 3.0, 16.0, 8.0, 4.0, 6.0),
                *(None, -1.0, -2.0, -3.0, -16.0, -8.0, -4.0, -6.0),
            ),
            source="ANT, MICRO 2022",
        ),
        # Each is a binary32 number.
        Codebook(
            name="nf4",
            bits=4,
            values=(
                -1.0,
                -0.6961928009986877,
                -0.5250730514526367,
                -0.39491748809814453,
                -0.28444138169288635,
                -0.18477343022823334,
                -0.09105003625154495,
                0.0,
                0.07958029955625534,
                0.16093020141124725,
                0.24611230194568634,
                0.33791524171829224,
                0.44070982933044434,
                0.5626170039176941,
                0.7229568362236023,
                1.0,
            ),
            source="QLoRA, arXiv 2305.14314, appendix E",
        ),
    )
}

# Magnitudes by code without the sign; FP4 is E2M1.
_BITMOD_MAGNITUDES = {
    "fp3": (0.0, 1.0, 2.0, 4.0),
    "fp4": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0),
}


def bitmod_codebook(base: Literal["fp3", "fp4"], special: float) -> Codebook:
    """A value set of BitMoD: a small float whose code of negative zero holds a special value.

    ``fp3`` is {0, ±1, ±2, ±4}, its published special values are ±3 and ±6; ``fp4`` is E2M1 with ±5
    and ±8. Ties go to the lower value. The name, such as ``fp4_special_-5``, is none that
    :func:`hwdse.formats.get` finds.

    Args:
        base: Which set is extended.
        special: The value of the code with the sign bit set and a magnitude of zero.

    Raises:
        HwdseError: If there is no such base, or it has the special value already.
    """
    if base not in _BITMOD_MAGNITUDES:
        raise HwdseError(f"BitMoD extends fp3 and fp4, not {base!r}")
    magnitudes = _BITMOD_MAGNITUDES[base]
    return Codebook(
        name=f"{base}_special_{special:g}",
        bits=len(magnitudes).bit_length(),
        values=(*magnitudes, float(special), *(-m for m in magnitudes[1:])),
        ties=Ties.LOWER,
        source="BitMoD, HPCA 2025",
    )


def parse(name: str) -> Codebook | None:
    """The codebook of a name, or None for a name of another shape.

    ``bipolarN`` is the sum of ``(2 x_i - 1) 2**i`` over the bits of a code, ``2 code + 1 - 2**N``.

    Raises:
        HwdseError: If the N of ``bipolarN`` is not in 1 to 8.
    """
    if name in _NAMED:
        return _NAMED[name]
    match = _BIPOLAR.fullmatch(name)
    if match is None:
        return None
    bits = int(match[1])
    if not 1 <= bits <= _MAX_BIPOLAR_BITS:
        raise HwdseError(
            f"unknown format {name!r}: N of bipolarN must be 1 to {_MAX_BIPOLAR_BITS}, not {bits}"
        )
    return Codebook(
        name=name,
        bits=bits,
        kind="bipolar",
        values=tuple(float(2 * code + 1 - (1 << bits)) for code in range(1 << bits)),
        source="APT-LLM, arXiv 2508.19087",
    )


FAMILY: Family[ScalarFormat] = Family(
    parse=parse, names=("binary", "ternary", "bipolar2", "bipolar4", "flint4", "nf4")
)
