"""Accumulator policies: what a unit does with each term, bit by bit.

Three kinds, chosen by the ``acc`` key of a spec:

* ``int32``: two's complement, 32 bits, wrapping modulo 2**32.
* ``exact``: a fixed-point ("Kulisch") register wide enough that no sum of ``terms`` products can
  overflow or be rounded.
* ``fp32``, ``fp16``, ``bf16``: one fused addition per term, ``acc = round(acc + term)``, to nearest
  even, with subnormals, signed zeros, infinities and the canonical quiet NaN (IEEE 754-2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import Minifloat
from hwdse.pe.float_sum import add_term
from hwdse.pe.term import Term, TermShape

__all__ = ["Accumulator", "FixedAccumulator", "FloatAccumulator"]

SPECIAL_POSITIVE_INFINITY = 1
SPECIAL_NEGATIVE_INFINITY = 2
SPECIAL_NAN = 3

_INT64_BITS = 63


@dataclass(frozen=True)
class FixedAccumulator:
    """A two's complement register in units of ``2**lsb_exponent``.

    Attributes:
        name: ``int32`` or ``exact``.
        width: Bits.
        lsb_exponent: Weight of the least significant bit.
        special: Whether it comes with the sticky two-bit ``acc_special`` (bit 0: a +infinity was
            added, bit 1: a -infinity; both: NaN), because its terms may be NaN or infinite. Such
            terms add nothing to the register itself.
    """

    name: str
    width: int
    lsb_exponent: int
    special: bool

    @property
    def meaning(self) -> str:
        """One phrase for the port list."""
        unit = "" if self.lsb_exponent == 0 else f", in units of 2^{self.lsb_exponent}"
        return f"two's complement sum{unit}"

    def run(
        self,
        terms: Term,
        clear: NDArray[np.bool_],
        before: Mapping[str, NDArray[Any]] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Contents after each cycle.

        Args:
            terms: Arrays of shape (steps, ...).
            clear: Shape (steps,): cycles at which the sum starts anew.
            before: Contents before the first cycle, by name as those returned, shape (...); by
                default 0.

        Returns:
            ``acc``: signed integers, int64 up to 63 bits and Python integers (dtype object) beyond;
            ``acc_special``: uint8, only where ``special``.
        """
        dtype: Any = np.int64 if self.width <= _INT64_BITS else object
        units: NDArray[Any] = terms.significand.astype(dtype)
        if terms.shift.any():
            units = units << terms.shift.astype(dtype)
        # Quicker than a choice by random signs, which a processor cannot predict.
        total = units * (1 - 2 * terms.sign.astype(dtype))
        going_on = before is not None and not clear[0]
        if before is not None and going_on:
            total[0] += before["acc"].astype(dtype)
        # int64 sums wrap modulo 2**64, which keeps them right modulo 2**width.
        for step in range(1, len(total)):
            if not clear[step]:
                total[step] += total[step - 1]
        acc = _wrap(total, self.width)
        outputs: dict[str, NDArray[Any]] = {"acc": acc}
        if self.special:
            codes = _special_code(terms)
            if before is not None and going_on:
                codes[0] |= before["acc_special"].astype(np.uint8)
            outputs["acc_special"] = _sticky(codes, clear)
        return outputs

    def decode(self, acc: NDArray[Any]) -> NDArray[np.float64]:
        """Values of accumulator contents, as float64 (rounded where wider than 53 bits)."""
        return np.ldexp(acc.astype(np.float64), self.lsb_exponent)


@dataclass(frozen=True)
class FloatAccumulator:
    """A floating-point register, rounded to nearest even once per term."""

    format: Minifloat
    shape: TermShape
    special: bool = False

    @property
    def name(self) -> str:
        """The format's name."""
        return self.format.name

    @property
    def width(self) -> int:
        """Bits."""
        return self.format.bits

    @property
    def meaning(self) -> str:
        """One phrase for the port list."""
        return f"{self.format.name} code word of the sum, rounded to nearest even at every step"

    def run(
        self,
        terms: Term,
        clear: NDArray[np.bool_],
        before: Mapping[str, NDArray[Any]] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Code words after each cycle, int64; see :meth:`FixedAccumulator.run`."""
        acc = np.zeros(terms.sign.shape, dtype=np.int64)
        state = np.zeros(acc.shape[1:], dtype=np.int64)
        if before is not None:
            state = before["acc"].astype(np.int64)
        for index, restart in enumerate(clear):
            if restart:
                state = np.zeros_like(state)
            state = add_term(self.format, state, terms.step(index), self.shape.lsb_exponent)
            acc[index] = state
        return {"acc": acc}

    def decode(self, acc: NDArray[Any]) -> NDArray[np.float64]:
        """Values of accumulator code words."""
        return self.format.decode(acc)


Accumulator = FixedAccumulator | FloatAccumulator


def _wrap(values: NDArray[Any], width: int) -> NDArray[Any]:
    """Integers modulo ``2**width``, in two's complement; in place."""
    half = 1 << (width - 1)
    values += half
    values &= (1 << width) - 1
    values -= half
    return values


def _special_code(terms: Term) -> NDArray[np.uint8]:
    infinity = np.where(terms.sign, SPECIAL_NEGATIVE_INFINITY, SPECIAL_POSITIVE_INFINITY)
    code = np.where(terms.infinite, infinity, 0)
    return np.where(terms.nan, SPECIAL_NAN, code).astype(np.uint8)


def _sticky(codes: NDArray[np.uint8], clear: NDArray[np.bool_]) -> NDArray[np.uint8]:
    sticky = codes.copy()
    for index in range(1, len(codes)):
        if not clear[index]:
            sticky[index] |= sticky[index - 1]
    return sticky
