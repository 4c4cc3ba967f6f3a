"""`hwdse curve`: area of a unit over clock targets."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hwdse import pe
from hwdse.cli.output import figure, note, print_json, print_table, progress
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError

__all__ = ["draw_curve"]

_MAX_TARGETS = 200


def draw_curve(
    spec: str,
    technology: str,
    directory: Path,
    *,
    points: int,
    clocks_ns: list[float],
    wire_load: str,
    jobs: int | None,
    json: bool,
) -> None:
    """Map a unit for several clocks; write ``curve.csv``, ``mappings.csv``, ``.png`` and ``.svg``.

    A target that no mapping meets is reported with what was achieved.

    Raises:
        HwdseError: Bad spec, technology, clocks, wire load or directory.
        ExternalToolError: A mapping does not compute what the unit does.
    """
    import rtl
    from hwdse import tech
    from hwdse.files.output import make_directory, write_text
    from hwdse.report.curve_figure import save_curve_figure
    from hwdse.synth.curve import curve_over_clocks
    from hwdse.synth.wireload import parse_wires

    unit = pe.parse(spec)
    targets = [_picoseconds(clock) for clock in clocks_ns]
    if len(targets) > _MAX_TARGETS:
        raise HwdseError(f"{len(targets)} clock targets: give at most {_MAX_TARGETS}")
    library = tech.load(technology)
    wires = parse_wires(wire_load, library)
    make_directory(directory)
    announce_compilation()
    rtlil = rtl.to_rtlil(unit)
    threads = jobs or os.cpu_count() or 1
    with progress(3 + (len(set(targets)) or points)) as step:
        curve = curve_over_clocks(
            library,
            targets or points,
            _kept_and_checked(unit, rtlil, library),
            wires=wires,
            jobs=threads,
            on_done=step,
        )
    rows = [{"clock_ps": c.clock_ps, "met": c.met, **_row(c.chosen)} for c in curve.closings]
    mappings = [{**_row(p), "pareto": p in curve.pareto} for p in curve.points]
    written = [
        write_text(directory / "curve.csv", _csv(rows)),
        write_text(directory / "mappings.csv", _csv(mappings)),
        *save_curve_figure(
            _picture(unit, library.name, wires.description, curve), directory / "curve"
        ),
    ]
    if json:
        print_json(
            {
                "spec": unit.canonical,
                "tech": library.name,
                "points": rows,
                "mappings": mappings,
                "provenance": _provenance(library, rtlil, wires.description),
                "files": [str(path) for path in written],
            }
        )
    else:
        print_table(
            ["clock ps", "met", "recipe", "area um2", "delay ps", "fmax MHz", "cells"],
            [
                [r["clock_ps"], "yes" if r["met"] else "no", r["recipe"], r["area_um2"],
                 r["delay_ps"], r["fmax_mhz"], r["cells"]]
                for r in rows
            ],
        )  # fmt: skip
        for path in written:
            note(str(path))
    missed = [row for row in rows if not row["met"]]
    if missed:
        best = min(row["delay_ps"] for row in missed)
        note(
            f"{len(missed)} of {len(rows)} targets were not met; "
            f"the fastest mapping has {figure(best)} ps"
        )


def _picoseconds(clock_ns: float) -> float:
    if not (math.isfinite(clock_ns) and clock_ns > 0):
        raise HwdseError(f"clock of {clock_ns} ns: give a finite period of more than 0 ns")
    return clock_ns * 1e3


def _kept_and_checked(unit: pe.Design, rtlil: str, technology: Any) -> Callable[[Any], Any]:
    """Mapping by recipe, from the store where it is there; compared with the unit's reference."""
    from hwdse.cost.analysis import checked_program
    from hwdse.cost.mapping import kept_mappings
    from hwdse.cost.store import Store
    from hwdse.synth import flow
    from hwdse.synth.netlist import read_netlist

    store = Store()
    kept = kept_mappings(rtlil, technology, store)

    def map_with(recipe: Any) -> flow.Mapped:
        mapped = kept(recipe)
        key = flow.mapping_key(rtlil, technology.sha256, recipe)
        if store.get("checked", key) is None:
            _, checked = checked_program(unit, read_netlist(mapped.netlist), technology)
            store.put("checked", key, {"vectors": checked.vectors})
        return mapped

    return map_with


def _row(point: Any) -> dict[str, Any]:
    return {
        "recipe": point.recipe.name,
        "recipe_target_ps": point.recipe.clock_ps,
        "area_um2": point.area_um2,
        "delay_ps": point.delay_ps,
        "fmax_mhz": point.timing.fmax_mhz,
        "cells": sum(point.mapped.cell_counts.values()),
    }


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _picture(unit: pe.Design, technology: str, wires: str, curve: Any) -> Any:
    from hwdse.report.curve_figure import CurvePicture
    from hwdse.synth.recipe import RECIPES

    by_recipe = {
        name: [(p.delay_ps, p.area_um2) for p in curve.points if p.recipe.name == name]
        for name in RECIPES
    }
    return CurvePicture(
        title=f"{unit.canonical} on {technology}",
        subtitle=f"mapped netlists; wires: {wires}",
        points={name: known for name, known in by_recipe.items() if known},
        pareto=[(p.delay_ps, p.area_um2) for p in curve.pareto],
        missed=[c.clock_ps for c in curve.closings if not c.met],
    )


def _provenance(technology: Any, rtlil: str, wires: str) -> dict[str, Any]:
    from hwdse.synth.flow import recipe_text
    from hwdse.synth.recipe import RECIPES, Recipe
    from hwdse.synth.yosys import yosys_version

    return {
        "synthesis": yosys_version(),
        "recipes_sha256": {
            name: hashlib.sha256(recipe_text(Recipe(name)).encode()).hexdigest() for name in RECIPES
        },
        "rtlil_sha256": hashlib.sha256(rtlil.encode()).hexdigest(),
        "technology_sha256": technology.sha256,
        "corner": asdict(technology.corner),
        "wires": wires,
        "timing": "ideal clock; input and output delays of zero; hold not analysed",
    }
