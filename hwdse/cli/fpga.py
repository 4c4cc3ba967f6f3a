"""`hwdse cost` on FPGAs."""

from __future__ import annotations

from hwdse import pe
from hwdse.cli.output import note, print_json, print_table, progress
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError
from hwdse.synth.devices import device
from hwdse.synth.fpga import RESOURCES
from hwdse.synth.place import placer_is_installed

__all__ = ["cost_on_fpga"]


def cost_on_fpga(
    specs: list[str],
    name: str,
    *,
    dsp: bool,
    place: bool,
    plain: bool,
    jobs: int | None,
    json: bool,
) -> None:
    """Cost units on a device and print what they take.

    Args:
        specs: Units.
        name: Device, or family.
        dsp, place, jobs: As of :func:`hwdse.cost.fpga.evaluate_on_fpga`.
        plain: Whether no option was given that FPGAs have no figures for.
        json: Whether to print JSON.
    """
    from hwdse.cost.fpga import evaluate_on_fpga

    if not plain:
        raise HwdseError(
            f"--tech {name}: FPGAs have no energy and no clock target; leave --source, --operands "
            "and --clock-ns out"
        )
    designs = [pe.parse(spec) for spec in specs]
    announce_compilation()
    with progress(len(set(designs))) as step:
        frame = evaluate_on_fpga(specs, name, dsp=dsp, place=place, jobs=jobs, on_done=step)
    rows = frame.to_dict(orient="records")
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
    if place and not placer_is_installed(where):
        there = "has no open place-and-route tool" if not where.place else "takes hwdse[fpga]"
        note(f"{where.name} {there}: no fmax_mhz")
