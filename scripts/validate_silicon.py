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
import gzip
import json
import multiprocessing
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from opensta import run_opensta
from opensta_power import Activity, internal_fj, leakage_nw, switching_fj
from published_circuits import area_ratios, percentile, read_published

import rtl
from hwdse import pe, tech
from hwdse.cost.operands import operands
from hwdse.errors import ExternalToolError, HwdseError
from hwdse.pe import Unit
from hwdse.synth import flow
from hwdse.synth.netlist import Instance, Netlist, cell_models, read_netlist
from hwdse.synth.power import energy_weights, leakage_uw
from hwdse.synth.simulate import Simulator, compile_netlist, pack
from hwdse.synth.timing import analyse_timing
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
# Largest deviation allowed, as a fraction of the reference; the sum of areas must be the same but
# for its rounding.
BOUNDS = {"area_um2": 1e-6, "delay_ps": 0.05, "leakage_nw": 0.05, "dynamic_fj": 0.10}
PUBLISHED_MEDIAN, PUBLISHED_P90 = 0.08, 0.20
_STEPS, _SUMS = 64, 1024
_SEED = 4
_AREA = re.compile(
    r"\bcell\s*\(\s*\"?([^\s\"()]+)\"?\s*\)\s*\{.*?\barea\s*:\s*\"?([\d.eE+-]+)", re.DOTALL
)


@dataclass(frozen=True)
class Figures:
    """Figures of one netlist; energies are those of one clock cycle."""

    area_um2: float
    delay_ps: float
    leakage_nw: float
    switching_fj: float
    internal_fj: float

    @property
    def dynamic_fj(self) -> float:
        """Switching and internal energy."""
        return self.switching_fj + self.internal_fj


@dataclass(frozen=True)
class Row:
    """One unit on one technology."""

    unit: str
    technology: str
    cells: int
    ours: Figures
    reference: Figures
    seconds: float

    def deviation(self, figure: str) -> float:
        """Ours over the reference's, less one."""
        reference: float = getattr(self.reference, figure)
        ours: float = getattr(self.ours, figure)
        if reference == 0:
            return 0.0 if ours == 0 else float("inf")
        return ours / reference - 1

    def broken(self) -> list[str]:
        """Figures whose deviation is beyond its bound."""
        return [f for f, bound in BOUNDS.items() if not abs(self.deviation(f)) <= bound]


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


def compare(spec: str, technology: Technology, liberty: Sequence[Path], *, seconds: float) -> Row:
    """Map a unit, and hold our figures against OpenSTA's."""
    started = time.perf_counter()
    unit = pe.parse(spec)
    mapped = flow.map_to_cells(rtl.to_rtlil(unit), tech.mapping_liberty(technology))
    module = dict(mapped.netlist)
    # Names that Verilog takes as they are.
    module["cells"] = {f"u{k}": cell for k, cell in enumerate(mapped.netlist["cells"].values())}
    netlist = read_netlist(module)
    activity = count_switching(unit, netlist, technology)
    ours, reference = both(netlist, technology, liberty, activity, seconds=seconds)
    elapsed = time.perf_counter() - started
    return Row(spec, technology.name, len(netlist.instances), ours, reference, elapsed)


