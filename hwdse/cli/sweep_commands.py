"""The commands over many designs: `hwdse sweep`, `pareto` and `plot`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from hwdse.cli.options import Json, Processes

__all__ = ["add_commands"]

_Table = Annotated[Path, typer.Argument(help="Table: .parquet, .csv or .json.")]
_Maximize = Annotated[
    list[str] | None, typer.Option(help="A column of which more is better; repeat for several.")
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application, in this order."""
    app.command()(sweep)
    app.command()(pareto)
    app.command()(plot)


def sweep(
    space: Annotated[Path, typer.Argument(help="Space file (YAML).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory for the results.")],
    jobs: Processes = None,
    scheduler: Annotated[
        str | None, typer.Option(help="An existing Dask cluster, such as tcp://host:8786.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run of the space stopped.")
    ] = False,
    max_points: Annotated[
        int, typer.Option(min=1, help="Ask before a space of more points is run.")
    ] = 20_000,
    json: Json = False,
) -> None:
    """Cost thousands of designs, with all cores or a cluster, to one Parquet table.

    Example: hwdse sweep studies/macs.yaml -o swept
    """
    from hwdse.cli.sweep import sweep as command

    workers = jobs or len(os.sched_getaffinity(0))
    code = command(
        space,
        output,
        jobs=workers,
        scheduler=scheduler,
        resume=resume,
        most=max_points,
        json_=json,
    )
    raise typer.Exit(code)


def pareto(
    table: _Table,
    minimize: Annotated[
        list[str] | None, typer.Option(help="A column of which less is better; repeat for several.")
    ] = None,
    maximize: _Maximize = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the rows to this .csv.")
    ] = None,
    json: Json = False,
) -> None:
    """Rows of a table that no other row beats in all of some columns.

    Example: hwdse pareto swept/results.parquet --minimize area_um2 --minimize delay_ps
    """
    from hwdse.cli.plot import pareto as command

    command(table, minimize=minimize or [], maximize=maximize or [], output=output, json=json)


def plot(
    table: _Table,
    x: Annotated[str, typer.Option("--x", help="Column across.")],
    y: Annotated[str, typer.Option("--y", help="Column up.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Picture: .png, .svg or .pdf.")],
    colour: Annotated[str | None, typer.Option(help="Column that colours the marks.")] = None,
    maximize: _Maximize = None,
    title: Annotated[str | None, typer.Option(help="Title of the picture.")] = None,
) -> None:
    """Draw one column of a table against another, with the Pareto front.

    Example: hwdse plot swept/results.parquet --x delay_ps --y area_um2 --colour w -o macs.png
    """
    from hwdse.cli.plot import plot as command

    command(table, x=x, y=y, colour=colour, maximize=maximize or [], title=title, output=output)
