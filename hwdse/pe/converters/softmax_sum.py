"""``op=softmax_sum``: the first pass of softmax in two, the sum of exponentials as a pair.

Values of a row come one after another, the first with ``clear``. The sum is ``s * 2**(n - p)``: its
significand ``s`` has ``p = 16 + guard`` bits below a leading one. An exponential
(:mod:`hwdse.pe.converters.pair_exp`) is added with both at the greater exponent, the other shifted
to the right; a sum of ``2**(p + 1)`` or more is halved. All bits that are shifted out are cut off,
so each addition loses less than ``2**(2 - p)`` of the sum. The results are the first 16 bits below
the leading one, and the exponent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import IntegerFormat
from hwdse.pe.converter import Converter
from hwdse.pe.converters.pair_exp import FRACTION_BITS, exponent_bits, pair_exp, take_fixed_point
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand, Result

__all__ = ["SIGNIFICAND_BITS", "SoftmaxSum", "parse"]

example = "convert:op=softmax_sum,from=fixed8_4"
# Of the sum that is given out, below its leading one.
SIGNIFICAND_BITS = 16
_STAGES = ("exponential", "operand")
_MOST_GUARD = 15


@dataclass(frozen=True)
class SoftmaxSum(Converter):
    """The sum of exponentials.

    Attributes:
        source: Format of the values.
        guard: Bits of the sum below those that are given out.
    """

    source: IntegerFormat
    guard: int

    clears: ClassVar[bool] = True

    @property
    def own_keys(self) -> dict[str, str]:
        """Keys of the kind."""
        return {"op": "softmax_sum", "from": self.source.name, "guard": str(self.guard)}

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The value."""
        return (Operand("x", self.source),)

    @property
    def results(self) -> tuple[Result, ...]:
        """The pair."""
        significand = "significand of the sum below its leading one, in units of 2**-16"
        return (
            Result("sum", SIGNIFICAND_BITS, significand),
            Result("exponent", exponent_bits(self.source), "exponent of the sum, signed"),
        )

    @property
    def holds(self) -> bool:
        """The sum stays until the next value."""
        return True

    @property
    def point(self) -> int:
        """Bits of the sum's significand below its leading one."""
        return SIGNIFICAND_BITS + self.guard

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """The sum after each value."""
        m, n = pair_exp(self.source, codes["x"])
        m = m << (self.point - FRACTION_BITS)
        total, exponent = np.empty_like(m), np.empty_like(n)
        for step in range(len(m)):
            if step == 0 or clear[step]:
                total[step], exponent[step] = m[step], n[step]
            else:
                before = total[step - 1], exponent[step - 1]
                total[step], exponent[step] = self._added(*before, m[step], n[step])
        significand = (total >> self.guard) & ((1 << SIGNIFICAND_BITS) - 1)
        return {"sum": significand, "exponent": exponent}

    def _added(
        self,
        total: NDArray[np.int64],
        exponent: NDArray[np.int64],
        m: NDArray[np.int64],
        n: NDArray[np.int64],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """One exponential more."""
        top = np.maximum(exponent, n)
        joined = (total >> np.minimum(top - exponent, 63)) + (m >> np.minimum(top - n, 63))
        carry = joined >> (self.point + 1)
        return joined >> carry, top + carry


def parse(keys: Keys) -> SoftmaxSum:
    """A first pass from its keys."""
    source = take_fixed_point(keys)
    guard = keys.integer_of("guard", 8, 0, _MOST_GUARD)
    stages = keys.integer_of("pipeline", 0, 0, len(_STAGES))
    keys.finish()
    # In the order of the data.
    return SoftmaxSum(source=source, guard=guard, registers=tuple(reversed(_STAGES[:stages])))
