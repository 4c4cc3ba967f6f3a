"""Units that take weights as signed powers of two, one a cycle, against whole activations.

A weight is a sum of terms (:mod:`hwdse.pe.recoding`): its bits (``radix=2``), radix-4 Booth digits
(``radix=4``) or, where its codes are no integers, signed powers of two that follow from its values,
such as the two of FP4. An element is ``lanes`` pairs and takes as many cycles as weights have
terms, in the order that ``recoding`` gives: integers from the lowest term up, others from the
largest down. In each cycle the lanes' activations, shifted and negated as their weights' terms say,
are added to the accumulator.

With float activations, sums of a cycle are exact (or, with ``align=N``, of products cut off first:
see :mod:`hwdse.pe.lanes`; a product is here the activation's significand times a power of two), and
a float accumulator rounds once a cycle, in that order of terms. An activation that is no number
makes of each of the element's cycles what its product with the whole weight is. A sum that is
exactly zero is positive.

Groups of the ``bitmod`` formats choose among value sets: port ``w_select`` says which one the
weights of the element are of. Scales of groups are no part of the sum, but for
``group=N,dequant=serial``: see :mod:`hwdse.pe.group_serial`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.pe.design import Codes
from hwdse.pe.lanes import cut_off_sum, cut_shape
from hwdse.pe.ports import Operand
from hwdse.pe.product import integers, is_fixed_point, operand, operand_shape, times, times_shape
from hwdse.pe.recoding import Recoding, recode
from hwdse.pe.term import Term, TermShape, significand_dtype
from hwdse.pe.unit import Unit, exact_width

__all__ = ["Serial"]

# Products computed at once, which bounds the memory taken.
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Serial(Unit):
    """A unit that takes weights term by term.

    Attributes:
        scheme: How weights become terms; see :data:`hwdse.pe.recoding.SCHEMES`.
        radix: That of the terms of integers; None for others.
        lane_count: Pairs of operands in an element.
        align: Bits of each product that are kept below the largest one; None keeps all.
    """

    scheme: str = "booth"
    radix: int | None = 4
    lane_count: int = 4
    align: int | None = None

    family: ClassVar[str] = "serial"

    @cached_property
    def recoding(self) -> Recoding:
        """The terms of every weight."""
        return recode(self.w, self.scheme)

    @property
    def initiation_interval(self) -> int:
        """Terms of a weight."""
        return self.recoding.terms

    @property
    def lanes(self) -> int:
        """Pairs of operands in an element."""
        return self.lane_count

    @property
    def own_keys(self) -> dict[str, str]:
        """Lanes, radix and alignment."""
        found = {"radix": self.radix, "align": self.align}
        return super().own_keys | {k: str(v) for k, v in found.items() if v is not None}

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Elements, and the number of the weights' value set where there are several."""
        if not (bits := self.recoding.select_bits):
            return super().operands
        sets = ", ".join(f"{i} {found.name}" for i, found in enumerate(self.recoding.sets))
        select = Operand("w_select", formats.scalar(f"uint{bits}"), meaning=f"values of w: {sets}")
        return (*super().operands, select)

    @property
    def fixed_point(self) -> bool:
        """Whether terms are integers on a common step."""
        return is_fixed_point(self.a_element)

    @cached_property
    def digit_shape(self) -> TermShape:
        """Bounds of a weight's term over the exponent that all weights share in its cycle."""
        found = self.recoding
        return TermShape(
            significand_bits=1,
            max_shift=found.reach,
            lsb_exponent=found.lsb_exponent,
            max_units=1 << found.reach,
            signed=found.signed,
        )

    @cached_property
    def product_shape(self) -> TermShape:
        """Bounds of one lane's product, as of :attr:`digit_shape`."""
        return times_shape(self.digit_shape, operand_shape(self.a_element))

    @property
    def sum_shape(self) -> TermShape:
        """Bounds of the sum of a cycle's products, as of :attr:`digit_shape`."""
        one, lanes = self.product_shape, self.lanes
        if lanes == 1 and not self.fixed_point:
            return one
        if self.align is None:
            most = one.max_units * lanes
            return replace(one, significand_bits=most.bit_length(), max_shift=0, max_units=most)
        return cut_shape(one, lanes, self.align)

    @property
    def term_shape(self) -> TermShape:
        """Bounds of the sum of a cycle's products."""
        shape, top = self.sum_shape, max(self.recoding.bases)
        units = shape.max_units << top
        if self.fixed_point:
            return replace(shape, significand_bits=units.bit_length(), max_units=units)
        return replace(shape, max_shift=shape.max_shift + top, max_units=units)

    @property
    def exact_bits(self) -> int:
        """As of the whole products; of products cut off, for the largest sum that can occur."""
        if self.align is None:
            sets = self.recoding.sets
            return max(exact_width(w, self.a_element, self.common.terms) for w in sets)
        elements = -(-self.common.terms // self.lanes)
        cycles = elements * self.initiation_interval
        return (self.term_shape.max_units * cycles).bit_length() + 1

    def terms_of(self, codes: Codes) -> Term:
        """Sums of the lanes' products, cycle by cycle."""
        found = self.recoding
        w, a = ((codes[k] if self.lanes > 1 else codes[k][..., None]) for k in "wa")
        select = codes.get("w_select", np.zeros(w.shape[:-1], dtype=np.int64))[..., None]
        each = []
        for digits, positions, base in zip(found.digits, found.positions, found.bases, strict=True):
            if self.fixed_point:
                products = digits[select, w] * integers(self.a_element, a)
                each.append(Term.from_integers(products.sum(axis=-1)))
            else:
                every = (digits, positions - base, found.values)
                each.append(self._floats(tuple(x[select, w] for x in every), a, base))
        terms = [term.reshape((len(w), 1, *w.shape[1:-1])) for term in each]
        return _interleaved(terms)

    def _floats(self, w: tuple[NDArray[np.int64], ...], a: NDArray[np.int64], base: int) -> Term:
        """Sums over the last axis of one cycle's products.

        Args:
            w: Digits, their exponents over ``base``, and the whole weights.
            a: Codes of activations.
            base: Exponent that all weights share.
        """
        outer = a.shape[:-1]
        rows = [x.reshape(-1, self.lanes) for x in (*w, a)]
        parts = []
        for some in _chunks(rows, max(1, _CHUNK // self.lanes)):
            parts.append(self._sums(*some))
        total = Term.concatenate(parts).reshape(outer)
        number = ~(total.nan | total.infinite)
        return replace(total, shift=np.where(number, total.shift + base, 0))

    def _sums(
        self,
        digits: NDArray[np.int64],
        steps: NDArray[np.int64],
        weights: NDArray[np.int64],
        a_codes: NDArray[np.int64],
    ) -> Term:
        a = operand(self.a_element, a_codes)
        nothing = np.zeros(digits.shape, dtype=np.bool_)
        present = digits != 0
        digit = Term(digits < 0, present.astype(np.int64), steps * present, nothing, nothing)
        products = times(digit, replace(a, nan=nothing, infinite=nothing))
        if self.lanes == 1:
            total = Term(*(x[..., 0] for x in _members(products)))
            total = replace(total, sign=total.sign & (total.significand != 0))
        elif self.align is not None:
            total = cut_off_sum(products, self.product_shape, self.align)
        else:
            dtype = significand_dtype(self.sum_shape.significand_bits)
            units = products.significand.astype(dtype) << products.shift.astype(dtype)
            total = Term.from_integers(np.where(products.sign, -units, units).sum(axis=-1))
        return _with_specials(total, a, weights)


def _with_specials(total: Term, a: Term, weights: NDArray[np.int64]) -> Term:
    """Sums, with activations that are no numbers taken into account."""
    special = (a.nan | a.infinite).any(axis=-1)
    if not special.any():
        return total
    negative = a.sign ^ (weights < 0)
    infinite = a.infinite & (weights != 0)
    plus, minus = (infinite & ~negative).any(axis=-1), (infinite & negative).any(axis=-1)
    nan = (a.nan | (a.infinite & (weights == 0))).any(axis=-1) | (plus & minus)
    return Term(
        sign=np.where(special, minus & ~plus, total.sign),
        significand=np.where(special, 0, total.significand),
        shift=np.where(special, 0, total.shift),
        nan=nan,
        infinite=(plus | minus) & ~nan,
    )


def _members(term: Term) -> tuple[NDArray[Any], ...]:
    return term.sign, term.significand, term.shift, term.nan, term.infinite


def _interleaved(terms: list[Term]) -> Term:
    """Terms of shape (steps, 1, ...), one of each cycle, as (steps * cycles, ...)."""
    joined = (np.concatenate(x, axis=1) for x in zip(*map(_members, terms), strict=True))
    return Term(*(x.reshape(-1, *x.shape[2:]) for x in joined))


def _chunks(rows: list[NDArray[Any]], step: int) -> Iterator[list[NDArray[Any]]]:
    for start in range(0, max(1, len(rows[0])), step):
        yield [x[start : start + step] for x in rows]
