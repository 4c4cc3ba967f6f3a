"""``op=softmax_scale``: the second pass of softmax in two, exponentials over their sum.

``y = min(floor(2**bits * exp(x) / sum), 2**bits - 1)``, of the exponential as a pair ``(m, n)``
(:mod:`hwdse.pe.converters.pair_exp`) and the sum as a pair, as ``op=softmax_sum`` gives it. The
quotient of the significands, of ``bits + 1`` bits, is found in ``cycles`` cycles and shifted by the
difference of the exponents; nothing is rounded on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.formats import IntegerFormat
from hwdse.pe.converter import Converter
from hwdse.pe.converters.pair_exp import FRACTION_BITS, exponent_bits, pair_exp, take_fixed_point
from hwdse.pe.converters.softmax_sum import SIGNIFICAND_BITS
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand, Result

__all__ = ["SoftmaxScale", "parse"]

example = "convert:op=softmax_scale,from=fixed8_4"
_PLACEMENT = (
    (),
    ("exponential",),
    ("exponential", "quotient"),
    ("operand", "exponential", "quotient"),
)


@dataclass(frozen=True)
class SoftmaxScale(Converter):
    """Exponentials divided by their sum.

    Attributes:
        source: Format of the values.
        bits: Of the results.
        cycles: Of the division.
    """

    source: IntegerFormat
    bits: int
    cycles: int

    @property
    def own_keys(self) -> dict[str, str]:
        """Keys of the kind."""
        return {
            "op": "softmax_scale",
            "from": self.source.name,
            "bits": str(self.bits),
            "cycles": str(self.cycles),
        }

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The value, and the sum."""
        significand = "significand of the sum below its leading one, in units of 2**-16"
        exponent = formats.scalar(f"int{exponent_bits(self.source)}")
        return (
            Operand("x", self.source),
            Operand("sum", formats.scalar(f"uint{SIGNIFICAND_BITS}"), meaning=significand),
            Operand("exponent", exponent, meaning="exponent of the sum, signed"),
        )

    @property
    def results(self) -> tuple[Result, ...]:
        """The value's share."""
        return (Result("y", self.bits, f"unsigned integer, in units of 2**-{self.bits}"),)

    @property
    def initiation_interval(self) -> int:
        """Cycles of the division."""
        return self.cycles

    def focused(
        self, codes: dict[str, NDArray[np.int64]], rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]:
        """Half of the sums are such that a share is neither 0 nor limited."""
        exponent = codes["exponent"]
        _, n = pair_exp(self.source, codes["x"])
        near = n + rng.integers(-1, self.bits + 2, size=n.shape)
        near &= (1 << self.operands[2].width) - 1
        return codes | {"exponent": np.where(rng.random(n.shape) < 1 / 2, near, exponent)}

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """Each value's share."""
        m, n = pair_exp(self.source, codes["x"])
        total = codes["sum"] | 1 << SIGNIFICAND_BITS
        quotient = (m << (self.bits + SIGNIFICAND_BITS - FRACTION_BITS)) // total
        sign = 1 << (self.operands[2].width - 1)
        down = ((codes["exponent"] ^ sign) - sign) - n
        share = quotient >> np.clip(down, 0, 62)
        most = (1 << self.bits) - 1
        return {"y": np.where(down < 0, most, np.minimum(share, most))}


def parse(keys: Keys) -> SoftmaxScale:
    """A second pass from its keys."""
    source = take_fixed_point(keys)
    bits = keys.integer_of("bits", 8, 2, 16)
    cycles = keys.integer_of("cycles", bits + 1, 1, bits + 1)
    stages = keys.integer_of("pipeline", 0, 0, len(_PLACEMENT) - 1)
    keys.finish()
    return SoftmaxScale(source=source, bits=bits, cycles=cycles, registers=_PLACEMENT[stages])
