"""``mac``: one multiply-accumulate a cycle, exact product, accumulator by policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse.pe.keys import Keys
from hwdse.pe.product import product, product_shape
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import Unit, take_common

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
        return product_shape(self.w, self.a)

    def terms_of(self, w_codes: NDArray[np.int64], a_codes: NDArray[np.int64]) -> Term:
        """Exact products."""
        return product(self.w, self.a, w_codes, a_codes)


def parse(keys: Keys) -> Mac:
    """A ``mac`` from its keys."""
    common = take_common(keys)
    keys.finish()
    return Mac(common=common)
