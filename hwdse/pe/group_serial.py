"""Bit-serial dequantisation of groups behind a ``serial`` unit, as in BitMoD (arXiv 2411.11745).

``group=N,dequant=serial``: after ``N`` pairs their sum is multiplied by the group's scale, an
unsigned integer of 8 bits, one bit a cycle from the lowest one up, while the next group is summed.
The product of each group is a result of its own, and what adds them up is outside. Groups are
counted from the last ``clear``; one that ``clear`` breaks off gives no result. The scale is read
with the last element of its group.

A product with the content of a fixed-point accumulator is exact. That with a float is exact until
it is rounded once, to nearest even, to the accumulator's format; a zero is positive. Infinite sums
times a scale of zero are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.pe.accumulate import SPECIAL_NAN, FixedAccumulator, FloatAccumulator
from hwdse.pe.design import Codes, Design
from hwdse.pe.float_sum import add_term
from hwdse.pe.ports import Operand, Result
from hwdse.pe.product import operand, operand_shape
from hwdse.pe.serial_unit import Serial
from hwdse.pe.term import TermShape, significand_dtype

__all__ = ["SCALE_BITS", "GroupSerial", "scaled_shape"]

# Bits of a scale, and cycles that a product with it takes (arXiv 2411.11745).
SCALE_BITS = 8


@dataclass(frozen=True)
class GroupSerial(Design):
    """A unit whose sums are those of groups, each times its scale.

    Attributes:
        unit: What sums the groups.
        group: Pairs of a group: a multiple of the unit's lanes, and as many that their elements
            take :data:`SCALE_BITS` cycles or more.
    """

    unit: Serial
    group: int

    family: ClassVar[str] = "serial"

    @property
    def key_values(self) -> dict[str, str]:
        """Keys of the canonical form, in order."""
        return self.unit.key_values | {"group": str(self.group), "dequant": "serial"}

    @property
    def elements(self) -> int:
        """Elements of a group."""
        return self.group // self.unit.lanes

    @property
    def multiplicand_bits(self) -> int:
        """Bits of what a scale is multiplied with: a fixed-point sum, or a significand."""
        acc = self.accumulator
        if isinstance(acc, FloatAccumulator):
            return operand_shape(acc.format).significand_bits
        return acc.width

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Those of the unit, and the scale."""
        meaning = "scale of the group, read with its last element"
        scale = Operand("w_scale", formats.scalar(f"uint{SCALE_BITS}"), meaning=meaning)
        return (*self.unit.operands, scale)

    @property
    def results(self) -> tuple[Result, ...]:
        """The group's scaled sum, and what was special of one that cannot hold it."""
        sum_, *special = self.unit.results
        if isinstance(acc := self.unit.accumulator, FloatAccumulator):
            meaning = f"{acc.format.name} code word of the group's sum times its scale"
            return (replace(sum_, meaning=meaning),)
        meaning = f"{acc.meaning} of the group, times its scale"
        return (replace(sum_, bits=sum_.bits + SCALE_BITS, meaning=meaning), *special)

    @property
    def latency(self) -> int:
        """Cycles from taking a group's last element to its result."""
        return self.unit.latency + SCALE_BITS

    @property
    def initiation_interval(self) -> int:
        """Terms of a weight."""
        return self.unit.initiation_interval

    @property
    def holds(self) -> bool:
        """The registers of the product are at work again right after it is shown."""
        return False

    @property
    def macs_per_element(self) -> int:
        """Multiply-accumulates of one element."""
        return self.unit.macs_per_element

    @property
    def elements_per_result(self) -> int:
        """Elements of a group."""
        return self.elements

    def completes(self, clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which elements are the last of a group, shape (steps,)."""
        return np.asarray(self._place(clear) == self.elements - 1)

    def _place(self, clear: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The number of each element in its group."""
        step = np.arange(len(clear))
        start = np.maximum.accumulate(np.where(clear, step, 0))
        return np.asarray((step - start) % self.elements)

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """Sums of the groups so far times the elements' scales."""
        own = {operand.name: codes[operand.name] for operand in self.unit.operands}
        contents = self.unit.run(own, self._place(clear) == 0)
        scale, acc = codes["w_scale"], self.unit.accumulator
        if isinstance(acc, FloatAccumulator):
            return {"acc": _float_product(acc, contents["acc"], scale)}
        dtype = significand_dtype(acc.width + SCALE_BITS)
        contents["acc"] = contents["acc"].astype(dtype) * scale.astype(dtype)
        if acc.special:
            special = contents["acc_special"]
            lost = (special != 0) & (scale == 0)
            contents["acc_special"] = np.where(lost, SPECIAL_NAN, special).astype(np.uint8)
        return contents

    def decode_acc(self, acc: NDArray[Any]) -> NDArray[np.float64]:
        """Values of results, float64."""
        return self.unit.decode_acc(acc)

    @property
    def accumulator(self) -> FixedAccumulator | FloatAccumulator:
        """That of a group's sum."""
        return self.unit.accumulator


def scaled_shape(acc: FloatAccumulator) -> TermShape:
    """Bounds of a sum times a scale, before it is rounded."""
    shape = operand_shape(acc.format)
    return replace(
        shape,
        significand_bits=shape.significand_bits + SCALE_BITS,
        max_units=shape.max_units * ((1 << SCALE_BITS) - 1),
    )


def _float_product(
    acc: FloatAccumulator, sums: NDArray[np.int64], scale: NDArray[np.int64]
) -> NDArray[np.int64]:
    held = operand(acc.format, sums)
    zero = scale == 0
    product = replace(
        held,
        significand=held.significand * scale,
        nan=held.nan | (held.infinite & zero),
        infinite=held.infinite & ~zero,
    )
    return add_term(acc.format, np.zeros_like(sums), product, acc.format.lsb_exponent)
