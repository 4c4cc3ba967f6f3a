"""The commands that show, write and check units: `hwdse pe`, `export`, `verify` and `mutate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwdse.cli.options import Json, OneSpec, Processes
from hwdse.errors import HwdseError

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application, in this order."""
    app.command("pe")(pe_)
    app.command()(export)
    app.command()(verify)
    app.command()(mutate)


def pe_(
    spec: Annotated[
        str | None, typer.Argument(help="A unit spec; the families if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """List unit families, or show a unit's canonical form, ports and latency.

    Example: hwdse pe mac:w=e4m3,a=e4m3,acc=fp32
    """
    from hwdse.cli.units import show

    show(spec, json=json)


def export(
    spec: OneSpec,
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory to write to.")],
    flow: Annotated[
        str, typer.Option(help="verilog; or a project: ice40, ecp5, vivado, quartus, fusesoc.")
    ] = "verilog",
    testbench: Annotated[bool, typer.Option("--tb", help="Write a testbench too.")] = False,
) -> None:
    """Write a unit's Verilog with golden vectors and constraints.

    Example: hwdse export mac:w=int8,a=int8 -o rtl --tb

    Example: hwdse export mac:w=int8,a=int8 --flow ice40 -o project
    """
    from hwdse.cli.units import export_unit

    export_unit(spec, output, flow=flow, testbench=testbench)


def verify(
    spec: Annotated[str | None, typer.Argument(help="A unit spec.")] = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="A unit of every kind, and netlists of one of each family."),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="With --all: netlists of all units.")
    ] = False,
    vectors: Annotated[
        int, typer.Option(min=1, help="Random elements; of converters, values.")
    ] = 1_000_000,
    netlist: Annotated[
        str | None,
        typer.Option(
            help="Check the netlist mapped to this technology, to the logic cells of ice40, ecp5, "
            "gowin or xc7, or to ice40-up5k or xc7-a100t with their DSP blocks; not the RTL."
        ),
    ] = None,
    exhaustive: Annotated[
        bool,
        typer.Option(
            "--exhaustive", help="Try all operands up to 32 bits, not only 24: takes minutes."
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the random elements.")] = 1,
    formal: Annotated[
        bool,
        typer.Option(
            "--formal",
            help="Prove pipelining and accumulation for all sequences; with --netlist, that the "
            "netlist is equivalent to the RTL.",
        ),
    ] = False,
    time_limit: Annotated[float, typer.Option(min=1.0, help="Seconds for each proof.")] = 600.0,
    jobs: Processes = None,
    json: Json = False,
) -> None:
    """Compare a unit's hardware with its bit-exact reference.

    Example: hwdse verify mac:w=int8,a=int8 --netlist nangate45

    Example: hwdse verify --all
    """
    from hwdse.cli.verify import verify_catalogue, verify_unit

    formal_seconds = time_limit if formal else None
    if every == (spec is not None):
        raise HwdseError("give one spec to verify, or --all")
    if spec is not None and full:
        raise HwdseError("--full belongs to --all")
    if every and exhaustive:
        raise HwdseError("--exhaustive takes one spec: it is minutes for each")
    if spec is not None:
        code = verify_unit(
            spec,
            vectors=vectors,
            netlist=netlist,
            exhaustive=exhaustive,
            seed=seed,
            formal_seconds=formal_seconds,
            jobs=jobs,
            json=json,
        )
    else:
        code = verify_catalogue(
            vectors=vectors,
            netlist=netlist,
            full=full,
            seed=seed,
            formal_seconds=formal_seconds,
            jobs=jobs,
            json=json,
        )
    raise typer.Exit(code)


def mutate(
    spec: OneSpec,
    mutants: Annotated[int, typer.Option(min=1, help="Faults to plant, one at a time.")] = 200,
    level: Annotated[
        str | None, typer.Option(help="rtl, or netlist where --netlist names a technology.")
    ] = None,
    netlist: Annotated[
        str | None, typer.Option(help="Change cells of the netlist mapped to this technology.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the faults and the checks.")] = 1,
    json: Json = False,
) -> None:
    """Plant faults in a unit's hardware and count those that the checks of verify find.

    Example: hwdse mutate mac:w=int8,a=int8 --mutants 100
    """
    from hwdse.cli.mutation import mutate_unit

    raise typer.Exit(
        mutate_unit(spec, mutants=mutants, level=level, netlist=netlist, seed=seed, json=json)
    )
