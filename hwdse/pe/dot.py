"""``dot``: the dot product of ``lanes`` fixed-point pairs a cycle, added to the accumulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwdse.errors import HwdseError
from hwdse.pe.implementation import take_implementation
from hwdse.pe.keys import Keys
from hwdse.pe.product import is_fixed_point, product, product_shape
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import Codes, Unit, take_common

__all__ = ["Dot", "parse"]

summary = "dot product of `lanes` pairs a cycle, of integers or values on a common step"
example = "dot:w=int4,a=int8,lanes=16"

MAX_LANES = 256


@dataclass(frozen=True)
class Dot(Unit):
    """A dot-product unit: the exact sum of the lanes, one addition to the accumulator."""

    lane_count: int = 16

    family: ClassVar[str] = "dot"

    @property
    def lanes(self) -> int:
        """Pairs of operands taken each cycle."""
        return self.lane_count

    @property
    def term_shape(self) -> TermShape:
        """Bounds of the sum of one cycle's products."""
        one = product_shape(self.w_element, self.a_element)
        largest = one.max_units * self.lanes
        return TermShape(
            significand_bits=largest.bit_length(),
            max_shift=0,
            lsb_exponent=one.lsb_exponent,
            max_units=largest,
            signed=one.signed,
        )

    def terms_of(self, codes: Codes) -> Term:
        """Exact sums over the last axis."""
        products = product(self.w_element, self.a_element, codes["w"], codes["a"])
        values = np.where(products.sign, -products.significand, products.significand)
        return Term.from_integers(values.sum(axis=-1))


def parse(keys: Keys) -> Dot:
    """A ``dot`` from its keys."""
    common = take_common(keys)
    lanes = keys.integer_of("lanes", 16, 2, MAX_LANES)
    implementation = take_implementation(keys)
    keys.finish()
    for fmt in (common.w.element, common.a.element):
        if not is_fixed_point(fmt):
            raise HwdseError(
                f"spec {keys.text!r}: dot takes integers of at most 16 bits on a common "
                f"step, which the values of {fmt.name} are not; use mac:w=...,a=..."
            )
    if common.acc == "exact" and common.terms < lanes:
        raise HwdseError(
            f"spec {keys.text!r}: terms={common.terms} is less than lanes={lanes}; "
            f"give at least terms={lanes}"
        )
    return Dot(common=common, implementation=implementation, lane_count=lanes)
