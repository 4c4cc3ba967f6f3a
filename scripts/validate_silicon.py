"""Area, delay, leakage and energy of mapped units beside OpenSTA's on the original Liberty files.

Usage: python scripts/validate_silicon.py --liberty DIR [--units SPEC...] [--technologies NAME...]

Every unit is mapped by hwdse's own flow. The netlist then goes to OpenSTA ('sta', on Debian: apt
install opensta) with the Liberty files that the technology was imported from, at the same
transitions at inputs and clock, the same wire load and the same switching of every net. A second
table compares areas of adders and multipliers with published ones. Exit code 1: a bound is broken.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path

from published_circuits import area_ratios, percentile, read_published
from silicon_comparison import Row, compare, unpacked

from hwdse import tech
from hwdse.errors import ExternalToolError, HwdseError
from hwdse.tech.model import Technology

TECHNOLOGIES = ("nangate45", "asap7", "sky130hd", "gt2n")
UNITS = (
    "mac:w=int8,a=int8",
    "mac:w=int4,a=int4",
    "mac:w=int4,a=int8,acc=exact",
    "mac:w=uint4,a=uint8,pipeline=1",
    "mac:w=ternary,a=int8",
    "mac:w=int16,a=int16,acc=exact,pipeline=2",
    "mac:w=e4m3,a=e4m3,acc=fp32",
    "mac:w=e4m3,a=e4m3,acc=exact",
    "mac:w=e5m2,a=e5m2,acc=fp32",
    "mac:w=e5m2,a=e5m2,acc=fp16",
    "mac:w=e3m2,a=e3m2,acc=fp32",
    "mac:w=e2m3,a=e2m3,acc=exact",
    "mac:w=e2m1,a=e2m1,acc=exact,pipeline=1",
    "mac:w=e2m1,a=e4m3,acc=fp32,pipeline=2",
    "mac:w=fp16,a=fp16,acc=fp32",
    "mac:w=bf16,a=bf16,acc=fp32",
    "dot:w=int4,a=int8,lanes=4",
    "dot:w=int8,a=int8,lanes=4,pipeline=1",
    "dot:w=int2,a=int8,lanes=8",
    "dot:w=int4,a=int8,lanes=16,acc=exact",
    "lmul:w=e4m3,a=e4m3,acc=fp32",
    "lmul:w=e5m2,a=e5m2,acc=exact",
    "lmul:w=bf16,a=bf16,acc=fp32,pipeline=1",
)
PUBLISHED = Path(__file__).parents[1] / "tests/synth/data/evoapproxlib_45nm_exact.csv"
PUBLISHED_TECHNOLOGY = "nangate45"
PUBLISHED_MEDIAN, PUBLISHED_P90 = 0.08, 0.20


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    rows: list[Row] = []
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.technologies:
            technology = tech.load(name)
            liberty = unpacked(options.liberty, technology, Path(temporary))
            for spec in options.units:
                try:
                    row = _within(options.time_limit, spec, technology, liberty)
                except HwdseError as error:
                    failures.append(f"{spec} on {name}: {error}")
                    print(f"error: {failures[-1]}", file=sys.stderr)
                    continue
                rows.append(row)
                print(f"{spec} on {name}: {row.seconds:.1f} s", file=sys.stderr)
    published = None
    if options.published is not None:
        circuits = read_published(options.published)
        factor, ratios = area_ratios(circuits, tech.load(PUBLISHED_TECHNOLOGY))
        errors = [r.error for r in ratios]
        published = {
            "technology": PUBLISHED_TECHNOLOGY,
            "factor": factor,
            "median_error": statistics.median(abs(e) for e in errors),
            "p90_error": percentile(errors, 0.9),
            "circuits": [asdict(r) for r in ratios],
        }
    if options.output is not None:
        options.output.mkdir(parents=True, exist_ok=True)
        _write_csv(options.output / "silicon.csv", [_flat(r) for r in rows])
        if published is not None:
            _write_csv(options.output / "published.csv", [_flat_ratio(r) for r in ratios])
    if options.json:
        document = {"rows": [_flat(r) for r in rows], "failures": failures, "published": published}
        print(json.dumps(document, indent=2))
    else:
        print(silicon_table(rows))
        if published is not None:
            print(published_table(published))
    off = published is not None and (
        published["median_error"] > PUBLISHED_MEDIAN or published["p90_error"] > PUBLISHED_P90
    )
    return 1 if failures or off or any(r.broken() for r in rows) else 0


def silicon_table(rows: Sequence[Row]) -> str:
    """A line for every row, then medians and worst cases by technology; in Markdown."""
    figures = ("area_um2", "delay_ps", "leakage_nw", "switching_fj", "internal_fj", "dynamic_fj")
    lines = [
        "| unit | technology | cells | area um2 | delay ps | leakage nW | switching fJ "
        "| internal fJ | dynamic fJ |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        cells = [
            f"{getattr(row.ours, f):.5g} ({row.deviation(f):+.2%}{'!' * (f in row.broken())})"
            for f in figures
        ]
        lines.append(f"| {row.unit} | {row.technology} | {row.cells} | {' | '.join(cells)} |")
    for name in dict.fromkeys(row.technology for row in rows):
        of = [row for row in rows if row.technology == name]
        summary = [
            f"{statistics.median(abs(r.deviation(f)) for r in of):.2%} / "
            f"{max(abs(r.deviation(f)) for r in of):.2%}"
            for f in figures
        ]
        lines.append(f"| median / worst | {name} | {len(of)} units | {' | '.join(summary)} |")
    return "\n".join([*lines, "", "Bracketed: deviation from OpenSTA; ! beyond its bound.", ""])


def published_table(published: Mapping[str, object]) -> str:
    """Areas of published circuits beside ours times the one factor, in Markdown."""
    circuits = published["circuits"]
    assert isinstance(circuits, list)
    lines = ["| circuit | published um2 | ours um2 | error |", "|---|--:|--:|--:|"]
    for ratio in circuits:
        circuit = ratio["published"]
        lines.append(
            f"| {circuit['name']} | {circuit['area_um2']:.1f} | {ratio['area_um2']:.2f} "
            f"| {ratio['error']:+.1%} |"
        )
    return "\n".join(
        [
            *lines,
            "",
            f"One factor of {published['factor']:.3f}; median error {published['median_error']:.1%}"
            f" (bound {PUBLISHED_MEDIAN:.0%}), 90th percentile {published['p90_error']:.1%} "
            f"(bound {PUBLISHED_P90:.0%}).",
        ]
    )


def _within(seconds: float, spec: str, technology: Technology, liberty: Sequence[Path]) -> Row:
    """Compare in a process of its own, which can be stopped.

    Raises:
        ExternalToolError: It did not end in time.
        HwdseError: What the comparison raised.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, spec, technology, liberty, seconds))
    process.start()
    sender.close()
    try:
        answer = receiver.recv() if receiver.poll(seconds) else None
    except EOFError:
        answer = ExternalToolError("the comparison ended without a result")
    process.terminate()
    process.join()
    if answer is None:
        raise ExternalToolError(f"stopped after {seconds:g} s")
    if isinstance(answer, HwdseError):
        raise answer
    assert isinstance(answer, Row)
    return answer


