"""``shift``: products by shift and add, for weights that are sums of few powers of two.

A weight such as ``pot4``, ``apot4`` or ``khot8_2`` is a sign and the sum of K powers of two at most
(:mod:`hwdse.pe.digits` derives them from the format's values): K shifters of the activation and one
sum take the place of the multiplier. Products are exact. With a weight that is one power of two, an
activation may be a float, of which the exponent is added to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwdse.formats import ScalarFormat
from hwdse.pe.common import Common, take_accumulator, take_scalar
from hwdse.pe.design import Codes
from hwdse.pe.digits import booth_rows, digit_count
from hwdse.pe.implementation import ADDERS, FUSED, REGISTERS, TREES, take_implementation
from hwdse.pe.keys import Keys
from hwdse.pe.lanes import exact_shape
from hwdse.pe.product import is_fixed_point, operand, operand_shape
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import Unit

__all__ = ["Shift", "parse"]

summary = "product by shift and add, for weights that are sums of few powers of two"
example = "shift:w=pot4,a=int8"

MAX_LANES = 256
# Weights with larger values, in units of their last bit, make float terms.
_INTEGER_BITS = 16


@dataclass(frozen=True)
class Shift(Unit):
    """A unit that multiplies by shift and add, and sums its lanes before one accumulation."""

    lane_count: int = 1

    family: ClassVar[str] = "shift"

    @property
    def lanes(self) -> int:
        """Pairs of operands taken each cycle."""
        return self.lane_count

    @property
    def integer_terms(self) -> bool:
        """Whether terms are integers; else significands with a shift."""
        return _has_integer_terms(self.w_element, self.a_element)

    @property
    def term_shape(self) -> TermShape:
        """Bounds of the sum of one cycle's products."""
        x, y = operand_shape(self.w_element), operand_shape(self.a_element)
        if self.integer_terms:
            return exact_shape(x, y, self.lanes)
        return TermShape(
            significand_bits=y.significand_bits,
            max_shift=x.max_units.bit_length() - 1 + y.max_shift,
            lsb_exponent=x.lsb_exponent + y.lsb_exponent,
            max_units=x.max_units * y.max_units,
            signed=x.signed or y.signed,
            nan=y.special,
            infinite=y.infinite,
        )

    def terms_of(self, codes: Codes) -> Term:
        """Exact sums of the lanes' products."""
        return self._integers(codes) if self.integer_terms else self._floats(codes)

    def _integers(self, codes: Codes) -> Term:
        fields = self.w_element.unpack(codes["w"])
        w = fields.significand << (fields.exponent - self.w_element.lsb_exponent)
        a = operand(self.a_element, codes["a"])
        products = np.where(fields.sign ^ a.sign, -w * a.significand, w * a.significand)
        return Term.from_integers(products.sum(axis=-1) if self.lanes > 1 else products)

    def _floats(self, codes: Codes) -> Term:
        fields = self.w_element.unpack(codes["w"])
        a = operand(self.a_element, codes["a"])
        zero = fields.significand == 0
        # A significand of one set bit, of which this is the position.
        position = np.bitwise_count(np.maximum(fields.significand, 1) - 1).astype(np.int64)
        power = fields.exponent - self.w_element.lsb_exponent + position
        number = ~(zero | a.nan | a.infinite)
        return Term(
            sign=fields.sign ^ a.sign,
            significand=np.where(number, a.significand, 0),
            shift=np.where(number, power + a.shift, 0),
            nan=a.nan | (a.infinite & zero),
            infinite=a.infinite & ~zero,
        )


def _has_integer_terms(w: ScalarFormat, a: ScalarFormat) -> bool:
    """Whether products are summed as integers: both operands are of few bits, none is a float."""
    return is_fixed_point(a) and operand_shape(w).max_units.bit_length() <= _INTEGER_BITS


def parse(keys: Keys) -> Shift:
    """A ``shift`` from its keys."""
    w, a = take_scalar(keys, "w"), take_scalar(keys, "a")
    lanes = keys.integer_of("lanes", 1, 1, MAX_LANES)
    _check_formats(keys, w, a, lanes)
    integer = _has_integer_terms(w, a)
    acc, terms = take_accumulator(keys, fixed=integer, lanes=lanes)
    implementation = (
        take_implementation(keys, tree=TREES, fused=FUSED, adder=ADDERS, registers=REGISTERS)
        if integer
        else take_implementation(keys)
    )
    keys.finish()
    common = Common(w=w, a=a, acc=acc, terms=terms)
    return Shift(common=common, implementation=implementation, lane_count=lanes)


def _check_formats(keys: Keys, w: ScalarFormat, a: ScalarFormat, lanes: int) -> None:
    """Refuse what shifters are no good for.

    Weights with more terms than a Booth multiplier has rows would only make a larger multiplier.
    """
    instead = "dot" if lanes > 1 else "mac"
    if w.specials:
        raise keys.refusal(
            f"shift takes weights that are all numbers, and {w.name} has "
            f"{' and '.join(w.specials)}",
            {},
            family=instead,
        )
    terms, most = digit_count(w), booth_rows(w)
    if terms > most:
        raise keys.refusal(
            f"values of {w.name} are sums of up to {terms} powers of two, more than the {most} "
            "rows that a multiplier has for their range",
            {},
            family=instead,
        )
    if _has_integer_terms(w, a):
        return
    reason = f"activations of {a.name} are floats"
    if is_fixed_point(a):
        reason = f"values of {w.name} reach beyond {_INTEGER_BITS} bits"
    if terms > 1:
        raise keys.refusal(
            f"{reason}, so a weight must be one power of two, as pot4 is, and those of {w.name} "
            f"are sums of up to {terms}",
            {},
            family=instead,
        )
    if lanes > 1:
        raise keys.refusal(f"{reason}, of which there can be one product a cycle", {"lanes": None})
