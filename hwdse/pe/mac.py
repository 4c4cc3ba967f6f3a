"""``mac``: one multiply-accumulate a cycle, exact product, accumulator by policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hwdse.pe.common import Common, take_common
from hwdse.pe.design import Codes
from hwdse.pe.implementation import (
    ADDERS,
    FUSED,
    MULTIPLIERS,
    REGISTERS,
    TREES,
    Implementation,
    take_implementation,
)
from hwdse.pe.keys import Keys
from hwdse.pe.product import is_fixed_point, product, product_shape
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import Unit

__all__ = ["Mac", "parse"]

summary = "one multiply-accumulate a cycle"
example = "mac:w=int8,a=int8"


@dataclass(frozen=True)
class Mac(Unit):
    """A multiply-accumulate unit; its operands are of any two scalar formats."""

    family: ClassVar[str] = "mac"

    @property
    def term_shape(self) -> TermShape:
        """Bounds of a product."""
        return product_shape(self.w_element, self.a_element)

    def terms_of(self, codes: Codes) -> Term:
        """Exact products."""
        return product(self.w_element, self.a_element, codes["w"], codes["a"])


def parse(keys: Keys) -> Mac:
    """A ``mac`` from its keys."""
    if "lanes" in keys.values:
        raise keys.refusal(
            "mac has no key 'lanes': it takes one pair a cycle, and dot takes several",
            {},
            family="dot",
        )
    common = take_common(keys)
    implementation = _take_implementation(keys, common)
    keys.finish()
    return Mac(common=common, implementation=implementation)


def _take_implementation(keys: Keys, common: Common) -> Implementation:
    fixed = is_fixed_point(common.w.element) and is_fixed_point(common.a.element)
    kulisch = not fixed and common.acc == "exact"
    asked = keys.values.get("fused", "no")
    if asked in FUSED and not fixed and asked != "no" and not (kulisch and asked == "save"):
        mend = "fused=save" if kulisch else "acc=exact,fused=save, or leave fused out"
        raise keys.refusal(
            f"fused={asked}: products of floats are finished before they are aligned; use {mend}",
            {"fused": "save" if kulisch else None},
        )
    implementation = take_implementation(
        keys,
        mul=MULTIPLIERS,
        tree=TREES,
        fused=FUSED if fixed else ("no", "save"),
        adder=ADDERS,
        registers=REGISTERS,
        products=1,
    )
    finished = implementation.mul == "star" and not fixed and not kulisch
    if finished and implementation.adder != "star":
        raise keys.refusal(
            f"adder={implementation.adder} has nothing to add here; use it with mul=booth, mul=bw "
            "or acc=exact",
            {"mul": "bw"},
        )
    return implementation
