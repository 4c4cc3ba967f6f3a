"""``lmul``: the product approximated by one integer addition of the code words (L-Mul).

For operands ``(1 + x) * 2**ex`` and ``(1 + y) * 2**ey`` the exponent-and-mantissa fields are added
as integers together with ``2**(m - l(m))`` and the sum is read as exponent and mantissa again, with
``l(m) = m`` up to 3, 3 for 4 and 4 above (arXiv 2410.00907, the paper's hardware form; its printed
real-valued formula differs where the mantissas carry). Declared here, where the paper is silent:

* the sum keeps its carry, so products neither overflow nor underflow before the accumulator;
* a zero or subnormal operand makes a zero product (of the product's sign);
* NaN operands make NaN; an infinity times zero (or a subnormal) is NaN, else infinity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwdse.formats import Minifloat, NanPolicy
from hwdse.pe.common import take_common
from hwdse.pe.design import Codes
from hwdse.pe.implementation import ADDERS, take_implementation
from hwdse.pe.keys import Keys
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import Unit

__all__ = ["Lmul", "parse"]

summary = "product by integer addition of the code words (L-Mul)"
example = "lmul:w=e4m3,a=e4m3,acc=fp32"


@dataclass(frozen=True)
class Lmul(Unit):
    """A multiply-accumulate unit whose multiplier is an integer adder; one format for both."""

    family: ClassVar[str] = "lmul"

    @property
    def minifloat(self) -> Minifloat:
        """The operands' format."""
        assert isinstance(self.w, Minifloat)
        return self.w

    @property
    def offset(self) -> int:
        """The constant added to the fields: ``2**(m - l(m))``."""
        m = self.minifloat.mantissa_bits
        return 1 << (m - (m if m <= 3 else 3 if m == 4 else 4))

    @property
    def least_field(self) -> int:
        """Smallest exponent field of a product of two normal operands."""
        return 2

    @property
    def term_shape(self) -> TermShape:
        """Bounds of a product."""
        fmt = self.minifloat
        largest_sum = 2 * fmt.max_code + self.offset
        max_shift = (largest_sum >> fmt.mantissa_bits) - self.least_field
        return TermShape(
            significand_bits=fmt.mantissa_bits + 1,
            max_shift=max_shift,
            lsb_exponent=self.least_field - 2 * fmt.bias - fmt.mantissa_bits,
            max_units=((2 << fmt.mantissa_bits) - 1) << max_shift,
            signed=True,
            nan=fmt.nan_code is not None,
            infinite=fmt.infinities,
        )

    @property
    def exact_bits(self) -> int:
        """Width for the largest sum of ``terms`` products, and a sign."""
        growth = math.ceil(math.log2(self.common.terms))
        return self.term_shape.max_units.bit_length() + growth + 1

    def terms_of(self, codes: Codes) -> Term:
        """The approximate products, exactly as the hardware forms them."""
        fmt = self.minifloat
        w_codes, a_codes = codes["w"], codes["a"]
        x, y = fmt.unpack(w_codes), fmt.unpack(a_codes)
        field_mask = (1 << (fmt.bits - 1)) - 1
        fields = (w_codes & field_mask) + (a_codes & field_mask) + self.offset
        hidden = 1 << fmt.mantissa_bits
        zero_x = (x.significand < hidden) & ~x.nan & ~x.infinite
        zero_y = (y.significand < hidden) & ~y.nan & ~y.infinite
        nan = x.nan | y.nan | (x.infinite & zero_y) | (y.infinite & zero_x)
        infinite = (x.infinite | y.infinite) & ~nan
        number = ~(zero_x | zero_y | nan | infinite)
        return Term(
            sign=x.sign ^ y.sign,
            significand=np.where(number, hidden | (fields & (hidden - 1)), 0),
            shift=np.where(number, (fields >> fmt.mantissa_bits) - self.least_field, 0),
            nan=nan,
            infinite=infinite,
        )


def parse(keys: Keys) -> Lmul:
    """An ``lmul`` from its keys."""
    common = take_common(keys)
    implementation = take_implementation(keys, adder=ADDERS)
    keys.finish()
    usual = {key: keys.example[key] for key in ("w", "a")}
    if not isinstance(common.w, Minifloat) or common.w != common.a:
        raise keys.refusal(
            "lmul adds the code words of one minifloat format; give the same one for w and a",
            usual,
        )
    if not (
        common.w.signed and common.w.subnormals and common.w.nan is not NanPolicy.NEGATIVE_ZERO
    ):
        raise keys.refusal(
            "lmul adds codes with a sign, subnormals and two zeros, which "
            f"{common.w.name} has not; choose a format such as e4m3",
            usual,
        )
    if common.w.mantissa_bits < 1:
        raise keys.refusal("lmul needs at least one mantissa bit", usual)
    return Lmul(common=common, implementation=implementation)
