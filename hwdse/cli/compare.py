"""`hwdse compare`: units side by side at equal throughput, and what was published of such."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwdse import pe
from hwdse.cli.compare_chart import shown_by, write_chart
from hwdse.cli.compare_files import write_cells, write_resources, write_tables
from hwdse.cli.compare_measured import on_cells, on_fpga
from hwdse.cli.compare_tables import known
from hwdse.cli.output import note, print_json, print_table, progress
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError
from hwdse.synth.devices import check_target, device, is_device

if TYPE_CHECKING:
    from hwdse.study.comparison import Comparison

__all__ = ["compare_units"]

DEFAULT_DOT_LENGTH = 32
_FILES = (".yaml", ".yml")
_SHOWN_OF_VALUES = ("values_per_cycle", "area_um2_per_value", "delay_ps", "energy_pj_per_value")
_SHOWN = (
    "macs_per_cycle",
    "area_um2_per_mac",
    "delay_ps",
    "area_um2_per_gmac_s",
    "energy_pj_per_mac",
    "energy_pj_per_dot",
)


def compare_units(
    specs: list[str],
    technology: str | None,
    directory: Path | None,
    *,
    operands: str | None,
    clock_ns: float | None,
    dot_length: int | None,
    jobs: int | None,
    json: bool,
) -> None:
    """Print designs side by side; write ``compare.csv``, ``.png``, ``.svg`` and ``claims.csv``.

    Where the file asks for a chart, also ``chart.csv``, ``.png`` and ``.svg``.

    Args:
        specs: Designs, or one comparison file.
        technology: What they are made of; by default what the file says.
        directory: Where to write the files; by default none.
        operands: Of the energy; by default what the file says, or ``uniform``.
        clock_ns: Clock to map for; by default what the file says, or each unit's own.
        dot_length: MACs of the dot product; by default what the file says, or 32.
        jobs: Threads.
        json: Print JSON.

    Raises:
        HwdseError: Bad specs, file, technology, conditions or directory.
    """
    from hwdse.files.output import make_directory
    from hwdse.study.claims import measure
    from hwdse.study.columns import check_columns_on

    asked = _asked(specs, technology, operands, clock_ns, dot_length)
    check_target(asked.technology)
    fpga = device(asked.technology) if is_device(asked.technology) else None
    if fpga is not None and any(given is not None for given in (operands, clock_ns, dot_length)):
        raise HwdseError(
            f"{asked.technology}: FPGAs have no energy and no clock target; leave --operands, "
            "--clock-ns and --dot-length out"
        )
    check_columns_on(asked.technology, fpga=fpga is not None, asked=asked.columns)
    measuring = on_cells(asked) if fpga is None else on_fpga(asked, fpga)
    if directory is not None:
        make_directory(directory)
    announce_compilation()
    with progress(len(asked.units)) as step:
        found = measuring(jobs, step)
    figures = {row["label"]: row for row in found.rows}
    claims = measure(asked.claims, asked.placed, figures)
    shown = None
    if asked.chart is not None:
        shown = shown_by(asked.chart, asked.placed, figures, found.addends)
    files = []
    if directory is not None:
        write_picture = write_cells if fpga is None else write_resources
        files = write_tables(directory, found.rows, claims)
        files += write_picture(directory, asked, found.rows, found.terms)
        if shown is not None:
            files += write_chart(directory, asked, shown, claims, found.terms)
    if json:
        print_json(
            {
                "name": asked.name,
                "tech": found.technology,
                "dot_length": asked.dot_length,
                "units": [
                    known(row) | {"provenance": found.origins[row["label"]]}
                    for row in found.rows
                    if row["label"] in found.origins
                ],
                "rows": [known(row) for row in found.rows if row["label"] not in found.origins],
                "claims": claims,
                "chart": None if shown is None else shown.document,
                "files": [str(path) for path in files],
            }
        )
        return
    if fpga is None:
        _print_units(found.rows)
    else:
        _print_units_on_fpga(found.rows)
    if claims:
        _print_claims(claims)
    note(found.terms if fpga else f"{found.terms}; energy_pj_per_dot: {asked.dot_length} MACs")
    for path in files:
        note(str(path))


def _asked(
    specs: list[str],
    technology: str | None,
    operands: str | None,
    clock_ns: float | None,
    dot_length: int | None,
) -> Comparison:
    """What the command line asks for, over what the file does."""
    from dataclasses import replace

    from hwdse.study.comparison import Comparison, read_comparison

    files = [spec for spec in specs if spec.endswith(_FILES)]
    if files and len(specs) > 1:
        raise HwdseError(f"compare takes specs, or one file: {files[0]} is not alone")
    if files:
        asked = read_comparison(Path(files[0]))
        return replace(
            asked,
            technology=technology or asked.technology,
            operands=operands or asked.operands,
            clock_ns=asked.clock_ns if clock_ns is None else clock_ns,
            dot_length=dot_length or asked.dot_length,
        )
    if technology is None:
        raise HwdseError("compare needs a technology for specs: add --tech, such as nangate45")
    units = {unit.canonical: unit for unit in map(pe.parse, specs)}
    return Comparison(
        name="Units at equal throughput",
        technology=technology,
        operands=operands or "uniform",
        clock_ns=clock_ns,
        dot_length=dot_length or DEFAULT_DOT_LENGTH,
        units=units,
        sums={},
        placed={label: {} for label in units},
    )


def _print_units(rows: list[dict[str, Any]]) -> None:
    from hwdse.cost.comparison import PARTS

    per_mac = [row for row in rows if row["macs_per_cycle"]]
    if per_mac:
        first = per_mac[0]
        print_table(
            ["unit", *_SHOWN, "area_ratio", "energy_ratio"],
            [
                [
                    row["label"],
                    *(row[column] for column in _SHOWN),
                    row["area_um2_per_mac"] / first["area_um2_per_mac"],
                    row["energy_pj_per_mac"] / first["energy_pj_per_mac"],
                ]
                for row in per_mac
            ],
        )
        areas = PARTS["area_um2_per_mac"].values()
        # Sums with a converter in them are not divided.
        divided = [row for row in per_mac if not any(math.isnan(row[name]) for name in areas)]
        parts = [name for name in areas if any(row[name] > 0 for row in divided)]
        print("\nArea by part")
        print_table(["unit", *parts], [[r["label"], *(r[p] for p in parts)] for r in divided])
    converters = [row for row in rows if row["values_per_cycle"]]
    if converters:
        print("\nConverters" if per_mac else "Converters")
        print_table(
            ["converter", *_SHOWN_OF_VALUES],
            [[row["label"], *(row[column] for column in _SHOWN_OF_VALUES)] for row in converters],
        )


def _print_units_on_fpga(rows: list[dict[str, Any]]) -> None:
    from hwdse.synth.fpga import RESOURCES

    for per, title in (("mac", ""), ("value", "Converters")):
        shown = [row for row in rows if row[f"{per}s_per_cycle"]]
        if not shown:
            continue
        if title:
            print(f"\n{title}")
        columns = [f"{per}s_per_cycle", *(f"{what}_per_{per}" for what in RESOURCES), "fmax_mhz"]
        cells = [[known(row)[column] for column in columns] for row in shown]
        print_table(
            ["unit", *columns],
            [
                [row["label"], *("-" if cell is None else cell for cell in line)]
                for row, line in zip(shown, cells, strict=True)
            ],
        )


def _print_claims(claims: list[dict[str, Any]]) -> None:
    print("\nPublished")
    print_table(
        ["claim", "of", "over", "column", "published", "measured"],
        [
            [c["claim"], c["of"], c["over"], c["column"], _range(c), _text(c["measured"])]
            for c in claims
        ],
    )


def _range(claim: dict[str, Any]) -> str:
    low, high = _text(claim["published_low"]), _text(claim["published_high"])
    return low if low == high else f"{low} to {high}"


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
