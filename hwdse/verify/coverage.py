"""Which of a unit's parts are proven at the widths that it has them, and which are only tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hwdse.formats import ScalarFormat
from hwdse.pe import Design, Unit
from hwdse.pe.accumulate import FixedAccumulator
from hwdse.pe.product import is_fixed_point, operand_shape
from hwdse.verify.parts import PARTS, step_size

__all__ = ["PartUse", "parts_of"]


@dataclass(frozen=True)
class PartUse:
    """A part as a unit has it.

    Attributes:
        part: What it is.
        size: Its widths, formats or other parameters.
        test: The test that proves it so, or None where it is only tested within units.
    """

    part: str
    size: str
    test: str | None


def parts_of(design: Design) -> tuple[PartUse, ...]:
    """The parts of a data path, each once; registers and handshake are not among them."""
    if not isinstance(design, Unit):
        return ()
    found = dict.fromkeys([*_SOURCES[design.family](design), *_accumulator(design)])
    return tuple(PartUse(part, size, _test(part, size)) for part, size in found)


def _test(part: str, size: str) -> str | None:
    names = (part, "minifloat: decoder") if part == "operand: decoder" else (part,)
    return next((p.test for p in PARTS if p.name in names and size in p.sizes), None)


_Uses = Iterator[tuple[str, str]]


def _decoders(unit: Unit) -> _Uses:
    for operand in unit.operands:
        yield "operand: decoder", operand.format.name


def _multiplier(unit: Unit, x: str, y: str) -> tuple[str, str]:
    how = unit.implementation
    return f"multiplier: {how.mul}" + (f", {how.tree}" * (how.mul != "star")), f"{x} x {y}"


def _factor(fmt: ScalarFormat) -> str:
    """A factor as multipliers take it: sign and bits."""
    shape = operand_shape(fmt)
    if not is_fixed_point(fmt):
        return f"u{shape.significand_bits}"
    integer = fmt.kind in ("integer", "fixed-point")
    bits = fmt.bits if integer else shape.significand_bits + shape.signed
    return f"{'s' if shape.signed else 'u'}{bits}"


def _products(unit: Unit) -> _Uses:
    yield from _decoders(unit)
    yield _multiplier(unit, _factor(unit.w_element), _factor(unit.a_element))
    if unit.lanes == 1:
        return
    if is_fixed_point(unit.w_element) and is_fixed_point(unit.a_element):
        bits = unit.w_element.bits + unit.a_element.bits
        yield _sum(unit, f"{unit.lanes} words of {bits} bits")
    else:
        yield "float_dot: alignment and sum of products", f"{unit.lanes} lanes"
    if len(unit.operands) > 2:
        names = (o.format.name for o in unit.operands[2:])
        yield "float_dot: product with scales", " x ".join(names)


def _sum(unit: Unit, size: str) -> tuple[str, str]:
    tree = unit.implementation.tree
    return ("operators +: sum", size) if tree == "star" else (f"heap: {tree} tree", size)


def _lanes(unit: Unit, lanes: int) -> str:
    return f"{lanes} lanes to {unit.term_shape.significand_bits} bits"


def _lmul(unit: Unit) -> _Uses:
    yield from _decoders(unit)
    yield "lmul: adder of code words", f"{unit.w_element.bits} bits"


def _shift(unit: Unit) -> _Uses:
    yield "power_sum: decoder of powers of two", unit.w_element.name
    yield "operand: decoder", unit.a_element.name
    yield "shifter", f"{unit.a_element.bits} bits by {operand_shape(unit.w_element).max_shift}"
    yield _sum(unit, _lanes(unit, unit.lanes))


def _bitplane(unit: Unit) -> _Uses:
    yield "plane_counts: products of bit planes", f"{unit.w_element.name} x {unit.a_element.name}"
    yield "popcount: compressor tree", f"{unit.lanes} bits"
    yield _sum(unit, _lanes(unit, unit.lanes))


def _composite(unit: Unit) -> _Uses:
    words = next(operand for operand in unit.operands if operand.views)
    counts = ", ".join(str(count) for _, count in words.views)
    names = " or ".join(f"{n} x {fmt.name}" if n > 1 else fmt.name for fmt, n in words.views)
    if all(is_fixed_point(fmt) for fmt, _ in words.views):
        yield "packed: products that lanes share", f"{words.format.bits} bits in {counts}"
    else:
        yield "packed_float: word of e4m3 or two of e2m1", names
    if words.lanes > 1:
        yield _sum(unit, _lanes(unit, words.lanes))
    scales = [operand for operand in unit.operands if operand.name.endswith("_scale")]
    if scales:
        names = " or ".join(fmt.name for fmt, _ in scales[0].views)
        yield "shared_scale: product of scales", f"{names}, {words.lanes} words"


_SOURCES: dict[str, Callable[[Unit], _Uses]] = {
    "mac": _products,
    "dot": _products,
    "lmul": _lmul,
    "shift": _shift,
    "bitplane": _bitplane,
    "composite": _composite,
}


def _accumulator(unit: Unit) -> _Uses:
    accumulator = unit.accumulator
    if isinstance(accumulator, FixedAccumulator):
        yield "accumulator: step", step_size(unit)
        return
    shape = unit.term_shape
    term = f"terms of {shape.significand_bits} << {shape.max_shift} bits"
    yield "float_sum: adder and rounder", f"{accumulator.name}, {term}"
