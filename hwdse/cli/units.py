"""`hwdse pe`, `export` and `cost`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hwdse import pe
from hwdse.cli.output import figure, note, print_json, print_table, progress
from hwdse.cli.synthesis import announce_compilation
from hwdse.interchange.figures import check_suffix, write_figures
from hwdse.pe.array import Array

__all__ = ["cost_units", "export_unit", "show"]

# Energies, and how often what they are about is done.
_WORK = (
    ("energy_pj_per_mac", "macs_per_cycle"),
    ("energy_pj_per_value", "values_per_cycle"),
)


def show(spec: str | None, *, json: bool) -> None:
    """Print the families, or one unit."""
    if spec is None:
        rows = [
            {"family": name, "summary": module.summary, "example": module.example}
            for name, module in pe.FAMILIES.items()
        ]
        if json:
            print_json(rows)
        else:
            print_table(
                ["family", "example", "what it is"],
                [[row["family"], row["example"], row["summary"]] for row in rows],
            )
        return
    unit = pe.parse(spec)
    document = describe(unit)
    if json:
        print_json(document)
        return
    keys = ["spec", "module", "latency_cycles", "initiation_interval"]
    keys += [key for key in ("macs_per_cycle", "values_per_cycle") if document[key]]
    for key in keys:
        print(f"{key}: {document[key]}")
    if unit.no_rtl:
        print(f"rtl: none: {unit.no_rtl}")
    print()
    print_table(
        ["port", "direction", "width", "meaning"],
        [[p["name"], p["direction"], p["width"], p["meaning"]] for p in document["ports"]],
    )


def describe(unit: pe.Design) -> dict[str, Any]:
    """A unit as a JSON document."""
    clocking = [
        {
            "name": "clk",
            "direction": "input",
            "width": 1,
            "meaning": "clock, rising edge",
            "lanes": 1,
        },
        {
            "name": "rst",
            "direction": "input",
            "width": 1,
            "meaning": "synchronous reset of the valid bits only",
            "lanes": 1,
        },
    ]
    return {
        "spec": unit.canonical,
        "family": unit.family,
        "module": unit.module_name,
        "ports": clocking + [port.to_json() for port in unit.ports],
        "latency_cycles": unit.latency,
        "initiation_interval": unit.initiation_interval,
        "macs_per_cycle": unit.macs_per_cycle,
        "values_per_cycle": unit.values_per_cycle,
        "no_rtl": unit.no_rtl or None,
        "accumulator": _accumulator(unit),
        "handshake": _handshake(unit),
    }


def _accumulator(design: pe.Design) -> dict[str, Any] | None:
    if isinstance(design, Array):
        design = design.pe
    if not isinstance(design, pe.Unit):
        return None
    acc = design.accumulator
    return {
        "name": acc.name,
        "width": acc.width,
        "lsb_exponent": getattr(acc, "lsb_exponent", None),
        "meaning": acc.meaning,
    }


def _handshake(design: pe.Design) -> str:
    if isinstance(design, Array):
        return design.protocol
    said = ["an element is taken at each rising clk with in_valid high"]
    if design.initiation_interval > 1:
        said.append(
            f"the next one at least {design.initiation_interval} cycles later; until then operands "
            "stay as they are, and in_valid is low"
        )
    if design.clears:
        said.append("clear marks the first element of a sum")
    names = " and ".join(result.name for result in design.results)
    said.append(f"out_valid is high, and {names} valid, latency_cycles later")
    if not design.holds:
        said.append("in that cycle alone")
    return "; ".join(said)


def export_unit(spec: str, directory: Path, *, flow: str, testbench: bool) -> None:
    """Write a unit's files."""
    from hwdse.export import export

    unit = pe.parse(spec)
    announce_compilation()
    for path in export(unit, directory, flow=flow, testbench=testbench):
        print(path)


def cost_units(
    specs: list[str],
    technology: str,
    *,
    source: str,
    operands: str,
    clock_ns: float | None,
    activity: str,
    confidence: float,
    output: Path | None,
    jobs: int | None,
    json: bool,
) -> None:
    """Cost units, print their figures, and write them to ``output`` where it is given."""
    from hwdse.cost import evaluate

    if output is not None:
        check_suffix(output)
    units = [pe.parse(spec) for spec in specs]
    if source != "table":
        announce_compilation()
    with progress(len(set(units))) as step:
        frame = evaluate(
            specs,
            technology,
            source=source,
            distribution=operands,
            clock_ns=clock_ns,
            activity=activity,
            confidence=confidence,
            jobs=jobs,
            on_done=step,
        )
    # What a design has no figure of: of converters energy per MAC, of all else energy per value.
    rows: list[dict[str, Any]] = [
        {str(name): None if value != value else value for name, value in row.items()}
        for row in frame.to_dict(orient="records")
    ]
    if output is not None:
        note(str(write_figures(rows, output)))
    if json:
        print_json(rows)
        return
    columns = ["area_um2", "delay_ps", "leakage_uw", "cells"]
    for energy, rate in _WORK:
        if any(row[energy] is not None for row in rows):
            columns += [energy, rate]
    print_table(
        ["spec", "source", *columns],
        [[row["spec"], row["source"], *(_cell(row, c) for c in columns)] for row in rows],
    )
    if rows and source == "table":
        known = rows[0]["provenance"]
        note(f"{known['table']}; {known['conditions']}; left out: {known['left_out']}")
    elif rows:
        known = rows[0]["provenance"]
        note(
            f"{rows[0]['tech']}, {known['operands']}; {known['activity']}; wires: {known['wires']}"
        )
        for row in rows:
            if "array" in row["provenance"]:
                note(f"{row['spec']}: {_of_array(row['provenance']['array'])}")
            _note_interval(row)


# Figures with intervals that a fitted row is shown with.
_FITTED = ("area_um2", "delay_ps")


def _note_interval(row: dict[str, Any]) -> None:
    """Say what a user should know of how wide a row's intervals are."""
    known = row["provenance"]
    if row["source"] == "fit":
        columns = (*_FITTED, "energy_pj_per_mac") if row["macs_per_cycle"] else _FITTED
        ends = (f"{c} {figure(row[c + '_low'])} to {figure(row[c + '_high'])}" for c in columns)
        note(f"{row['spec']}: {known['model']}; {', '.join(ends)} ({known['interval']})")
    elif known.get("energy_half_width", 0.0) > known.get("energy_half_width_wanted", 0.0):
        note(
            f"{row['spec']}: the energy's interval is {known['energy_half_width']:.2%} wide to "
            f"either side after {known['glitch_vectors']} vectors, not "
            f"{known['energy_half_width_wanted']:.2%}"
        )


def _of_array(split: dict[str, Any]) -> str:
    """How the figures of an array divide."""
    return (
        f"a PE has {split['pe_area_um2']:.4g} um2 (the unit alone "
        f"{split['unit_alone_area_um2']:.4g}) and takes {split['pe_energy_pj_per_cycle']:.4g} pJ a "
        f"cycle; {split['registers_area_share']:.1%} of the area are registers, "
        f"{split['array_overhead_area_share']:.1%} is what the array adds to its units; around "
        f"the PEs are {split['around_area_um2']:.4g} um2 and {split['around_energy_share']:.1%} of "
        "the energy"
    )


def _cell(row: dict[str, Any], column: str) -> Any:
    """A figure; a dash where there is none."""
    value = row[column]
    return "-" if value is None or (value == 0 and column.endswith("_per_cycle")) else value
