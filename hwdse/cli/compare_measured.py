"""What `hwdse compare` sets side by side: rows of figures, on standard cells or on an FPGA."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hwdse import tech
from hwdse.errors import HwdseError
from hwdse.synth.devices import Device

if TYPE_CHECKING:
    from hwdse.study.comparison import Comparison

__all__ = ["Measured", "Measuring", "on_cells", "on_fpga"]


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        technology: Its name.
        terms: Under what conditions, in words.
        rows: Figures of each row.
        addends: Of sums: by column, what each addend adds.
        origins: Provenance of each unit, by its label.
    """

    technology: str
    terms: str
    rows: list[dict[str, Any]]
    addends: dict[str, dict[str, dict[str, float]]]
    origins: dict[str, dict[str, Any]]


Measuring = Callable[[int | None, Callable[[str], None]], Measured]
"""Takes the threads, and what to call with each label as it is finished."""


def on_cells(asked: Comparison) -> Measuring:
    """How units are measured on standard cells.

    Raises:
        HwdseError: An unknown technology, conditions that make no sense, or options of FPGAs.
    """
    from hwdse.cost.comparison import add, compare
    from hwdse.cost.conditions import Conditions
    from hwdse.cost.operands import operands

    if asked.fpga is not None:
        raise HwdseError(f"fpga: {asked.technology} is no FPGA; leave it out")
    library = tech.load(asked.technology)
    conditions = Conditions(operands(asked.operands), asked.clock_ns)

    def measured(jobs: int | None, step: Callable[[str], None]) -> Measured:
        found = compare(
            asked.units,
            library,
            conditions,
            dot_length=asked.dot_length,
            jobs=jobs,
            on_done=step,
        )
        rows, addends = [one.figures() for one in found], {}
        among = {one.label: one for one in found}
        for label, counts in asked.sums.items():
            row, addends[label] = add(label, counts, among)
            rows.append(row)
        provenance = found[0].cost.provenance
        return Measured(
            library.name,
            f"{library.name}, {provenance['operands']}; {provenance['activity']}",
            _completed(asked, rows),
            addends,
            {one.label: one.cost.provenance for one in found},
        )

    return measured


def on_fpga(asked: Comparison, where: Device) -> Measuring:
    """How units are measured on an FPGA.

    Raises:
        HwdseError: What was asked for is of standard cells.
    """
    from hwdse.cost.fpga_comparison import compare_on_fpga
    from hwdse.study.comparison import FpgaOptions

    if asked.sums:
        raise HwdseError(f"rows.{min(asked.sums)}: there are no sums on FPGAs; leave it out")
    if asked.clock_ns is not None:
        raise HwdseError(f"{asked.technology}: FPGAs have no clock target; leave clock_ns out")

    options = asked.fpga or FpgaOptions()

    def measured(jobs: int | None, step: Callable[[str], None]) -> Measured:
        found = compare_on_fpga(
            asked.units, where, dsp=options.dsp, place=options.place, jobs=jobs, on_done=step
        )
        provenance = found[0].cost.provenance
        blocks = "with DSP blocks" if provenance["dsp_blocks"] else "without DSP blocks"
        placed = provenance["place_and_route"] or "not placed and routed"
        return Measured(
            where.name,
            f"{where.name}, {blocks}; {provenance['synthesis']}, {placed}",
            _completed(asked, [one.figures() for one in found]),
            {},
            {one.label: one.cost.provenance for one in found},
        )

    return measured


def _completed(asked: Comparison, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with what operands and accumulators say, and those that are one of several."""
    from hwdse.study.columns import least_of, operand_figures

    whole = [row | operand_figures(asked.units.get(row["label"])) for row in rows]
    among = {row["label"]: row for row in whole}
    least = [
        least_of(label, column, [among[name] for name in names])
        for label, (column, names) in asked.least.items()
    ]
    return whole + least
