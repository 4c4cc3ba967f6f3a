"""Decoders of weights into signed powers of two, one a cycle; see ``hwdse.pe.recoding``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from amaranth import Cat, Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from hwdse.pe.recoding import Recoding
from rtl.parts.bits import replicate
from rtl.parts.table import look_up

__all__ = ["TermDecoder"]

# Whether a weight has a term, whether that is negative, and its exponent over the shared one.
Digit = tuple[Value, Value, Value]


class TermDecoder(wiring.Component):
    """The term of a weight in a cycle; combinational.

    Parameters:
        recoding: The terms of every weight.

    Members:
        code, select, phase: ``In``: the weight's code, its value set, the cycle's number.
        present, negative: ``Out(1)``: whether there is a term, and its sign, which means nothing
            where there is none.
        steps: ``Out``: the term's exponent over that which all weights share in the cycle.
        weight_negative, weight_zero: ``Out(1)``, of the whole weight.
    """

    def __init__(self, *, recoding: Recoding) -> None:
        self.recoding = recoding
        super().__init__(
            {
                "code": In(recoding.code_bits),
                "select": In(recoding.select_bits),
                "phase": In(range(recoding.terms)),
                "present": Out(1),
                "negative": Out(1),
                "steps": Out(recoding.reach.bit_length()),
                "weight_negative": Out(1),
                "weight_zero": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        present, negative, steps = _DECODERS[self.recoding.scheme](m, self)
        m.d.comb += [
            self.present.eq(present),
            self.negative.eq(negative),
            self.steps.eq(steps),
        ]
        values = self.recoding.values
        if self.recoding.scheme == "digits":
            index = Cat(self.code, self.select)
            negatives, zeros = _words(values < 0), _words(values == 0)
            m.d.comb += [
                self.weight_negative.eq(look_up(m, index, negatives, 1, "weight_negative")),
                self.weight_zero.eq(look_up(m, index, zeros, 1, "weight_zero")),
            ]
        else:
            sign = self.code[-1] if (values < 0).any() else Const(0, 1)
            m.d.comb += [self.weight_negative.eq(sign), self.weight_zero.eq(self.code == 0)]
        return m


def _bits(m: Module, decoder: TermDecoder) -> Digit:
    last = decoder.recoding.terms - 1
    negative = decoder.phase == last if decoder.recoding.signed else Const(0, 1)
    return decoder.code.bit_select(decoder.phase, 1), negative, Const(0, 0)


def _booth(m: Module, decoder: TermDecoder) -> Digit:
    signed = bool((decoder.recoding.values < 0).any())
    code = decoder.code
    above = 2 * decoder.recoding.terms - len(code)
    extended = Cat(Const(0, 1), code, replicate(code[-1] if signed else Const(0, 1), above))
    low, middle, high = extended.bit_select(Cat(Const(0, 1), decoder.phase), 3)
    one = low ^ middle
    two = (high ^ middle) & ~one
    return one | two, high, two


def _looked_up(m: Module, decoder: TermDecoder) -> Digit:
    found = decoder.recoding
    index = Cat(decoder.code, decoder.select, decoder.phase)
    over = found.positions - np.array(found.bases)[:, None, None]
    there = found.digits != 0
    width = len(decoder.steps)
    return (
        look_up(m, index, _words(there), 1, "present"),
        look_up(m, index, _words(found.digits < 0, there), 1, "negative"),
        look_up(m, index, _words(over, there), width, "steps") if width else Const(0, 0),
    )


def _words(entries: NDArray[np.generic], known: NDArray[np.bool_] | None = None) -> dict[int, int]:
    """Words of a table by index, of those entries that matter."""
    flat = np.asarray(entries).astype(np.int64).reshape(-1).tolist()
    matter = [True] * len(flat) if known is None else known.reshape(-1).tolist()
    return {i: word for i, (word, kept) in enumerate(zip(flat, matter, strict=True)) if kept}


_DECODERS: dict[str, Callable[[Module, TermDecoder], Digit]] = {
    "bits": _bits,
    "booth": _booth,
    "digits": _looked_up,
}
