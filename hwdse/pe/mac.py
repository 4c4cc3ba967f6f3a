"""``mac``: one multiply-accumulate a cycle, exact product, accumulator by policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import Format, IntegerFormat, Minifloat
from hwdse.pe.keys import Keys
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import Unit, take_common

__all__ = ["Mac", "parse"]

summary = "one multiply-accumulate a cycle"
example = "mac:w=int8,a=int8"


@dataclass(frozen=True)
class Mac(Unit):
    """A multiply-accumulate unit; both operands integers, or both minifloats."""

    family: ClassVar[str] = "mac"

    @property
    def term_shape(self) -> TermShape:
        """Bounds of a product."""
        return product_shape(self.w, self.a)

    def terms_of(self, w_codes: NDArray[np.int64], a_codes: NDArray[np.int64]) -> Term:
        """Exact products."""
        return product(self.w, self.a, w_codes, a_codes)


def parse(keys: Keys) -> Mac:
    """A ``mac`` from its keys."""
    common = take_common(keys)
    keys.finish()
    return Mac(common=common)


def product_shape(w: Format, a: Format) -> TermShape:
    """Bounds of the exact product of two codes."""
    if isinstance(w, Minifloat) and isinstance(a, Minifloat):
        significand_bits = w.mantissa_bits + a.mantissa_bits + 2
        max_shift = w.max_shift + a.max_shift
        return TermShape(
            significand_bits=significand_bits,
            max_shift=max_shift,
            lsb_exponent=w.lsb_exponent + a.lsb_exponent,
            max_units=((1 << significand_bits) - 1) << max_shift,
            signed=True,
            nan=w.nan_code is not None or a.nan_code is not None,
            infinite=w.infinities or a.infinities,
        )
    largest = max(abs(int(x) * int(y)) for x in (w.min, w.max) for y in (a.min, a.max))
    return TermShape(
        significand_bits=largest.bit_length(),
        max_shift=0,
        lsb_exponent=0,
        max_units=largest,
        signed=w.signed or a.signed,
    )


def product(w: Format, a: Format, w_codes: NDArray[np.int64], a_codes: NDArray[np.int64]) -> Term:
    """Exact products of codes, elementwise."""
    x, y = w.unpack(w_codes), a.unpack(a_codes)
    if isinstance(w, IntegerFormat):
        signed = np.where(x.sign ^ y.sign, -1, 1) * x.significand * y.significand
        return Term.from_integers(signed)
    assert isinstance(w, Minifloat)
    assert isinstance(a, Minifloat)
    zero_x = (x.significand == 0) & ~x.infinite & ~x.nan
    zero_y = (y.significand == 0) & ~y.infinite & ~y.nan
    nan = x.nan | y.nan | (x.infinite & zero_y) | (y.infinite & zero_x)
    infinite = (x.infinite | y.infinite) & ~nan
    number = ~(nan | infinite)
    shift = x.exponent - w.lsb_exponent + y.exponent - a.lsb_exponent
    return Term(
        sign=x.sign ^ y.sign,
        significand=np.where(number, x.significand * y.significand, 0),
        shift=np.where(number, shift, 0),
        nan=nan,
        infinite=infinite,
    )
