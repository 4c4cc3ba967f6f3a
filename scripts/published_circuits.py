"""Areas of adders and multipliers written as plain ``+`` and ``*``, beside published ones.

The published areas are of another 45 nm library and another synthesis tool, so one factor stands
between the two: the median ratio. What is looked at is how far the single ratios are from it.
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, signed, unsigned

from hwdse import tech
from hwdse.errors import HwdseError
from hwdse.synth import flow
from hwdse.synth.recipe import Recipe
from hwdse.tech.model import Technology

__all__ = ["Published", "Ratio", "area_ratios", "percentile", "read_published"]

_OPERATIONS = ("add", "mul")


@dataclass(frozen=True)
class Published:
    """One exact circuit of a publication."""

    name: str
    operation: str
    a_bits: int
    b_bits: int
    signed: bool
    area_um2: float


@dataclass(frozen=True)
class Ratio:
    """Our area of a published circuit's function.

    Attributes:
        published: The circuit.
        area_um2: Ours.
        error: How far ours, times the one factor, is from the published area; a fraction of it.
    """

    published: Published
    area_um2: float
    error: float


def read_published(path: Path) -> list[Published]:
    """Circuits from a CSV file; lines that start with ``#`` say where it comes from."""
    lines = [t for t in path.read_text(encoding="utf-8").splitlines() if not t.startswith("#")]
    circuits = []
    for row in csv.DictReader(lines):
        if row["operation"] not in _OPERATIONS:
            raise HwdseError(f"{path}: operation {row['operation']!r} is none of {_OPERATIONS}")
        circuits.append(
            Published(
                name=row["name"],
                operation=row["operation"],
                a_bits=int(row["a_bits"]),
                b_bits=int(row["b_bits"]),
                signed=row["signed"] == "yes",
                area_um2=float(row["area_um2"]),
            )
        )
    return circuits


def area_ratios(circuits: Sequence[Published], technology: Technology) -> tuple[float, list[Ratio]]:
    """Map every circuit's function and compare.

    Returns:
        The factor from our areas to the published ones, and one ratio per circuit.
    """
    areas = list(_areas(circuits, technology))
    factor = statistics.median(c.area_um2 / a for c, a in zip(circuits, areas, strict=True))
    return factor, [
        Ratio(c, a, factor * a / c.area_um2 - 1) for c, a in zip(circuits, areas, strict=True)
    ]


def percentile(errors: Sequence[float], share: float) -> float:
    """The smallest of the magnitudes that at least this share of them does not exceed."""
    ordered = sorted(abs(e) for e in errors)
    return next(e for k, e in enumerate(ordered, 1) if k >= share * len(ordered) - 1e-9)


def _areas(circuits: Sequence[Published], technology: Technology) -> Iterator[float]:
    liberty, adder = tech.mapping_liberty(technology), tech.full_adder(technology)
    for circuit in circuits:
        yield flow.map_to_cells(_rtlil(circuit), liberty, Recipe("compact"), adder=adder).area_um2


def _rtlil(circuit: Published) -> str:
    kind = signed if circuit.signed else unsigned
    a, b = Signal(kind(circuit.a_bits), name="a"), Signal(kind(circuit.b_bits), name="b")
    value = a + b if circuit.operation == "add" else a * b
    y = Signal(value.shape(), name="y")
    module = Module()
    module.d.comb += y.eq(value)
    text: str = rtlil.convert(module, ports=[a, b, y], name="circuit", emit_src=False)
    return text
