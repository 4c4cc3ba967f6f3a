"""`hwdse compare`: units side by side at equal throughput, and what was published of such."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwdse import pe, tech
from hwdse.cli.output import note, print_json, print_table, progress
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError

if TYPE_CHECKING:
    from hwdse.study.comparison import Comparison

__all__ = ["compare_units"]

DEFAULT_DOT_LENGTH = 32
_FILES = (".yaml", ".yml")
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
    """Print units side by side; write ``compare.csv``, ``.png``, ``.svg`` and ``claims.csv``.

    Args:
        specs: Units, or one comparison file.
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
    from hwdse.cost.comparison import compare
    from hwdse.cost.conditions import Conditions
    from hwdse.cost.operands import operands as chosen
    from hwdse.files.output import make_directory

    asked = _asked(specs, technology, operands, clock_ns, dot_length)
    library = tech.load(asked.technology)
    conditions = Conditions(chosen(asked.operands), asked.clock_ns)
    if directory is not None:
        make_directory(directory)
    announce_compilation()
    with progress(len(asked.units)) as step:
        found = compare(
            asked.units,
            library,
            conditions,
            dot_length=asked.dot_length,
            jobs=jobs,
            on_done=step,
        )
    rows = [one.to_json() for one in found]
    claims = _claims(asked, rows)
    provenance = found[0].cost.provenance
    terms = f"{library.name}, {provenance['operands']}; {provenance['activity']}"
    files = _write(directory, asked, rows, claims, terms) if directory is not None else []
    if json:
        print_json(
            {
                "name": asked.name,
                "tech": library.name,
                "dot_length": asked.dot_length,
                "units": [
                    row | {"provenance": one.cost.provenance}
                    for row, one in zip(rows, found, strict=True)
                ],
                "claims": claims,
                "files": [str(path) for path in files],
            }
        )
        return
    _print_units(rows)
    if claims:
        _print_claims(claims)
    note(f"{terms}; energy_pj_per_dot: {asked.dot_length} MACs")
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
    from hwdse.study.reading import as_unit

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
    units = {unit.canonical: unit for unit in (as_unit(pe.parse(spec)) for spec in specs)}
    return Comparison(
        name="Units at equal throughput",
        description="",
        technology=technology,
        operands=operands or "uniform",
        clock_ns=clock_ns,
        dot_length=dot_length or DEFAULT_DOT_LENGTH,
        units=units,
        claims=(),
    )


def _claims(asked: Comparison, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each published ratio beside the measured one."""
    figures = {row["label"]: row for row in rows}
    return [
        {
            "claim": claim.claim,
            "source": claim.source,
            "column": claim.column,
            "of": claim.of,
            "over": claim.over,
            "published_low": claim.low,
            "published_high": claim.high,
            "measured": figures[claim.of][claim.column] / figures[claim.over][claim.column],
        }
        for claim in asked.claims
    ]


def _print_units(rows: list[dict[str, Any]]) -> None:
    print_table(
        ["unit", *_SHOWN, "area_ratio", "energy_ratio"],
        [
            [
                row["label"],
                *(row[column] for column in _SHOWN),
                row["area_um2_per_mac"] / rows[0]["area_um2_per_mac"],
                row["energy_pj_per_mac"] / rows[0]["energy_pj_per_mac"],
            ]
            for row in rows
        ],
    )
    parts = [name for name in rows[0] if name.endswith("_um2_per_mac") and name != _SHOWN[1]]
    shown = [name for name in parts if any(row[name] for row in rows)]
    print("\nArea by part")
    print_table(["unit", *shown], [[row["label"], *(row[p] for p in shown)] for row in rows])


def _print_claims(claims: list[dict[str, Any]]) -> None:
    print("\nPublished ratios")
    print_table(
        ["claim", "of", "over", "column", "published", "measured"],
        [[c["claim"], c["of"], c["over"], c["column"], _range(c), c["measured"]] for c in claims],
    )


def _range(claim: dict[str, Any]) -> str:
    low, high = claim["published_low"], claim["published_high"]
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def _write(
    directory: Path,
    asked: Comparison,
    rows: list[dict[str, Any]],
    claims: list[dict[str, Any]],
    terms: str,
) -> list[Path]:
    from hwdse.cost.comparison import ENERGY_PARTS
    from hwdse.cost.parts import ROLES
    from hwdse.files.output import write_text
    from hwdse.report.compare_figure import ComparePicture, save_compare_figure

    picture = ComparePicture(
        title=asked.name,
        subtitle=terms,
        labels=[row["label"] for row in rows],
        area_um2={role: [row[f"{role}_um2_per_mac"] for row in rows] for role in ROLES},
        delay_ps=[row["delay_ps"] for row in rows],
        energy_pj={
            part: [row[f"{part}_pj_per_mac"] * asked.dot_length for row in rows]
            for part in ENERGY_PARTS
        },
        energy_label=f"energy (pJ per dot product of {asked.dot_length})",
    )
    written = [write_text(directory / "compare.csv", _csv(rows))]
    if claims:
        written.append(write_text(directory / "claims.csv", _csv(claims)))
    written += [save_compare_figure(picture, directory / f"compare.{s}") for s in ("png", "svg")]
    return written


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
