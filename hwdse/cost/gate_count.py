"""Gate counts as a source of costs: a first-principles estimate, with nothing fitted.

Counts are those of :mod:`hwdse.theory.gate_count`, gates the smallest cells of the technology. As
in its source, all gates switch equally often, at half of the cycles (as bits of random operands
do), and registers, placement, wires, rounding and glitches are left out; a critical path is not
estimated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hwdse.errors import HwdseError
from hwdse.formats import Format, IntegerFormat, Minifloat, ScalarFormat
from hwdse.pe import Design
from hwdse.pe.accumulate import FixedAccumulator
from hwdse.pe.dot import Dot
from hwdse.pe.mac import Mac
from hwdse.tech.gates import gates
from hwdse.tech.model import Technology
from hwdse.theory.gate_count import (
    Counts,
    Fields,
    aligner_width,
    fixed_accumulator,
    float_accumulator,
    lanes,
    products,
    scale_multiplication,
    sums,
)

__all__ = ["gate_count_cost", "gate_counts"]

_SWITCHES_PER_CYCLE = 0.5
# Keys of the canonical form that the counts depend on.
_SEEN = {"w", "a", "lanes", "align", "acc", "terms"}


def gate_counts(design: Design) -> dict[str, dict[str, float]]:
    """Gates of a unit, by block and kind.

    A ``mac`` is a multiplier and its accumulator. A ``dot`` is the table's unit of k lanes, aligned
    to all bits of its products or to ``align`` bits (the paper's figures are at 24), and, once for
    all lanes, a multiplication by each scale and the accumulator. An exact accumulator is an adder,
    of a ``mac`` of floats behind an aligner.

    Raises:
        HwdseError: No ``mac`` or ``dot`` of integers and minifloats, alone or in blocks with
            scales that are minifloats; or an exact accumulator behind scales.
    """
    if not isinstance(design, Mac | Dot):
        raise _refusal(design, "only mac and dot units are counted")
    w, a = (_fields(fmt, design) for fmt in (design.w, design.a))
    accumulator = design.accumulator
    scales: list[ScalarFormat] = []
    if isinstance(design, Dot):
        scales = list(design.scales.values())
        n = aligner_width(w, a, np.inf if design.align is None else design.align)
        found = lanes(design.lanes, w, a, n)
    else:
        found = products(1, w, a)
        if isinstance(accumulator, FixedAccumulator):
            found["aligner"] = sums(1, w, a, aligner_width(w, a))["aligner"]
    if isinstance(accumulator, FixedAccumulator):
        if scales:
            raise _refusal(design, "scales are counted with a float accumulator, not acc=exact")
        found |= fixed_accumulator(accumulator.width)
    else:
        acc = _fields(accumulator.format, design)
        found |= _dequantiser(scales, acc, design) | float_accumulator(acc)
    return {
        block: {gate: float(count) for gate, count in counts.items()}
        for block, counts in found.items()
        if any(np.any(count) for count in counts.values())
    }


def gate_count_cost(design: Design, technology: Technology) -> dict[str, Any]:
    """Area and energy of a unit from its gate counts.

    Args:
        design: A unit that :func:`gate_counts` counts.
        technology: Where the gates come from.

    Returns:
        ``area_um2``, ``leakage_uw``, ``energy_pj_per_mac`` (without leakage; None where the
        technology's tables give no energy), ``macs_per_cycle``, ``counts`` by block and gate,
        ``area_um2_of`` each block, ``gates`` (the cells each gate is), and ``not_seen``: the keys
        of the canonical form that change the hardware and not the counts.

    Raises:
        HwdseError: The counts do not cover the unit, or the technology lacks gates.
    """
    counts = gate_counts(design)
    cells = gates(technology)
    total: dict[str, float] = {}
    for of_block in counts.values():
        for gate, count in of_block.items():
            total[gate] = total.get(gate, 0.0) + count
    energies = [cells[gate].energy_fj for gate in total]
    energy_pj = None
    if None not in energies:
        each = zip(total.values(), energies, strict=True)
        switched_fj = sum(count * (energy or 0.0) for count, energy in each)
        energy_pj = _SWITCHES_PER_CYCLE * switched_fj * 1e-3 / design.macs_per_cycle
    return {
        "area_um2": sum(n * cells[gate].area_um2 for gate, n in total.items()),
        "leakage_uw": sum(n * cells[gate].leakage_nw for gate, n in total.items()) * 1e-3,
        "energy_pj_per_mac": energy_pj,
        "macs_per_cycle": design.macs_per_cycle,
        "counts": counts,
        "area_um2_of": {
            block: sum(n * cells[gate].area_um2 for gate, n in of_block.items())
            for block, of_block in counts.items()
        },
        "gates": {gate: cells[gate].cells for gate in sorted(total)},
        "not_seen": [key for key in design.key_values if key not in _SEEN],
    }


def _fields(fmt: Format, design: Design) -> Fields:
    element: ScalarFormat = fmt.element
    if fmt.kind in ("integer", "minifloat", "block"):
        if isinstance(element, IntegerFormat):
            return Fields(0, element.bits - 1)
        if isinstance(element, Minifloat):
            return Fields(element.exponent_bits, element.mantissa_bits)
    raise _refusal(design, f"{fmt.name} is neither of integers nor of minifloats")


def _dequantiser(scales: list[ScalarFormat], acc: Fields, design: Design) -> Counts:
    """Multiplications by all scales of a sum."""
    total: dict[str, Any] = {}
    for scale in scales:
        one = scale_multiplication(_fields(scale, design), acc)
        for gate, count in one["dequantiser"].items():
            total[gate] = total.get(gate, 0.0) + count
    return {"dequantiser": total} if total else {}


def _refusal(design: Design, why: str) -> HwdseError:
    return HwdseError(
        f"{design.canonical}: the first-principles count of gates does not cover it: {why}"
    )
