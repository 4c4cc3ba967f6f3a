"""``mac``: one multiply-accumulate a cycle, exact product, accumulator by policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hwdse.pe.implementation import take_implementation
from hwdse.pe.keys import Keys
from hwdse.pe.product import product, product_shape
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import Codes, Unit, take_common

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
    common = take_common(keys)
    implementation = take_implementation(keys)
    keys.finish()
    return Mac(common=common, implementation=implementation)
