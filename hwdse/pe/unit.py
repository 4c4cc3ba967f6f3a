"""What every unit family has in common: operands, accumulator, ports, handshake and latency.

The house handshake, the same for every family: an element is taken at each rising edge of ``clk``
at which ``in_valid`` is high (initiation interval 1, no back-pressure). ``clear`` marks the first
element of a sum: the accumulator forgets its content and takes the element's term alone. ``acc``
holds the sum, and ``out_valid`` is high, ``latency`` cycles after the element was taken. ``rst``
(synchronous) resets only the valid bits; the accumulator is zero at power-up where the target
supports initial values and is otherwise defined from the first ``clear``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import IntegerFormat, Minifloat, ScalarFormat
from hwdse.pe.accumulate import Accumulator, FixedAccumulator, FloatAccumulator, clear_schedule
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Port
from hwdse.pe.product import is_fixed_point, product_shape
from hwdse.pe.term import Term, TermShape

__all__ = ["Common", "Unit", "exact_width", "take_common"]

INT32_BITS = 32
MAX_PIPELINE = 2
# The largest dot product of ResNet18, as in arXiv 2311.12359 (Shedding the Bits).
DEFAULT_TERMS = 4608
FLOAT_ACCUMULATORS = ("fp32", "fp16", "bf16")
# So many can be added to a float exactly within int64; see ``float_sum``.
MAX_SIGNIFICAND_BITS = 60
# Contents up to here are within the range of binary64, so that they can be decoded.
MAX_EXACT_BITS = 1024


def exact_width(w: ScalarFormat, a: ScalarFormat, terms: int) -> int:
    """Bits of an accumulator that can neither overflow nor round over ``terms`` products.

    As many as the largest sum and a sign take; but at least, so that widths are the published ones,
    ``rw + ra + ceil(log2 n) + 1`` for integers and
    ``2**ew + mw + 2**ea + ma + ceil(log2 n) - 1`` for minifloats (arXiv 2311.12359, section 4).
    """
    needed = (product_shape(w, a).max_units * terms).bit_length() + 1
    growth = math.ceil(math.log2(terms))
    if isinstance(w, IntegerFormat) and isinstance(a, IntegerFormat):
        return max(needed, w.bits + a.bits + growth + 1)
    if isinstance(w, Minifloat) and isinstance(a, Minifloat):
        reach = (1 << w.exponent_bits) + w.mantissa_bits + (1 << a.exponent_bits) + a.mantissa_bits
        return max(needed, reach + growth - 1)
    return needed


@dataclass(frozen=True)
class Common:
    """The keys every family takes.

    Attributes:
        w, a: Weight and activation format.
        acc: Accumulator policy: ``int32``, ``exact``, ``fp32``, ``fp16`` or ``bf16``.
        terms: Products an exact accumulator must hold.
        pipeline: Register stages before the accumulator: 1 behind the multiplier, 2 also at the
            operands.
    """

    w: ScalarFormat
    a: ScalarFormat
    acc: str
    terms: int
    pipeline: int


def take_common(keys: Keys) -> Common:
    """Take the common keys and check that they make sense together."""
    w = _operand(keys, "w")
    a = _operand(keys, "a")
    bits = product_shape(w, a).significand_bits
    if bits > MAX_SIGNIFICAND_BITS:
        raise HwdseError(
            f"spec {keys.text!r}: products of w={w.name} and a={a.name} have significands of "
            f"{bits} bits, and at most {MAX_SIGNIFICAND_BITS} are supported; choose a format with "
            "coarser values"
        )
    fixed = is_fixed_point(w) and is_fixed_point(a)
    policies = ("int32", "exact") if fixed else (*FLOAT_ACCUMULATORS, "exact")
    acc = keys.choice_of("acc", policies, policies[0])
    terms = DEFAULT_TERMS
    if acc == "exact" or "terms" in keys.values:
        if acc != "exact":
            raise HwdseError(f"spec {keys.text!r}: terms belongs to acc=exact; drop it")
        terms = keys.integer_of("terms", DEFAULT_TERMS, 1, 1 << 24)
    pipeline = keys.integer_of("pipeline", 0, 0, MAX_PIPELINE)
    keys.choice_of("mul", ("star",), "star")
    return Common(w=w, a=a, acc=acc, terms=terms, pipeline=pipeline)


def _operand(keys: Keys, key: str) -> ScalarFormat:
    name = keys.text_of(key)
    try:
        return formats.scalar(name)
    except HwdseError as error:
        raise HwdseError(f"spec {keys.text!r}: {key}: {error}") from error


@dataclass(frozen=True)
class Unit:
    """Base of the family specs: everything that follows from the common keys and the term's shape.

    A family adds ``family``, ``lanes``, ``term_shape`` and ``terms_of``; see ``mac``, ``dot`` and
    ``lmul``.
    """

    common: Common

    family: ClassVar[str]

    @property
    def w(self) -> ScalarFormat:
        """Weight format."""
        return self.common.w

    @property
    def a(self) -> ScalarFormat:
        """Activation format."""
        return self.common.a

    @property
    def lanes(self) -> int:
        """Pairs of operands taken each cycle."""
        return 1

    @property
    def macs_per_cycle(self) -> int:
        """Multiply-accumulates done each cycle."""
        return self.lanes

    @property
    def pipeline(self) -> int:
        """Register stages before the accumulator."""
        return self.common.pipeline

    @property
    def latency(self) -> int:
        """Cycles from taking an element to its sum in ``acc``."""
        return 1 + self.pipeline

    @property
    def term_shape(self) -> TermShape:
        """Bounds of the terms."""
        raise NotImplementedError

    def terms_of(self, w_codes: NDArray[np.int64], a_codes: NDArray[np.int64]) -> Term:
        """Exact terms of operand codes; shape (steps, ...) or (steps, ..., lanes)."""
        raise NotImplementedError

    @property
    def key_values(self) -> dict[str, str]:
        """Keys of the canonical form, in order."""
        keys = {"w": self.w.name, "a": self.a.name}
        if self.lanes > 1:
            keys["lanes"] = str(self.lanes)
        keys["acc"] = self.common.acc
        if self.common.acc == "exact":
            keys["terms"] = str(self.common.terms)
        keys["pipeline"] = str(self.pipeline)
        return keys

    @property
    def canonical(self) -> str:
        """The spec with every key spelt out: the unit's one name."""
        return f"{self.family}:" + ",".join(f"{k}={v}" for k, v in self.key_values.items())

    @property
    def module_name(self) -> str:
        """The Verilog module's and the files' name, in ``[a-z0-9_]``."""
        return self.family + "".join(f"_{k}_{v}" for k, v in self.key_values.items())

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
                raise HwdseError(
                    f"{self.family} of w={self.w.name}, a={self.a.name}: one term takes {one_term} "
                    "bits, more than acc=int32 holds; use acc=exact"
                )
            return FixedAccumulator("int32", INT32_BITS, shape.lsb_exponent, shape.special)
        width = self.exact_bits
        if width > MAX_EXACT_BITS:
            raise HwdseError(
                f"{self.family} of w={self.w.name}, a={self.a.name}: acc=exact would take {width} "
                f"bits, more than the {MAX_EXACT_BITS} that are supported; use acc=fp32"
            )
        return FixedAccumulator("exact", width, shape.lsb_exponent, shape.special)

    @property
    def exact_bits(self) -> int:
        """Width of the exact accumulator."""
        return exact_width(self.w, self.a, self.common.terms)

    @property
    def ports(self) -> tuple[Port, ...]:
        """Ports of the exported module besides ``clk`` and ``rst``, with what their bits mean."""
        acc = self.accumulator
        each = "" if self.lanes == 1 else f", {self.lanes} lanes, lane 0 in the lowest bits"
        ports = [
            Port("in_valid", "input", 1, "an element is present"),
            Port("clear", "input", 1, "the element starts a new sum"),
            Port("w", "input", self.w.bits * self.lanes, f"{self.w.name} code{each}", self.lanes),
            Port("a", "input", self.a.bits * self.lanes, f"{self.a.name} code{each}", self.lanes),
            Port("out_valid", "output", 1, "acc has taken another element"),
            Port("acc", "output", acc.width, acc.meaning),
        ]
        if acc.special:
            meaning = "sticky: bit 0 +infinity added, bit 1 -infinity, both: NaN; acc sums the rest"
            ports.append(Port("acc_special", "output", 2, meaning))
        return tuple(ports)

    def outputs(self, w_codes: Any, a_codes: Any, clear: Any = None) -> dict[str, NDArray[Any]]:
        """Every data output after each element; see :meth:`reference`."""
        w = self.w.bit_patterns(w_codes)
        a = self.a.bit_patterns(a_codes)
        if w.ndim == 0 or a.ndim == 0 or (self.lanes > 1 and w.shape[-1:] != (self.lanes,)):
            trailing = ", ..., lanes" if self.lanes > 1 else ", ..."
            raise HwdseError(f"{self.canonical}: operand codes must have shape (steps{trailing})")
        try:
            w, a = np.broadcast_arrays(w, a)
        except ValueError:
            raise HwdseError(
                f"{self.canonical}: w codes of shape {w.shape} and a codes of shape {a.shape} "
                "do not go together"
            ) from None
        return self.accumulator.run(self.terms_of(w, a), clear_schedule(clear, len(w)))

    def reference(self, w_codes: Any, a_codes: Any, clear: Any = None) -> NDArray[Any]:
        """Accumulator contents after each element: the bit-exact model of the hardware.

        Args:
            w_codes, a_codes: Integer code words, shape (steps, ...), or (steps, ..., lanes) for
                units with several lanes; axis 0 is time, the rest are independent accumulators.
            clear: Shape (steps,): True where a new sum starts; by default the first step only.

        Returns:
            Shape (steps, ...). ``int32`` and ``exact``: signed integers (Python integers, dtype
            object, beyond 63 bits) in units of ``2**accumulator.lsb_exponent``; float accumulators:
            code words, int64. ``decode_acc`` makes values of either.

        Raises:
            HwdseError: Codes out of range, or shapes that do not go together.
        """
        return self.outputs(w_codes, a_codes, clear)["acc"]

    def decode_acc(self, acc: NDArray[Any]) -> NDArray[np.float64]:
        """Values of accumulator contents, float64."""
        return self.accumulator.decode(acc)
