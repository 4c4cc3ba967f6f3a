"""``bitplane``: the dot product of bit planes: AND or XNOR, population count, shift and sum.

Operands are codes whose values are weighted sums of their bits (:mod:`hwdse.pe.planes`): integers
of either kind, binary, ternary and bipolar ones. For every pair of a weight's plane and an
activation's, the lanes in which both are set (or equal, for bits that are worth plus or minus one)
are counted. The reference is the plain sum of products, which the counts add up to exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hwdse.pe.common import Common, take_accumulator, take_scalar
from hwdse.pe.design import Codes
from hwdse.pe.implementation import ADDERS, FUSED, REGISTERS, TREES, take_implementation
from hwdse.pe.keys import Keys
from hwdse.pe.lanes import exact_shape
from hwdse.pe.planes import planes
from hwdse.pe.product import integers, operand_shape
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import Unit

__all__ = ["Bitplane", "parse"]

summary = "dot product of `lanes` pairs by AND or XNOR of bit planes and population count"
example = "bitplane:w=ternary,a=int8,lanes=32"

MAX_LANES = 1024
# Pairs of bits of one cycle; a larger tree takes synthesis many minutes.
MAX_PAIRS = 1 << 14


@dataclass(frozen=True)
class Bitplane(Unit):
    """A dot product made of counted pairs of bits, one addition to the accumulator."""

    lane_count: int = 32

    family: ClassVar[str] = "bitplane"

    @property
    def lanes(self) -> int:
        """Pairs of operands taken each cycle."""
        return self.lane_count

    @property
    def term_shape(self) -> TermShape:
        """Bounds of the sum of one cycle's products."""
        w, a = operand_shape(self.w_element), operand_shape(self.a_element)
        return exact_shape(w, a, self.lanes)

    def terms_of(self, codes: Codes) -> Term:
        """Exact sums of products over the last axis."""
        w = integers(self.w_element, codes["w"])
        a = integers(self.a_element, codes["a"])
        return Term.from_integers((w * a).sum(axis=-1))


def parse(keys: Keys) -> Bitplane:
    """A ``bitplane`` from its keys."""
    w, a = take_scalar(keys, "w"), take_scalar(keys, "a")
    lanes = keys.integer_of("lanes", 32, 2, MAX_LANES)
    for fmt in (w, a):
        if planes(fmt) is None:
            raise keys.refusal(
                f"values of {fmt.name} are no weighted sums of the bits of their codes",
                {"lanes": lanes},
                family="dot",
            )
    most = MAX_PAIRS // (w.bits * a.bits)
    if lanes > most:
        raise keys.refusal(
            f"lanes={lanes} of {w.bits} x {a.bits} planes are more than {MAX_PAIRS} pairs of bits; "
            f"give at most lanes={most}",
            {"lanes": most},
        )
    acc, terms = take_accumulator(keys, fixed=True, lanes=lanes)
    implementation = take_implementation(
        keys, tree=TREES, fused=FUSED, adder=ADDERS, registers=REGISTERS
    )
    keys.finish()
    common = Common(w=w, a=a, acc=acc, terms=terms)
    return Bitplane(common=common, implementation=implementation, lane_count=lanes)
