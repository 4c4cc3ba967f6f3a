"""On-chip memories at a node: tables of a memory model, with intervals from where sources disagree.

The value is that of CACTI 7: straight between its capacities on logarithmic axes. Nothing in its
interval is assumed; every part is the disagreement of two sources:

* capacity: at 45 nm the other sources (Horowitz; the macros of a 130 nm technology, scaled) differ
  from it by a factor at the capacities they share; that factor, on a line between those capacities,
  widens every node's interval both ways. Area likewise, from the macros.
* nodes that the table extrapolates: from all the scaling that logic had since 45 nm, to none: the
  published 45 nm energy, and the area of the last node that was modelled.
* width: at equal capacity the macros' energy grows with a small power of the width, Horowitz's in
  proportion to it; the interval spans both, the value is half-way.
* writes: the table has reads only; the ratio is the macros'.
* beyond the table's capacities: the least and greatest exponent that its curve has anywhere, up to
  8 times beyond; further is refused.
"""

from __future__ import annotations

import math
from functools import cache

from hwdse.errors import HwdseError, nearest_hint
from hwdse.memory import macros as ihp
from hwdse.memory.data import Node, macros, tables
from hwdse.memory.model import Curve, Interval, Memory, MemoryCost
from hwdse.tech.scaling import Point, Scaling, nominal_voltage, parse_node, scale

__all__ = ["memory_cost", "published_points", "technologies"]

_BEYOND = 8
_UM2_PER_MM2 = 1e6


def technologies() -> tuple[str, ...]:
    """What memories can be costed for: nodes in nm, and the macros' technology."""
    return (*(str(n.node_nm) for n in tables().sram.nodes), macros().name)


def memory_cost(memory: Memory, technology: str) -> MemoryCost:
    """Area and energies of a memory.

    Args:
        memory: The memory.
        technology: One of :func:`technologies`.

    Raises:
        HwdseError: Unknown technology, or a size too far from what is published.
    """
    if technology == macros().name:
        return ihp.macro_cost(memory)
    node = next((n for n in tables().sram.nodes if str(n.node_nm) == technology), None)
    if node is None:
        hint = nearest_hint(technology, technologies())
        raise HwdseError(f"no memories for node {technology[:40]!r}{hint}")
    _check_range(memory)
    kib, sram = memory.capacity_kib, tables().sram
    ratio = memory.width_bits / sram.width_bits
    read = _read(node, kib).times(_width_factor(ratio, *_read_exponents()))
    exponents = ihp.width_exponents(ihp.area)
    area = _area(node, kib).times(_width_factor(ratio, min(exponents), max(exponents)))
    return MemoryCost(
        memory,
        technology,
        area_um2=area,
        read_pj=read,
        write_pj=read.times(ihp.write_over_read()),
        basis=_basis(node, memory),
        sources=(sram.source, tables().cross_check.source, macros().source),
    )


def published_points(technology: str) -> list[tuple[str, float, float]]:
    """Source, capacity in KiB and read energy in pJ of what is published for 64-bit accesses."""
    sram, check = tables().sram, tables().cross_check
    width = sram.width_bits
    if technology == macros().name:
        known = [m for m in macros().macros if m.width_bits == width]
        return [
            ("IHP macros", Memory(m.capacity_bits, width).capacity_kib, ihp.read(m).value)
            for m in known
        ]
    found = [
        ("CACTI 7" + (" (extrapolated)" if n.extrapolated else ""), float(kib), pj)
        for n in sram.nodes
        if str(n.node_nm) == technology
        for kib, pj in zip(sram.capacity_kib, n.read_pj, strict=True)
    ]
    if technology == str(check.node_nm):
        found += [("Horowitz", float(p.capacity_kib), p.read_pj) for p in check.points]
        found += [("IHP macros, scaled", kib, pj) for kib, pj, _ in _scaled_macros()]
    return found


def _check_range(memory: Memory) -> None:
    sram = tables().sram
    low, high = sram.capacity_kib[0] / _BEYOND, sram.capacity_kib[-1] * _BEYOND
    if not low <= memory.capacity_kib <= high:
        raise HwdseError(
            f"a memory of {memory.capacity_kib:g} KiB is too far from the published ones "
            f"({low:g} to {high:g} KiB); build it of registers or of several"
        )
    narrow, wide = sram.width_bits // _BEYOND, sram.width_bits * _BEYOND
    if not narrow <= memory.width_bits <= wide:
        raise HwdseError(
            f"a width of {memory.width_bits} bits is too far from the published {sram.width_bits} "
            f"({narrow} to {wide}); put several side by side"
        )


