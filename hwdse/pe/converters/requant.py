"""``op=requant``: the dyadic requantiser, ``y = clip(round(x * b / 2**c) + z)``.

Integer-only inference multiplies sums by a ratio of scales that is written as ``b / 2**c``, with an
integer ``b`` (HAWQ-V3, arXiv 2011.10680; its ``b`` has 31 bits): a multiplication and a shift.
Here ``b`` and ``c`` are ports, so that each channel can have its own, and the zero point ``z`` is
one where ``zero=yes``. The product is exact and is rounded once: ``nearest_even``, ``nearest_away``
(ties away from zero) or ``half_up`` (ties upward, an addition before the shift).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import IntegerFormat
from hwdse.pe.common import take_scalar
from hwdse.pe.converter import Converter
from hwdse.pe.converters.options import take_lanes, take_stages
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand, Result

__all__ = ["Requant", "parse"]

example = "convert:op=requant,from=int32,to=int8"

ROUNDINGS = ("nearest_even", "nearest_away", "half_up")
_MOST_BITS = 32


@dataclass(frozen=True)
class Requant(Converter):
    """Integers times a dyadic number, rounded and clipped.

    Attributes:
        source: Signed integers, as sums are.
        target: Integers of at most 16 bits.
        multiplier_bits: Of ``b``, unsigned.
        rounding: One of :data:`ROUNDINGS`.
        zero: Whether there is a zero point.
        lanes: Integers requantised side by side, with one ``b``, ``c`` and ``z`` for all.
    """

    source: IntegerFormat
    target: IntegerFormat
    multiplier_bits: int
    rounding: str
    zero: bool
    lanes: int

    @property
    def own_keys(self) -> dict[str, str]:
        """Kind, formats and options."""
        return {
            "op": "requant",
            "from": self.source.name,
            "to": self.target.name,
            "b": str(self.multiplier_bits),
            "rounding": self.rounding,
            "zero": "yes" if self.zero else "no",
            "lanes": str(self.lanes),
        }

    @property
    def product_bits(self) -> int:
        """Width of a signed product."""
        return self.source.bits + self.multiplier_bits

    @property
    def shift_bits(self) -> int:
        """Width of ``c``, with which every product can be shifted out."""
        return (self.product_bits - 1).bit_length()

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Integers, multiplier, shift and zero point."""
        b = _unsigned(self.multiplier_bits)
        always = (
            Operand("x", self.source, self.lanes),
            Operand("b", b, meaning="multiplier, unsigned"),
            Operand("c", _unsigned(self.shift_bits), meaning="right shift of the product"),
        )
        zero = Operand("z", self.target, meaning="zero point, added before clipping")
        return (*always, zero) if self.zero else always

    @property
    def results(self) -> tuple[Result, ...]:
        """The integers of few bits."""
        return (Result("y", self.target.bits, f"{self.target.name} code", self.lanes),)

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """Products, rounded and clipped; all of it fits 64 bits."""
        x = _signed(codes["x"], self.source.bits)
        shared = (..., None) if self.lanes > 1 else (...,)
        product, c = x * codes["b"][shared], codes["c"][shared]
        quotient = product >> c
        rest = product & ((np.int64(1) << c) - 1)
        half = np.where(c > 0, np.int64(1) << np.maximum(c - 1, 0), 0)
        tie, above = (rest == half) & (c > 0), rest > half
        match self.rounding:
            case "half_up":
                up = above | tie
            case "nearest_away":
                up = above | (tie & (product >= 0))
            case _:
                up = above | (tie & (quotient & 1 == 1))
        y = quotient + up
        low, high = int(self.target.min), int(self.target.max)
        if self.zero:
            z = codes["z"][shared]
            z = _signed(z, self.target.bits) if self.target.signed else z
            # Far beyond the ends, so that it neither overflows nor comes back.
            y = np.clip(y, 2 * low - high - 1, 2 * high - low + 1) + z
        return {"y": np.clip(y, low, high) & ((1 << self.target.bits) - 1)}

    @property
    def drawn_operands(self) -> tuple[Operand, ...]:
        """The integers alone: typical values of the others follow from the formats."""
        return self.operands[:1]

    def port_codes(self, codes: Codes) -> Codes:
        """The integers, brought onto the target's range by a multiplier near its largest."""
        x = codes["x"]
        shape = x.shape[: x.ndim - len(self.operands[0].trailing)]
        shift = self.source.bits - self.target.bits + self.multiplier_bits
        others = {"b": 0xB5_04_F3_34 >> (32 - self.multiplier_bits), "c": shift, "z": 0}
        return {"x": x} | {
            operand.name: np.full(shape, others[operand.name], dtype=np.int64)
            for operand in self.operands[1:]
        }

    def focused(
        self, codes: dict[str, NDArray[np.int64]], rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]:
        """Three in four results are within reach of the target's range, a third of them ties."""
        kind = rng.integers(4, size=codes["b"].shape)
        x, lanes = codes["x"], (..., None) if self.lanes > 1 else (...,)
        # Ties: x is odd * 2**low, b = 2**power.
        low = rng.integers(max(self.source.bits - self.target.bits - 2, 1), size=kind.shape)
        power = rng.integers(self.multiplier_bits, size=kind.shape)
        odd = rng.integers(-1 << self.target.bits, 1 << self.target.bits, size=x.shape) | 1
        odd = odd << low[lanes] & ((1 << self.source.bits) - 1)
        x = np.where((kind == 0)[lanes], odd, x)
        b = np.where(kind == 0, 1 << power, codes["b"])
        first = _signed(x[..., 0] if self.lanes > 1 else x, self.source.bits)
        length = np.frexp(np.abs(first.astype(np.float64) * b))[1].astype(np.int64)
        c = length - self.target.bits + rng.integers(-1, 4, size=kind.shape)
        c = np.where(kind == 0, low + power + 1, np.where(kind < 3, c, codes["c"]))
        return codes | {"x": x, "b": b, "c": np.clip(c, 0, (1 << self.shift_bits) - 1)}