def _send(
    sender: Connection,
    spec: str,
    technology: Technology,
    liberty: Sequence[Path],
    seconds: float,
) -> None:
    try:
        sender.send(compare(spec, technology, liberty, seconds=seconds))
    except HwdseError as error:
        sender.send(error)


def _flat(row: Row) -> dict[str, object]:
    flat: dict[str, object] = {
        "unit": row.unit,
        "technology": row.technology,
        "cells": row.cells,
    }
    for figure in ("area_um2", "delay_ps", "leakage_nw", "switching_fj", "internal_fj"):
        flat[figure] = getattr(row.ours, figure)
        flat[f"reference_{figure}"] = getattr(row.reference, figure)
        flat[f"deviation_{figure}"] = row.deviation(figure)
    flat["deviation_dynamic_fj"] = row.deviation("dynamic_fj")
    flat["broken"] = " ".join(row.broken())
    flat["seconds"] = round(row.seconds, 2)
    return flat


def _flat_ratio(ratio: object) -> dict[str, object]:
    flat = asdict(ratio)  # type: ignore[call-overload]
    circuit = flat.pop("published")
    return {f"published_{key}": value for key, value in circuit.items()} | flat


def _write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        if rows:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--liberty", type=Path, required=True, metavar="DIR", help="original Liberty files")
    add("--units", nargs="+", default=list(UNITS), metavar="SPEC")
    add("--technologies", nargs="+", default=list(TECHNOLOGIES), metavar="NAME")
    add("-o", "--output", type=Path, metavar="DIR", help="write silicon.csv and published.csv")
    add("--published", type=Path, default=PUBLISHED, metavar="CSV", help="published circuits")
    add("--no-published", dest="published", action="store_const", const=None)
    add("--time-limit", type=float, default=300.0, metavar="S", help="for each unit")
    add("--json", action="store_true", help="print one JSON document")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except HwdseError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