def _basis(node: Node, memory: Memory) -> str:
    sram = tables().sram
    at = memory.capacity_kib
    if sram.capacity_kib[0] <= at <= sram.capacity_kib[-1]:
        where = "at" if at in sram.capacity_kib else "between"
    else:
        where = "beyond"
    parts = [f"{where} the published capacities"]
    if memory.width_bits != sram.width_bits:
        parts.append(f"scaled from {sram.width_bits} to {memory.width_bits} bits")
    if node.extrapolated:
        parts.append("node extrapolated by the source")
    return ", ".join(parts)


def _column(node: Node, figures: list[float]) -> Curve:
    return Curve.of([float(k) for k in tables().sram.capacity_kib], figures)


def _reference() -> Node:
    return next(n for n in tables().sram.nodes if n.node_nm == tables().cross_check.node_nm)


def _read(node: Node, kib: float) -> Interval:
    read = _column(node, node.read_pj).at(kib).spread(_disagreement_read().at(kib).value)
    if not node.extrapolated:
        return read
    logic = _logic_scaling(node.node_nm).energy.value
    scaled = _column(node, _reference().read_pj).at(kib)
    points = tables().cross_check.points
    unscaled = Curve.of([p.capacity_kib for p in points], [p.read_pj for p in points]).at(kib)
    return Interval(read.value, min(read.low, scaled.low * logic), max(read.high, unscaled.high))


def _area(node: Node, kib: float) -> Interval:
    mm2 = _column(node, node.area_mm2).at(kib).spread(_disagreement_area())
    if node.extrapolated:
        logic = _logic_scaling(node.node_nm).area.value
        scaled = _column(node, _reference().area_mm2).at(kib)
        last = [n for n in tables().sram.nodes if not n.extrapolated][-1]
        unscaled = _column(node, last.area_mm2).at(kib)
        mm2 = Interval(mm2.value, min(mm2.low, scaled.low * logic), max(mm2.high, unscaled.high))
    return mm2.times(Interval(_UM2_PER_MM2, _UM2_PER_MM2, _UM2_PER_MM2))


def _width_factor(ratio: float, least: float, greatest: float) -> Interval:
    ends = (ratio**least, ratio**greatest)
    return Interval(ratio ** ((least + greatest) / 2), min(ends), max(ends))


@cache
def _read_exponents() -> tuple[float, float]:
    """Least and greatest exponent of the width in a read's energy, over both sources."""
    check = tables().cross_check
    narrow = check.narrow
    wide = next(p for p in check.points if p.capacity_kib == narrow.capacity_kib)
    assert narrow.width_bits is not None
    published = math.log(wide.read_pj / narrow.read_pj) / math.log(
        check.width_bits / narrow.width_bits
    )
    known = [*ihp.width_exponents(ihp.read), published]
    return min(known), max(known)


@cache
def _logic_scaling(node_nm: int) -> Scaling:
    """Multipliers of logic from the cross-checked node to another, at nominal voltages."""
    start, end = (parse_node(f"{n}hp") for n in (tables().cross_check.node_nm, node_nm))
    return scale(Point(start, nominal_voltage(start)), Point(end, nominal_voltage(end)))


def _scaled_macros() -> list[tuple[float, float, float]]:
    """Capacity in KiB, read energy and area of the macros, scaled to the cross-checked node.

    Those of the table's width whose capacity lies within the table.
    """
    library, sram = macros(), tables().sram
    start = Point(parse_node(str(library.node_nm)), library.corner.voltage_v)
    node = parse_node(f"{tables().cross_check.node_nm}hp")
    factors = scale(start, Point(node, nominal_voltage(node)))
    found = []
    for macro in library.macros:
        kib = Memory(macro.capacity_bits, macro.width_bits).capacity_kib
        if macro.width_bits == sram.width_bits and kib >= sram.capacity_kib[0]:
            read = ihp.read(macro).value * factors.energy.value
            found.append((kib, read, macro.area_um2 * factors.area.value))
    return found


@cache
def _disagreement_read() -> Curve:
    """How far the sources are from the table at the capacities they share, as a factor."""
    ours = _column(_reference(), _reference().read_pj)
    others = [(float(p.capacity_kib), p.read_pj) for p in tables().cross_check.points]
    others += [(kib, pj) for kib, pj, _ in _scaled_macros()]
    worst: dict[float, float] = {}
    for kib, pj in others:
        ratio = pj / ours.at(kib).value
        worst[kib] = max(worst.get(kib, 1.0), ratio, 1 / ratio)
    return Curve.of(sorted(worst), [worst[kib] for kib in sorted(worst)])


@cache
def _disagreement_area() -> float:
    ours = _column(_reference(), _reference().area_mm2)
    ratios = [um2 / _UM2_PER_MM2 / ours.at(kib).value for kib, _, um2 in _scaled_macros()]
    return max(max(r, 1 / r) for r in ratios)