def _unsigned(bits: int) -> IntegerFormat:
    return IntegerFormat(name=f"uint{bits}", bits=bits, signed=False)


def _signed(codes: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    half = 1 << (bits - 1)
    return (codes ^ half) - half


def parse(keys: Keys) -> Requant:
    """A requantiser from its keys."""
    source = _take_source(keys)
    target = take_scalar(keys, "to")
    if not isinstance(target, IntegerFormat) or target.fraction_bits or target.bits < 2:
        raise keys.refusal(
            f"a requantiser makes integers of at least 2 bits, not {target.name}", {"to": "int8"}
        )
    if target.bits >= source.bits:
        raise keys.refusal(
            f"a requantiser makes integers of fewer bits than {source.name}, not {target.name}",
            {"from": "int32", "to": target.name},
        )
    multiplier_bits = keys.integer_of("b", _MOST_BITS, 2, _MOST_BITS)
    rounding = keys.choice_of("rounding", ROUNDINGS, "nearest_even")
    zero = keys.choice_of("zero", ("no", "yes"), "no") == "yes"
    lanes = take_lanes(keys)
    registers = take_stages(keys, ("operand", "product"))
    keys.finish()
    return Requant(
        source=source,
        target=target,
        multiplier_bits=multiplier_bits,
        rounding=rounding,
        zero=zero,
        lanes=lanes,
        registers=registers,
    )


def _take_source(keys: Keys) -> IntegerFormat:
    """Key ``from``: signed integers, wider ones than formats have names for."""
    name = keys.text_of("from")
    bits = name.removeprefix("int")
    if not bits.isdecimal() or len(bits) > 2 or not 3 <= int(bits) <= _MOST_BITS:
        raise keys.refusal(
            f"from={name} must be int3 to int{_MOST_BITS}, as sums are", {"from": "int32"}
        )
    return IntegerFormat(name=f"int{int(bits)}", bits=int(bits), signed=True)
