"""`hwdse cost` on FPGAs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hwdse import pe
from hwdse.cli.output import note, print_json, print_table, progress
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError
from hwdse.interchange.figures import check_suffix, write_figures
from hwdse.synth.devices import device
from hwdse.synth.fpga import RESOURCES
from hwdse.synth.place import placer_is_installed

__all__ = ["cost_on_fpga"]


def cost_on_fpga(
    specs: list[str],
    name: str,
    *,
    source: str,
    dsp: bool,
    place: bool,
    plain: bool,
    output: Path | None,
    jobs: int | None,
    json: bool,
) -> None:
    """Cost units on a device and print what they take.

    Args:
        specs: Units.
        name: Device, or family.
        source: ``fit``, or anything else for synthesis: the model has no frequency.
        dsp, place, jobs: As of :func:`hwdse.cost.fpga.evaluate_on_fpga`.
        plain: Whether no option was given that FPGAs have no figures for.
        output: Where to write the figures besides.
        json: Whether to print JSON.
    """
    from hwdse.cost.fit.estimate import fpga_estimate
    from hwdse.cost.fpga import evaluate_on_fpga

    if not plain:
        raise HwdseError(
            f"--tech {name}: FPGAs have no energy and no clock target; leave --operands, "
            "--clock-ns and --source table out"
        )
    if output is not None:
        check_suffix(output)
    designs = [pe.parse(spec) for spec in specs]
    if source == "fit":
        rows = [fpga_estimate(design, device(name)) for design in designs]
    else:
        announce_compilation()
        with progress(len(set(designs))) as step:
            frame = evaluate_on_fpga(specs, name, dsp=dsp, place=place, jobs=jobs, on_done=step)
        rows = [{str(k): v for k, v in row.items()} for row in frame.to_dict(orient="records")]
    if output is not None:
        note(str(write_figures(rows, output)))
    if json:
        print_json(rows)
        return
    columns = [*RESOURCES, "fmax_mhz", "macs_per_cycle"]
    print_table(
        ["spec", "device", *columns],
        [
            [row["spec"], row["tech"], *("-" if row[c] is None else row[c] for c in columns)]
            for row in rows
        ],
    )
    where = device(name)
    if source == "fit":
        note("fitted to syntheses without DSP blocks; luts " + ", ".join(map(_interval, rows)))
    elif place and not placer_is_installed(where):
        there = "has no open place-and-route tool" if not where.place else "takes hwdse[fpga]"
        note(f"{where.name} {there}: no fmax_mhz")


def _interval(row: dict[str, Any]) -> str:
    known = row["provenance"]
    return f"{known['luts_low']:.0f} to {known['luts_high']:.0f}"
