"""Which of a unit's parts are proven at the widths that it has them, and which are only tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hwdse.formats import ScalarFormat
from hwdse.pe import Design, Unit
from hwdse.pe.accumulate import FixedAccumulator, FloatAccumulator
from hwdse.pe.array import Array
from hwdse.pe.group_serial import SCALE_BITS, GroupSerial
from hwdse.pe.groupdot import GroupAfter, GroupBefore
from hwdse.pe.implementation import PACKED
from hwdse.pe.lut_unit import Lut
from hwdse.pe.packing import packing_of
from hwdse.pe.product import is_fixed_point, operand_shape
from hwdse.pe.serial_unit import Serial
from hwdse.verify import converter_parts
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
    """The parts of a data path, each once; registers and handshake are not among them.

    Families that name none are one part, which is only tested.
    """
    found = dict.fromkeys(_SOURCES.get(design.family, _whole)(design))
    if isinstance(design, Unit):
        found |= dict.fromkeys(_accumulator(design))
    return tuple(PartUse(part, size, _test(part, size)) for part, size in found)


def _test(part: str, size: str) -> str | None:
    names = (part, "minifloat: decoder") if part == "operand: decoder" else (part,)
    return next((p.test for p in PARTS if p.name in names and size in p.sizes), None)


_Uses = Iterator[tuple[str, str]]


def _array(array: Array) -> _Uses:
    yield "array: skew, swaps, drain", f"{array.dataflow}, {array.rows} x {array.cols}"
    yield from ((part.part, part.size) for part in parts_of(array.pe))


def _whole(design: Design) -> _Uses:
    yield f"{design.family}: all of it", ", ".join(f"{k}={v}" for k, v in design.key_values.items())


def _decoders(unit: Unit) -> _Uses:
    for operand in unit.operands:
        yield "operand: decoder", operand.format.name


def _multiplier(unit: Unit, x: str, y: str) -> tuple[str, str]:
    how = unit.implementation
    tree = "" if how.finished else f", {how.tree}"
    return f"multiplier: {how.mul}{tree}", f"{x} x {y}"


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
    if unit.implementation.mul == PACKED:
        yield from _packed(unit)
        return
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


def _packed(unit: Unit) -> _Uses:
    names = f"{unit.w_element.name} x {unit.a_element.name}"
    yield "pair_product: two products by one multiplier", names
    if unit.lanes > 2:
        bits = packing_of(unit.w_element, unit.a_element).sum_bits
        yield _sum(unit, f"{unit.lanes // 2} words of {bits} bits")


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


def _groupdot(unit: Unit) -> _Uses:
    assert isinstance(unit, GroupAfter | GroupBefore)
    yield from _decoders(unit)
    w = f"{unit.w_element.name}{' less zero point' * unit.zero}"
    if isinstance(unit, GroupBefore):
        names = f"{w} x {unit.scale.name} to {unit.dequantised.name}"
        yield "dequantise: weight times scale, rounded", names
        yield _multiplier(unit, _factor(unit.dequantised), _factor(unit.a_element))
        yield "float_dot: alignment and sum of products", f"{unit.lanes} lanes"
        return
    yield _multiplier(unit, _factor(unit.w_element), _factor(unit.a_element))
    yield _sum(unit, _lanes(unit, unit.lanes))
    elements = f"{unit.group_elements} elements"
    yield "group_count: place in the group", elements
    yield "group_sum: sum of a group", f"{elements}, {unit.sum_shape.significand_bits + 1} bits"
    yield "groupdot: product with the scale", f"{w}, {unit.scale.name}"


def _lut(unit: Unit) -> _Uses:
    assert isinstance(unit, Lut)
    kind = "half" if unit.half else "full, signs" if unit.table.signs else "full, bits"
    if unit.inside:
        yield "operand: decoder", unit.a_element.name
        yield "lut_table: sums of a group", f"{kind}, k={unit.k}"
        if not unit.fixed_point:
            yield "float_dot: alignment and sum of products", f"{unit.lanes} lanes"
    elif unit.float_entries:
        yield "operand: decoder", unit.entry_format.name
    yield "lut_table: entry picked", f"{unit.table.entries} entries"


def _serial(design: Serial | GroupSerial) -> _Uses:
    unit = design.unit if isinstance(design, GroupSerial) else design
    found, lanes = unit.recoding, f"{unit.lanes} lanes"
    names = " or ".join(fmt.name for fmt in found.sets)
    yield "term_decoder: terms of a weight", f"{found.scheme} of {names}"
    yield "operand: decoder", unit.a_element.name
    if unit.fixed_point:
        bits = unit.a_element.bits + found.reach
        yield _sum(unit, f"{unit.lanes} words of {bits} bits")
    elif unit.lanes > 1:
        yield "float_dot: alignment and sum of products", lanes
    if isinstance(design, GroupSerial):
        yield from _accumulator(unit)
        bits = design.multiplicand_bits
        yield "serial_multiplier: product with a scale", f"{bits} bits by {SCALE_BITS}"
        if isinstance(unit.accumulator, FloatAccumulator):
            yield "float_sum: adder and rounder", f"{unit.accumulator.name}, of a scaled sum"


# By family. A family that is not made of `Unit`s takes its own class.
_SOURCES: dict[str, Callable[[Any], _Uses]] = {
    "convert": converter_parts.uses,
    "mac": _products,
    "dot": _products,
    "lmul": _lmul,
    "shift": _shift,
    "bitplane": _bitplane,
    "lut": _lut,
    "array": _array,
    "composite": _composite,
    "groupdot": _groupdot,
    "serial": _serial,
}


def _accumulator(unit: Unit) -> _Uses:
    accumulator = unit.accumulator
    if isinstance(accumulator, FixedAccumulator):
        yield "accumulator: step", step_size(unit)
        return
    shape = unit.term_shape
    term = f"terms of {shape.significand_bits} << {shape.max_shift} bits"
    yield "float_sum: adder and rounder", f"{accumulator.name}, {term}"
