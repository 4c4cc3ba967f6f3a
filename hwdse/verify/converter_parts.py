"""What converters are made of, in the words of :mod:`hwdse.verify.parts`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hwdse.pe.converter import Converter
from hwdse.pe.converters.cast import Cast
from hwdse.pe.converters.hadamard import Hadamard
from hwdse.pe.converters.quantise import Quantise
from hwdse.pe.converters.requant import Requant
from hwdse.pe.converters.shiftgelu import ShiftGelu
from hwdse.pe.converters.shiftmax import Shiftmax
from hwdse.pe.converters.softmax_scale import SoftmaxScale
from hwdse.pe.converters.softmax_sum import SoftmaxSum
from hwdse.pe.converters.sround import StochasticRounder

__all__ = ["uses"]

_Uses = Iterator[tuple[str, str]]


def uses(design: Converter) -> _Uses:
    """Parts of a converter, and their sizes; those of kinds without a list are one part."""
    source = _SOURCES.get(type(design))
    if source is None:
        keys = ", ".join(f"{key}={value}" for key, value in design.key_values.items())
        yield "convert: all of it", keys
    else:
        yield from source(design)


def _cast(design: Cast) -> _Uses:
    names = f"{design.own_keys['from']} to {design.target.name}"
    if design.impl == "table":
        yield "cast: table of all codes", names
        return
    yield "operand: decoder", design.source.name
    yield "rounder: one rounding", f"{names}, {design.rounding}"
    yield "encoder: code words", f"{design.target.name}, {design.rounding}, {design.overflow}"


def _quantise(design: Quantise) -> _Uses:
    names = f"{design.source.name} to {design.target.name}"
    yield "quantise: largest magnitude", f"{design.block} of {design.source.name}"
    yield "quantise: scale of a largest magnitude", names
    if design.divides:
        yield "operand: decoder", design.source.name
        yield "rounder: one rounding", f"{names}, {design.rounding}"
    else:
        yield "quantise: thresholds of elements", f"{names}, {design.rounding}"


def _requant(design: Requant) -> _Uses:
    x, b = design.source.bits, design.multiplier_bits
    yield "multiplier: star", f"s{x} x u{b}"
    yield "requant: shift and rounding", f"{design.product_bits} bits, {design.rounding}"
    yield "requant: zero point and limits", f"{design.product_bits} bits to {design.target.name}"


def _hadamard(design: Hadamard) -> _Uses:
    yield "operand: decoder", design.source.name
    for level in range(1, design.levels + 1):
        yield "hadamard: adders of a level", f"{design.width(level)} bits"
    if design.target is not None:
        bits = design.width(design.levels)
        yield "hadamard: rounding", f"{bits} bits by {design.shift} to {design.target.name}"


def _sround(design: StochasticRounder) -> _Uses:
    yield "operand: decoder", design.source.name
    yield "lfsr: steps", f"{design.width} bits"
    names = f"{design.source.name} to {design.target.name}"
    yield "sround: alignment, addition and packing", f"{names}, width={design.width}"


def _shift(design: Shiftmax | ShiftGelu) -> _Uses:
    bits = design.source.bits + 1
    size = f"n={design.fraction_bits}, {bits} bits, x0 to {design.most_magnitude}"
    yield "shift_exp: exponential", size
    if isinstance(design, ShiftGelu):
        yield "shift_exp: exponential of either sign", size
    yield "divider", f"cycles={design.cycles}"
    yield f"{design.own_keys['op']}: maximum, sum and products", f"{design.size} lanes"


def _softmax_sum(design: SoftmaxSum) -> _Uses:
    yield "pair_exp: exponential", design.source.name
    yield "softmax_sum: alignment", f"{design.point + 1} bits"
    yield "softmax_sum: addition and carry", f"{design.point + 1} bits"


def _softmax_scale(design: SoftmaxScale) -> _Uses:
    yield "pair_exp: exponential", design.source.name
    yield "divider", f"cycles={design.cycles}"
    yield "softmax_scale: shift and limit", f"{design.bits} bits"


_SOURCES: dict[type[Converter], Callable[[Any], _Uses]] = {
    Cast: _cast,
    Quantise: _quantise,
    Requant: _requant,
    Hadamard: _hadamard,
    StochasticRounder: _sround,
    Shiftmax: _shift,
    ShiftGelu: _shift,
    SoftmaxSum: _softmax_sum,
    SoftmaxScale: _softmax_scale,
}
