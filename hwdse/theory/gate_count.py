"""How many gates a dot-product unit takes: the table of counts of "INT v.s. FP".

Source: arXiv 2510.25602 (INT v.s. FP), appendix C, table 6 and equation (44): counts by block for k
lanes of operands with x exponent and y mantissa bits, where an integer of b bits has x = 0 and
y = b - 1, and the aligner is n bits wide.

The table names the kinds of gates that dominate a block and counts "up to constant factors"; how
many of each are in one count it leaves open. The plainest reading is taken: one of each kind. "FA,
HA" is one adder cell, a full adder; half adders, which stand at the ends of rows, are not told
apart. ``log2`` is the real logarithm, as printed. The counts of the dequantiser and of the FP32
accumulator are not published; here they follow from the same table: an FP32 addition is its
floating-point addition for k = 1, a multiplication by a scale its multiplication for k = 1.

The table is for two operands of one format. Where they differ, ``(y+1)**2`` becomes the product of
the two significands, ``2 (x+y+1)`` and ``2**(x+1) + 2y`` the sum of what each operand adds to them,
and ``x`` the larger one: with equal formats that is the table.

All functions take numbers or arrays, which broadcast; counts are of the whole block, and real.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "Counts",
    "Fields",
    "aligner_width",
    "fixed_accumulator",
    "float_accumulator",
    "lanes",
    "products",
    "scale_multiplication",
    "sums",
]

# By block, by kind of gate: and, fa (full adder), mux, or, xor.
Counts: TypeAlias = dict[str, dict[str, npt.NDArray[np.float64]]]


@dataclass(frozen=True, eq=False)
class Fields:
    """Widths of operands.

    Attributes:
        exponent_bits: x; 0 for integers.
        mantissa_bits: y, without the leading one; bits - 1 for integers.
    """

    exponent_bits: npt.ArrayLike
    mantissa_bits: npt.ArrayLike

    @property
    def x(self) -> npt.NDArray[np.float64]:
        """Exponent bits."""
        return np.asarray(self.exponent_bits, dtype=np.float64)

    @property
    def significand(self) -> npt.NDArray[np.float64]:
        """Bits that a multiplier sees: y + 1."""
        return np.asarray(self.mantissa_bits, dtype=np.float64) + 1


def aligner_width(
    w: Fields, a: Fields, psum_bits: npt.ArrayLike = np.inf
) -> npt.NDArray[np.float64]:
    """Bits over which products are aligned, equation (44): at most ``psum_bits``, there 24."""
    window = np.exp2(w.x) + np.exp2(a.x) + w.significand + a.significand - 2
    return np.minimum(window, psum_bits)


def products(k: npt.ArrayLike, w: Fields, a: Fields) -> Counts:
    """Multipliers of ``k`` lanes, and their exponent adders."""
    count = np.asarray(k, dtype=np.float64)
    cells = count * w.significand * a.significand
    return {
        "multiplier": {"and": cells, "fa": cells},
        "exponent_adder": {"fa": count * np.maximum(w.x, a.x)},
    }


def sums(k: npt.ArrayLike, w: Fields, a: Fields, n: npt.ArrayLike) -> Counts:
    """What adds the products of ``k`` lanes; those of floats aligned to ``n`` bits, one normaliser.

    Args:
        k: Lanes.
        w, a: The operands.
        n: Aligner width; of no concern for integers.
    """
    count, width = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    x = np.maximum(w.x, a.x)
    floats = x > 0
    shifts = np.where(floats, _shifts(width), 0.0)
    return {
        "adder": {"fa": count * np.where(floats, width, w.significand + a.significand)},
        "exponent_subtractor": {"xor": count * x, "fa": count * x},
        "comparator": {"xor": count * x, "and": count * x, "or": count * x},
        "aligner": {"mux": count * shifts},
        "normaliser": {"mux": shifts, "or": shifts},
    }


def _shifts(n: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """n log2 n: multiplexers of a barrel shifter of n bits."""
    width = np.asarray(n, dtype=np.float64)
    return np.asarray(width * np.log2(np.maximum(width, 1)))


def lanes(k: npt.ArrayLike, w: Fields, a: Fields, n: npt.ArrayLike) -> Counts:
    """Table 6: ``k`` multipliers and what adds their products."""
    return products(k, w, a) | sums(k, w, a, n)


def float_accumulator(acc: Fields) -> Counts:
    """A floating-point addition for one lane, as wide as the accumulator's significand."""
    total: dict[str, Any] = {}
    for gates in sums(1, acc, acc, acc.significand).values():
        for gate, count in gates.items():
            total[gate] = total.get(gate, 0.0) + count
    return {"accumulator": total}


def fixed_accumulator(bits: npt.ArrayLike) -> Counts:
    """An adder."""
    return {"accumulator": {"fa": np.asarray(bits, dtype=np.float64)}}


def scale_multiplication(scale: Fields, acc: Fields) -> Counts:
    """The dequantiser's work for one of the scales of a sum.

    A power of two (y = 0) is added to the exponent, as the paper has it for UE8M0; by any other
    scale the sum, of the accumulator's format, is multiplied.
    """
    one = products(1, acc, scale)
    cells = np.where(scale.significand > 1, one["multiplier"]["fa"], 0.0)
    adder = np.where(scale.significand > 1, one["exponent_adder"]["fa"], scale.x)
    return {"dequantiser": {"and": cells, "fa": cells + adder}}
