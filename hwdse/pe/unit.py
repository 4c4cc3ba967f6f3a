"""What every unit family has in common: operands, accumulator, terms and the sum of them.

See :mod:`hwdse.pe.design` for the handshake. ``acc`` holds the sum: ``clear`` marks the first
element of one, where the accumulator forgets its content and takes the element's terms alone. The
accumulator is zero at power-up where the target supports initial values and is otherwise defined
from the first ``clear``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.formats import Format, IntegerFormat, Minifloat, ScalarFormat
from hwdse.pe.accumulate import Accumulator, FixedAccumulator, FloatAccumulator
from hwdse.pe.common import FLOAT_ACCUMULATORS, Common
from hwdse.pe.design import Codes, Design
from hwdse.pe.implementation import Implementation
from hwdse.pe.keys import SpecError
from hwdse.pe.ports import Operand, Result
from hwdse.pe.product import product_shape
from hwdse.pe.term import Term, TermShape

__all__ = [
    "MAX_EXACT_BITS",
    "Codes",
    "Unit",
    "exact_width",
    "least_exact_width",
    "published_exact_width",
]

INT32_BITS = 32
# Contents up to here are within the range of binary64, so that they can be decoded.
MAX_EXACT_BITS = 1024


def exact_width(w: ScalarFormat, a: ScalarFormat, terms: int) -> int:
    """Bits of an accumulator that can neither overflow nor round over ``terms`` products.

    As many as the largest sum and a sign take; but at least as many as were published.
    """
    needed = least_exact_width(w, a, terms)
    published = published_exact_width(w, a, terms)
    return needed if published is None else max(needed, published)


def least_exact_width(w: ScalarFormat, a: ScalarFormat, terms: int) -> int:
    """Bits that the largest sum of so many products takes, with a sign."""
    return (product_shape(w, a).max_units * terms).bit_length() + 1


def published_exact_width(w: ScalarFormat, a: ScalarFormat, terms: int) -> int | None:
    """Bits by the formulas of arXiv 2311.12359, section 4; None for other kinds of formats.

    ``rw + ra + ceil(log2 n) + 1`` for integers and
    ``2**ew + mw + 2**ea + ma + ceil(log2 n) - 1`` for minifloats.
    """
    growth = math.ceil(math.log2(terms))
    if isinstance(w, IntegerFormat) and isinstance(a, IntegerFormat):
        return w.bits + a.bits + growth + 1
    if isinstance(w, Minifloat) and isinstance(a, Minifloat):
        reach = (1 << w.exponent_bits) + w.mantissa_bits + (1 << a.exponent_bits) + a.mantissa_bits
        return reach + growth - 1
    return None


@dataclass(frozen=True)
class Unit(Design):
    """Base of the family specs: everything that follows from the common keys and the term's shape.

    A family adds ``family``, ``term_shape`` and ``terms_of``, and ``lanes``, ``operands`` or
    ``own_keys`` where it has more than the usual; see ``mac``, ``dot`` and ``lmul``. One with an
    ``initiation_interval`` of more than 1 adds as many terms for each element, one a cycle, and
    one with ``sums`` of more than 1 has as many accumulators.
    """

    common: Common
    implementation: Implementation = field(kw_only=True, default_factory=Implementation)

    @property
    def w(self) -> Format:
        """Weight format."""
        return self.common.w

    @property
    def a(self) -> Format:
        """Activation format."""
        return self.common.a

    @property
    def w_element(self) -> ScalarFormat:
        """What the codes of weights are."""
        return self.common.w.element

    @property
    def a_element(self) -> ScalarFormat:
        """What the codes of activations are."""
        return self.common.a.element

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Data inputs, in the order of the ports."""
        return (
            Operand("w", self.w_element, self.lanes),
            Operand("a", self.a_element, self.lanes),
        )

    @property
    def lanes(self) -> int:
        """Pairs of operands taken each cycle."""
        return 1

    @property
    def sums(self) -> int:
        """Sums made side by side, each in an accumulator of its own."""
        return 1

    @property
    def macs_per_element(self) -> int:
        """Multiply-accumulates of one element."""
        return self.lanes * self.sums

    @property
    def pipeline(self) -> int:
        """Register stages before the accumulator."""
        return self.implementation.pipeline

    @property
    def latency(self) -> int:
        """Cycles from taking an element to its sum in ``acc``."""
        return self.initiation_interval + self.pipeline

    @property
    def term_shape(self) -> TermShape:
        """Bounds of the terms."""
        raise NotImplementedError

    def terms_of(self, codes: Codes) -> Term:
        """Exact terms of the codes of every operand, in the order in which they are added.

        Shape (steps * initiation_interval, ...), and a last axis where there are several ``sums``.
        """
        raise NotImplementedError

    @property
    def own_keys(self) -> dict[str, str]:
        """Keys of the family itself, for the canonical form."""
        return {"lanes": str(self.lanes)} if self.lanes > 1 else {}

    @property
    def key_values(self) -> dict[str, str]:
        """Keys of the canonical form, in order."""
        keys = {"w": self.w.name, "a": self.a.name} | self.own_keys
        keys["acc"] = self.common.acc
        if self.common.acc == "exact":
            keys["terms"] = str(self.common.terms)
        return keys | self.implementation.key_values

    @cached_property
    def accumulator(self) -> Accumulator:
        """The accumulator that the ``acc`` key asks for.

        Raises:
            HwdseError: It cannot hold a single term, or would be absurdly wide.
        """
        shape = self.term_shape
        if self.common.acc in FLOAT_ACCUMULATORS:
            fmt = formats.scalar(self.common.acc)
            assert isinstance(fmt, Minifloat)
            return FloatAccumulator(format=fmt, shape=shape)
        one_term = shape.max_units.bit_length() + 1
        if self.common.acc == "int32":
            if one_term > INT32_BITS:
                raise SpecError(
                    f"{self.canonical}: one term takes {one_term} bits, more than acc=int32 holds; "
                    "use acc=exact",
                    self.canonical.replace("acc=int32", "acc=exact"),
                )
            return FixedAccumulator("int32", INT32_BITS, shape.lsb_exponent, shape.special)
        width = self.exact_bits
        if width > MAX_EXACT_BITS:
            raise SpecError(
                f"{self.canonical}: acc=exact would take {width} bits, more than the "
                f"{MAX_EXACT_BITS} that are supported; use acc=fp32",
                self.canonical.replace("acc=exact", "acc=fp32"),
            )
        return FixedAccumulator("exact", width, shape.lsb_exponent, shape.special)

    @property
    def exact_bits(self) -> int:
        """Width of the exact accumulator."""
        return exact_width(self.w_element, self.a_element, self.common.terms)

    @property
    def results(self) -> tuple[Result, ...]:
        """The sums, and what was special of those that cannot hold it."""
        acc = self.accumulator
        results = [Result("acc", acc.width, acc.meaning, self.sums)]
        if acc.special:
            meaning = "sticky: bit 0 +infinity added, bit 1 -infinity, both: NaN; acc sums the rest"
            results.append(Result("acc_special", 2, meaning, self.sums))
        return tuple(results)

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """Accumulator contents after each element; see :meth:`reference`."""
        each = self.initiation_interval
        starts = np.zeros((len(clear), each), dtype=np.bool_)
        starts[:, 0] = clear
        contents = self.accumulator.run(self.terms_of(codes), starts.reshape(-1))
        return {name: values[each - 1 :: each] for name, values in contents.items()}

    def reference(
        self, w_codes: Any, a_codes: Any, clear: Any = None, **others: Any
    ) -> NDArray[Any]:
        """Accumulator contents after each element: the bit-exact model of the hardware.

        Args:
            w_codes, a_codes: Integer code words, shape (steps, ...), or (steps, ..., lanes) for
                units with several lanes; axis 0 is time, the rest are independent accumulators.
            clear: Shape (steps,): True where a new sum starts; by default the first step only.
            others: Codes of the operands besides ``w`` and ``a``, by name.

        Returns:
            Shape (steps, ...), and a last axis for several ``sums``. ``int32`` and ``exact``:
            signed integers (Python integers, dtype object, beyond 63 bits) in units of
            ``2**accumulator.lsb_exponent``; float accumulators: code words, int64. ``decode_acc``
            makes values of either.

        Raises:
            HwdseError: Codes out of range, or shapes that do not go together.
        """
        return self.outputs({"w": w_codes, "a": a_codes, **others}, clear)["acc"]

    def decode_acc(self, acc: NDArray[Any]) -> NDArray[np.float64]:
        """Values of accumulator contents, float64."""
        return self.accumulator.decode(acc)
