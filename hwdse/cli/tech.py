"""`hwdse tech` and `hwdse tech import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hwdse import tech
from hwdse.cli.output import note, print_json, print_table
from hwdse.errors import HwdseError

__all__ = ["import_files", "show"]


# Columns of the table: heading, key of the summary's figures.
_COLUMNS = (
    ("nand2_um2", "nand2_area_um2"),
    ("full_adder_um2", "full_adder_area_um2"),
    ("fo4_ps", "fo4_ps"),
    ("nand2_fj", "nand2_energy_fj"),
    ("nand2_leak_nw", "nand2_leakage_nw"),
    ("dff_um2", "flip_flop_area_um2"),
    ("clk_to_q_ps", "clock_to_q_ps"),
    ("setup_ps", "setup_ps"),
    ("clk_fj", "clock_energy_fj"),
)


def show(words: list[str], *, json: bool) -> None:
    """Print one technology beside those shipped, or a table of those shipped."""
    if len(words) > 1:
        raise HwdseError(f"one technology at a time, not {len(words)}; or `hwdse tech import FILE`")
    chosen = [tech.summarise(tech.load(name)) for name in words]
    others = [tech.summarise(tech.load(name)) for name in tech.names() if name not in words]
    if json:
        print_json(chosen[0] | {"beside": _beside(others)} if chosen else others)
        return
    for summary in chosen:
        print_table(["property", "value"], [[k, _text(v)] for k, v in _flat(summary).items()])
        print()
    _print_comparison([*chosen, *others])


def _beside(summaries: list[dict[str, Any]]) -> dict[str, Any]:
    return {s["name"]: {"corner": s["corner"]} | s["figures"] for s in summaries}


def _flat(summary: dict[str, Any]) -> dict[str, Any]:
    """Figures of merit as properties of their own."""
    found = {k: v for k, v in summary.items() if k != "figures"}
    return found | {k: v for k, v in summary["figures"].items() if v is not None}


def _print_comparison(summaries: list[dict[str, Any]]) -> None:
    header = ["name", "cells", "supply_v", *(heading for heading, _ in _COLUMNS)]
    rows = []
    for summary in summaries:
        figures = [summary["figures"][key] for _, key in _COLUMNS]
        rows.append(
            [
                summary["name"],
                summary["cells"],
                summary["corner"]["voltage_v"],
                *("-" if value is None else value for value in figures),
            ]
        )
    print_table(header, rows)
    print(
        "Smallest cell of each kind, at the slews and load of its FO4 chain (an inverter driving "
        "four of its kind),\nthe NAND2 driving four of its inputs; no wires. clk_fj: per cycle, "
        "data at rest."
    )


def import_files(
    files: list[str],
    output: Path | None,
    *,
    name: str | None,
    licence: str,
    url: str,
    description: str,
    dont_use: list[str],
    json: bool,
) -> None:
    """Import Liberty files as one technology."""
    if not files:
        raise HwdseError("tech import: give at least one Liberty file (.lib or .lib.gz)")
    if output is None:
        raise HwdseError("tech import: give the YAML file to write with -o FILE.yaml")
    result = tech.import_liberty(
        [Path(file) for file in files],
        name=name or output.stem,
        licence=licence,
        url=url,
        description=description,
        dont_use=dont_use,
    )
    tech.write(result, output)
    for cell, reason in result.dropped.items():
        note(f"left out {cell}: {reason}")
    for line in result.notes:
        note(f"note: {line}")
    summary = tech.summarise(result.technology)
    if json:
        print_json(summary | {"left_out": result.dropped})
    else:
        print(f"{output}: {len(result.technology.cells)} cells, {len(result.dropped)} left out")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}={_text(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_text(v) for v in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
