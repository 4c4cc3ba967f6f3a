"""The commands that cost units: `hwdse cost`, `explain`, `compare` and `curve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwdse.cli.options import (
    Activity,
    ClockNs,
    Confidence,
    DrawnOperands,
    Jobs,
    Json,
    OneSpec,
    Specs,
    Tech,
)

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application, in this order."""
    app.command()(cost)
    app.command()(explain)
    app.command()(compare)
    app.command()(curve)


def cost(
    specs: Specs,
    tech: Tech,
    source: Annotated[
        str,
        typer.Option(
            help="synth; fit: a model, at once; auto: a stored synthesis, or the model, or a "
            "synthesis; table: --tech then names a published table."
        ),
    ] = "synth",
    operands: DrawnOperands = "uniform",
    clock_ns: ClockNs = None,
    activity: Activity = "timed",
    confidence: Confidence = 0.01,
    dsp: Annotated[
        bool, typer.Option("--dsp/--no-dsp", help="On FPGAs: put products into DSP blocks.")
    ] = True,
    place: Annotated[
        bool, typer.Option("--place/--no-place", help="On FPGAs: place and route, for fmax_mhz.")
    ] = True,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the figures too: .csv, .parquet or .json."),
    ] = None,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Area, delay, energy per MAC and leakage of units; or what an FPGA takes.

    Example: hwdse cost mac:w=int8,a=int8 mac:w=e4m3,a=e4m3 --tech nangate45

    Example: hwdse cost dot:w=int5,a=int6,lanes=12 --tech nangate45 --source fit

    Example: hwdse cost mac:w=int8,a=int8 --tech ecp5

    Example: hwdse cost mac:w=int8,a=int8 --tech nangate45 -o figures.parquet
    """
    from hwdse.cli.fpga import cost_on_fpga
    from hwdse.cli.units import cost_units
    from hwdse.synth.devices import is_device

    if is_device(tech):
        usual = (source != "table", operands == "uniform", clock_ns is None)
        cost_on_fpga(
            specs,
            tech,
            source=source,
            dsp=dsp,
            place=place,
            plain=all(usual),
            output=output,
            jobs=jobs,
            json=json,
        )
        return
    cost_units(
        specs,
        tech,
        source=source,
        operands=operands,
        clock_ns=clock_ns,
        activity=activity,
        confidence=confidence,
        output=output,
        jobs=jobs,
        json=json,
    )


def explain(
    spec: OneSpec,
    tech: Tech,
    source: Annotated[
        str, typer.Option(help="synth, or fit: what the design's counts contribute to the model.")
    ] = "synth",
    operands: DrawnOperands = "uniform",
    clock_ns: ClockNs = None,
    activity: Activity = "timed",
    confidence: Confidence = 0.01,
    json: Json = False,
) -> None:
    """Where a unit's figures come from: cells, parts, critical path, energy, versions, sources.

    Example: hwdse explain mac:w=int8,a=int8 --tech nangate45

    Example: hwdse explain mac:w=e4m3,a=e4m3 --tech nangate45 --source fit
    """
    from hwdse.cli.explain import explain_unit

    explain_unit(
        spec,
        tech,
        source=source,
        operands=operands,
        clock_ns=clock_ns,
        activity=activity,
        confidence=confidence,
        json=json,
    )


def compare(
    specs: Annotated[
        list[str],
        typer.Argument(metavar="SPEC...|FILE.yaml", help="Unit specs, or one comparison file."),
    ],
    tech: Annotated[
        str | None,
        typer.Option("--tech", help="Technology: a shipped name or a YAML path."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Directory for compare.csv, .png and .svg."),
    ] = None,
    operands: Annotated[
        str | None, typer.Option(help="Operands of the energy: uniform, normal or a .npz file.")
    ] = None,
    clock_ns: Annotated[float | None, typer.Option(help="Clock period to map for, in ns.")] = None,
    dot_length: Annotated[
        int | None, typer.Option(min=1, max=1 << 20, help="MACs of a dot product; default: 32.")
    ] = None,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Units side by side at equal throughput: area by part, delay, energy, and a chart.

    Example: hwdse compare mac:w=int8,a=int8 mac:w=e4m3,a=e4m3 --tech nangate45 -o compared
    """
    from hwdse.cli.compare import compare_units

    compare_units(
        specs,
        tech,
        output,
        operands=operands,
        clock_ns=clock_ns,
        dot_length=dot_length,
        jobs=jobs,
        json=json,
    )


def curve(
    spec: OneSpec,
    tech: Tech,
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory for the results.")],
    points: Annotated[
        int,
        typer.Option(min=2, max=200, help="Clock targets between the fastest and the smallest."),
    ] = 8,
    clock_ns: Annotated[
        list[float] | None, typer.Option(help="A clock target in ns, in place of --points; repeat.")
    ] = None,
    wire_load: Annotated[
        str, typer.Option(help="library (its Liberty file's default), none, or fF for every sink.")
    ] = "library",
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Area of a unit over clock targets: curve.csv, mappings.csv, curve.png and curve.svg.

    Example: hwdse curve mac:w=int8,a=int8 --tech nangate45 -o curve
    """
    from hwdse.cli.curve import draw_curve

    draw_curve(
        spec,
        tech,
        output,
        points=points,
        clocks_ns=clock_ns or [],
        wire_load=wire_load,
        jobs=jobs,
        json=json,
    )
