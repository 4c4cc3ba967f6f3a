"""The command that writes other tools' files: `hwdse interchange`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwdse.cli.options import Jobs, Specs

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(interchange)


def interchange(
    specs: Specs,
    tool: Annotated[str, typer.Option("--to", help="accelergy, accelforge or scale-sim.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Directory for the files, new or empty.")
    ],
    tech: Annotated[
        str | None,
        typer.Option(
            "--tech", help="Technology: a shipped name or a YAML path. Not for scale-sim."
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Of the figures, as in hwdse cost; default: auto.")
    ] = None,
    operands: Annotated[
        str | None,
        typer.Option(
            help="uniform, normal, or an .npz file with arrays w and a; default: uniform."
        ),
    ] = None,
    clock_ns: Annotated[
        float | None,
        typer.Option(min=1e-6, help="Cycle in ns; default: each unit's own critical path."),
    ] = None,
    sram_kib: Annotated[
        tuple[int, int, int] | None,
        typer.Option(
            metavar="A W SUMS",
            min=1,
            help="For scale-sim: KiB of memory for activations, weights and sums.",
        ),
    ] = None,
    dram_words_per_cycle: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="For scale-sim: words a cycle between each memory and DRAM; default: SCALE-Sim "
            "says what it takes never to wait.",
        ),
    ] = None,
    jobs: Jobs = None,
) -> None:
    """Write units for architecture simulators: energy and area tables, or an array's shape.

    Example: hwdse interchange mac:w=int8,a=int8 --tech nangate45 --to accelergy -o tables

    Example: hwdse interchange "dot:w=e4m3,a=e4m3,lanes=4" --tech nangate45 --to accelforge -o dots

    Example: hwdse interchange "array:pe=(mac:w=int8,a=int8),rows=16,cols=16,dataflow=ws"
    --to scale-sim --sram-kib 64 64 32 -o sim
    """
    from hwdse.cli.interchange import write_for_tool

    given = {"source": source, "distribution": operands, "clock_ns": clock_ns}
    write_for_tool(
        specs,
        tool,
        output,
        technology=tech,
        conditions={name: value for name, value in given.items() if value is not None},
        memories_kib=sram_kib,
        dram_words_per_cycle=dram_words_per_cycle,
        jobs=jobs,
    )
