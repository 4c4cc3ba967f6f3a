"""The commands that choose: `hwdse allocate` and `portfolio`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwdse.cli.options import Jobs, Json

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application, in this order."""
    app.command()(allocate)
    app.command()(portfolio)


def allocate(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE.csv", help="Option table, or problem file (.yaml).")
    ],
    minimize: Annotated[
        str | None, typer.Option(help="What to minimise: COL, A+0.5*B, avg(A,WEIGHT), max(COL).")
    ] = None,
    maximize: Annotated[str | None, typer.Option(help="What to maximise; likewise.")] = None,
    then: Annotated[
        list[str] | None,
        typer.Option(help="A next objective among the best answers, as in 'maximize snr'; repeat."),
    ] = None,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            help="COL<=V, COL>=V, LOW<=COL<=HIGH, avg(COL,WEIGHT)<=V, max(COL)<=V, COL[SET]<=V."
        ),
    ] = None,
    frontier: Annotated[
        list[str] | None,
        typer.Option(help="Column to trade against the objective; a second one for a surface."),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Every point of the frontier, on its hull or not.")
    ] = False,
    supported: Annotated[
        bool, typer.Option("--supported", help="Every point on the hull of the frontier.")
    ] = False,
    points: Annotated[
        int | None,
        typer.Option(min=2, help="Budgets along the frontier (33), or a side of a surface (13)."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show what simpler methods find at these budgets.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of compared methods that draw.")] = 0,
    output: Annotated[
        list[Path] | None,
        typer.Option("-o", "--output", help="Write .csv, or a picture (.png, .svg, .pdf); repeat."),
    ] = None,
    time_limit: Annotated[float | None, typer.Option(min=0.0, help="Seconds.")] = None,
    gap: Annotated[
        float, typer.Option(min=0.0, help="Relative gap to the bound that counts as optimal.")
    ] = 0.0,
    solver: Annotated[str, typer.Option(help="auto, knapsack, highs or cbc.")] = "auto",
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Let the second method run to its end.")
    ] = False,
    json: Json = False,
) -> None:
    """Choose an option for every layer, proven optimal.

    Example: hwdse allocate options.csv --minimize loss --budget "size_mib<=7.5"
    """
    from hwdse.cli.allocate import allocate_table

    raise typer.Exit(
        allocate_table(
            table,
            minimize=minimize,
            maximize=maximize,
            then=then or [],
            budgets=budget or [],
            frontier=frontier or [],
            exact=exact,
            supported=supported,
            points=points,
            compare=compare,
            seed=seed,
            outputs=output or [],
            time_limit=time_limit,
            gap=gap,
            solver=solver,
            confirm=confirm,
            json=json,
        )
    )


def portfolio(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Portfolio study (.yaml) or option table (.csv).")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory for the results.")],
    units: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Greatest number of units to build; repeat to compare."),
    ] = None,
    unit_table: Annotated[
        Path | None,
        typer.Option(help="With an option table: its units, as unit, [type], areas or the like."),
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option(help="COL<=V or COL>=V, besides those of the study.")
    ] = None,
    minimize: Annotated[str | None, typer.Option(help="Column to minimise: loss.")] = None,
    frontier: Annotated[
        str | None, typer.Option(help="Column to trade against it, for the curves.")
    ] = None,
    points: Annotated[int | None, typer.Option(min=2, help="Budgets along each curve.")] = None,
    time_limit: Annotated[
        float | None, typer.Option(min=0.0, help="Seconds for each answer, and for the curves.")
    ] = None,
    second: Annotated[
        str, typer.Option(help="Integer program that confirms the answers: highs, cbc or none.")
    ] = "highs",
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Choose which units to build and which layer runs on which, proven optimal.

    Example: hwdse portfolio studies/portfolio.yaml -o out --units 2
    """
    from hwdse.cli.portfolio import choose_portfolio

    raise typer.Exit(
        choose_portfolio(
            file,
            output,
            unit_table=unit_table,
            units=units or [],
            budgets=budget or [],
            minimize=minimize,
            frontier=frontier,
            points=points,
            time_limit=time_limit,
            second=second,
            jobs=jobs,
            json=json,
        )
    )