def both(
    netlist: Netlist,
    technology: Technology,
    liberty: Sequence[Path],
    activity: Activity,
    *,
    seconds: float,
) -> tuple[Figures, Figures]:
    """Our figures of a netlist, and OpenSTA's."""
    timing = analyse_timing(netlist, technology)
    weights = energy_weights(netlist, technology, timing)
    settled = activity.toggles[: netlist.net_count]
    clock_load_fj = timing.load_ff[netlist.inputs["clk"][0]] * technology.corner.voltage_v**2
    ours = Figures(
        area_um2=sum(technology.cells[i.kind].area_um2 for i in netlist.instances),
        delay_ps=timing.delay_ps,
        leakage_nw=leakage_uw(netlist, technology) * 1e3,
        switching_fj=float(weights.switching_fj @ settled) + clock_load_fj,
        internal_fj=float(weights.internal_fj @ settled) + weights.clock_fj - clock_load_fj,
    )
    with tempfile.TemporaryDirectory() as folder:
        analysis = run_opensta(
            netlist,
            technology,
            liberty,
            slew_ps=timing.driving_slew_ps,
            period_ps=4 * timing.delay_ps,
            folder=Path(folder),
            seconds=seconds,
        )
    areas = original_areas(liberty)
    reference = Figures(
        area_um2=sum(areas[i.kind] for i in netlist.instances),
        delay_ps=analysis.delay_ps,
        leakage_nw=leakage_nw(analysis, netlist, technology),
        switching_fj=switching_fj(analysis, netlist, technology, activity),
        internal_fj=internal_fj(analysis, netlist, technology, activity),
    )
    return ours, reference


def count_switching(unit: Unit, netlist: Netlist, technology: Technology) -> Activity:
    """Switching of every output pin while a unit computes sums of uniform operands."""
    pins: dict[tuple[str, str], int] = {}
    instances, count = [], netlist.net_count
    for instance in netlist.instances:
        nets = dict(instance.pins)
        for pin in technology.cells[instance.kind].outputs:
            if pin.name not in nets:
                # An output that drives nothing moves all the same.
                nets[pin.name] = pins[instance.name, pin.name] = count
                count += 1
        instances.append(Instance(instance.name, instance.kind, nets))
    full = Netlist(netlist.inputs, netlist.outputs, tuple(instances), count)
    models = cell_models(technology, {i.kind for i in full.instances})
    simulator = Simulator(compile_netlist(full, models, "clk"), _SUMS // 64)
    drawn = operands("uniform")
    rng = np.random.default_rng(_SEED)
    shape = (_STEPS, _SUMS, unit.lanes) if unit.lanes > 1 else (_STEPS, _SUMS)
    w = drawn.sample(unit.w, shape, "w", rng).reshape(_STEPS, _SUMS, -1)
    a = drawn.sample(unit.a, shape, "a", rng).reshape(_STEPS, _SUMS, -1)
    on = np.full((1, _SUMS // 64), ~np.uint64(0))
    values = simulator.values[:count]
    toggles, high = np.zeros(count), np.zeros(count)
    # The first sum fills the pipeline.
    for cycle in range(2 * _STEPS):
        step = cycle % _STEPS
        before = values.copy()
        simulator.evaluate(
            {
                "w": np.concatenate([pack(codes, unit.w.bits) for codes in w[step].T]),
                "a": np.concatenate([pack(codes, unit.a.bits) for codes in a[step].T]),
                "in_valid": on,
                "clear": on if step == 0 else ~on,
                "rst": ~on,
            }
        )
        if cycle >= _STEPS:
            toggles += np.bitwise_count(before ^ values).sum(axis=1)
            high += np.bitwise_count(values).sum(axis=1)
        simulator.tick()
    toggles /= _STEPS * _SUMS
    high /= _STEPS * _SUMS
    open_pins = {pin: (float(toggles[net]), float(high[net])) for pin, net in pins.items()}
    return Activity(toggles, high, open_pins)


def original_areas(liberty: Iterable[Path]) -> dict[str, float]:
    """Cell areas as the files have them, in their unit, which is um2 in all that we know."""
    return {m[1]: float(m[2]) for path in liberty for m in _AREA.finditer(path.read_text())}


def unpacked(directory: Path, technology: Technology, folder: Path) -> list[Path]:
    """The Liberty files a technology comes from, as text.

    Raises:
        HwdseError: One of them is absent.
    """
    found = []
    for name, _ in technology.source.files:
        plain, packed = directory / name, directory / f"{name}.gz"
        if plain.exists():
            found.append(plain.resolve())
        elif packed.exists():
            found.append(folder / name)
            found[-1].write_bytes(gzip.decompress(packed.read_bytes()))
        else:
            raise HwdseError(f"{directory} has neither {name} nor {name}.gz of {technology.name}")
    return found


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
