"""``op=sround``: stochastic rounding, with random bits of a linear feedback shift register.

A number ``x`` between two neighbours of format ``to``, a fraction ``f`` of the way from the one
nearer to zero, becomes the farther one where ``floor(f * 2**width) + r >= 2**width``: ``r`` is the
state of a maximal-length register of ``width`` bits (:mod:`hwdse.pe.converters.lfsr`). This is the
stochastic rounding of :mod:`hwdse.formats` with ``r`` as the leading ``width`` random bits and
zeros behind them. Over the register's period, ``r`` takes every value but 0 once, so with at most
``width`` bits cut off ``x`` is rounded away from zero in ``f * 2**width`` of ``2**width - 1``
cases; bits beyond them are cut off without a say.

The register starts at ``seed`` with every element that comes with ``clear``, and goes one step
with each element. Declared here: overflow, infinities included, saturates; a NaN becomes the NaN
of ``to``, or zero where ``to`` has none; the sign of zeros stays where ``to`` has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import IntegerFormat, Minifloat, ScalarFormat
from hwdse.pe.common import take_scalar
from hwdse.pe.converter import Converter
from hwdse.pe.converters.lfsr import WIDTHS, states
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand, Result

__all__ = ["StochasticRounder", "parse"]

example = "convert:op=sround,from=fp32,to=e4m3"
_SOURCES = ("fp32", "bf16", "fp16")
_DEFAULT_WIDTH = 24
_GOLDEN_SECTION = 0.6180339887
# Of the register's states after a seed, so many are aimed at.
_FOCUSED = 32
_STAGES = ("aligned", "operand")


@dataclass(frozen=True)
class StochasticRounder(Converter):
    """A stochastic rounder of one number after another.

    Attributes:
        source: ``fp32``, ``bf16`` or ``fp16``.
        target: A signed minifloat with subnormals, or a signed integer, coarser than the source.
        width: Bits of the register, all of which are random bits of the rounding.
        seed: What it starts at, not 0.
    """

    source: Minifloat
    target: Minifloat | IntegerFormat
    width: int
    seed: int

    clears: ClassVar[bool] = True

    @property
    def own_keys(self) -> dict[str, str]:
        """Keys of the kind."""
        return {
            "op": "sround",
            "from": self.source.name,
            "to": self.target.name,
            "width": str(self.width),
            "seed": str(self.seed),
        }

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The number."""
        return (Operand("x", self.source),)

    @property
    def results(self) -> tuple[Result, ...]:
        """The rounded number."""
        return (Result("y", self.target.bits, f"{self.target.name} code"),)

    @property
    def kept_bits(self) -> int:
        """Bits of a result's significand, or of an integer's magnitude below overflow."""
        if isinstance(self.target, Minifloat):
            return self.target.mantissa_bits + 1
        return self.target.bits - 1

    @property
    def least_exponent(self) -> int:
        """Exponent of numbers whose significand stands at the top of ``kept_bits``.

        Those of lower exponents stand lower. Those of higher ones have a higher exponent field, or
        overflow where there is none.
        """
        if isinstance(self.target, Minifloat):
            return self.target.min_exponent
        return self.target.bits - 2 - self.target.fraction_bits

    def focused(
        self, codes: dict[str, NDArray[np.int64]], rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]:
        """Half of the numbers are where a state of the register just, or just not, rounds up."""
        x, source = codes["x"], self.source
        down = rng.integers(-2, self.kept_bits + 2, size=x.shape)
        top = source.max_code >> source.mantissa_bits
        field = np.clip(self.least_exponent - down + source.bias, 1, top)
        # Bits of the mantissa that are cut off, and what makes one with the state.
        cut = source.mantissa_bits - self.kept_bits + 1 + np.maximum(down, 0)
        cut = np.clip(cut, 0, source.mantissa_bits)
        state = states(self.width, self.seed, _FOCUSED)[rng.integers(_FOCUSED, size=x.shape)]
        tail = _shifted((1 << self.width) - state, cut - self.width) - rng.integers(2, size=x.shape)
        mask = (1 << cut) - 1
        mantissa = x & ((1 << source.mantissa_bits) - 1) & ~mask | tail & mask
        sign = x >> (source.bits - 1) << (source.bits - 1)
        near = sign | field << source.mantissa_bits | mantissa
        return {"x": np.where(rng.random(x.shape) < 1 / 2, near, x)}

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """The rounded numbers, and the register stepped in time order."""
        parts = self.source.unpack(codes["x"])
        random = self._random(clear).reshape(-1, *[1] * (parts.significand.ndim - 1))
        # Normalised, so that the leading one has the exponent; of zero, nothing matters.
        _, position = np.frexp(parts.significand.astype(np.float64))
        exponent = np.where(parts.significand == 0, -(1 << 16), parts.exponent + position - 1)
        above = np.maximum(exponent - self.least_exponent, 0)
        unit = np.maximum(exponent, self.least_exponent) - (self.kept_bits - 1)
        # In units of 2**-width of a result's last place, at least 0, without what is beyond.
        scaled = _shifted(parts.significand, parts.exponent - unit + self.width)
        rounded = (scaled + random) >> self.width
        if isinstance(self.target, Minifloat):
            return {"y": self._minifloat(parts, rounded + (above << self.target.mantissa_bits))}
        return {"y": self._integer(parts, np.where(above > 0, 1 << self.kept_bits, rounded))}

    def _random(self, clear: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The register's state at each element, shape (steps,)."""
        index = np.arange(len(clear))
        since = index - np.maximum.accumulate(np.where(clear, index, 0))
        return states(self.width, self.seed, len(clear))[since]

    def _minifloat(self, parts: Any, magnitude: NDArray[np.int64]) -> NDArray[np.int64]:
        target = self.target
        assert isinstance(target, Minifloat)
        magnitude = np.where(parts.infinite, target.max_code, magnitude)
        code = np.minimum(magnitude, target.max_code)
        code = np.where(parts.nan, target.nan_code or 0, code)
        sign = parts.sign & (target.negative_zero | (code != 0))
        return np.asarray(code | sign.astype(np.int64) << (target.bits - 1))

    def _integer(self, parts: Any, magnitude: NDArray[np.int64]) -> NDArray[np.int64]:
        target = self.target
        assert isinstance(target, IntegerFormat)
        scale = 1 << target.fraction_bits
        low, high = int(target.min * scale), int(target.max * scale)
        magnitude = np.where(parts.infinite, 1 << self.kept_bits, magnitude)
        value = np.clip(np.where(parts.sign, -magnitude, magnitude), low, high)
        return np.where(parts.nan, 0, value) & ((1 << target.bits) - 1)


def _shifted(values: NDArray[np.int64], left: NDArray[np.int64]) -> NDArray[np.int64]:
    """``floor(values * 2**left)``, of at most 62 bits."""
    return np.where(left >= 0, values << np.clip(left, 0, 48), values >> np.clip(-left, 0, 62))


def parse(keys: Keys) -> StochasticRounder:
    """A stochastic rounder from its keys."""
    source = take_scalar(keys, "from")
    if not isinstance(source, Minifloat) or source.name not in _SOURCES:
        raise keys.refusal(
            f"from={source.name} is not one of {', '.join(_SOURCES)}", {"from": "fp32"}
        )
    target = take_scalar(keys, "to")
    problem = _problem(source, target)
    if problem:
        raise keys.refusal(f"to={target.name} {problem}", {"from": "fp32", "to": "e4m3"})
    assert isinstance(target, Minifloat | IntegerFormat)
    width = keys.integer_of("width", _DEFAULT_WIDTH, *WIDTHS)
    # By default the golden section of the range: small states would all round toward zero.
    usual = round((1 << width) * _GOLDEN_SECTION)
    seed = keys.integer_of("seed", usual, 1, (1 << width) - 1)
    stages = keys.integer_of("pipeline", 0, 0, len(_STAGES))
    keys.finish()
    # In the order of the data.
    registers = tuple(reversed(_STAGES[:stages]))
    return StochasticRounder(
        source=source, target=target, width=width, seed=seed, registers=registers
    )


def _problem(source: Minifloat, target: ScalarFormat) -> str:
    """Why a target is not supported; "" where it is."""
    if isinstance(target, IntegerFormat):
        if not target.signed:
            return "has no negative numbers"
        least = target.bits - 2 - target.fraction_bits
        return "" if least >= source.min_exponent else f"is too fine for from={source.name}"
    if not isinstance(target, Minifloat) or not target.signed or not target.subnormals:
        return "is neither a signed integer nor a signed minifloat with subnormals"
    if target.mantissa_bits >= source.mantissa_bits:
        return f"is not coarser than from={source.name}"
    if target.min_exponent < source.min_exponent:
        return f"has smaller normal numbers than from={source.name}"
    return ""
