"""The commands over technologies and memories: `hwdse tech` and `memory`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwdse.cli.options import Json

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application, in this order."""
    app.command()(tech)
    app.command()(memory)


def tech(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME | import FILE.lib[.gz]... | derive BASE]",
            help="What to show, import or derive from.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="YAML to write (import, derive).")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the imported technology; default: the file's.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Licence of the Liberty files.")] = "not stated",
    url: Annotated[str, typer.Option(help="Where the Liberty files are published.")] = "",
    description: Annotated[str, typer.Option(help="One line on the technology.")] = "",
    dont_use: Annotated[
        list[str] | None,
        typer.Option(help="Pattern of cells to leave out of the import, as in '*_lpflow_*'."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Node of the base: 130, 45hp, 7lp (derive).")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Node to scale to, of the same flavour (derive).")
    ] = None,
    voltage: Annotated[
        float | None, typer.Option(help="Supply there in V; default: the nominal one (derive).")
    ] = None,
    relative: Annotated[
        str | None, typer.Option(help="Relative record to apply: ffet-over-cfet (derive).")
    ] = None,
    json: Json = False,
) -> None:
    """List technologies, show one, import Liberty files as one, or derive one from another.

    Example: hwdse tech import cells_tt.lib.gz -o cells.yaml

    Example: hwdse tech derive nangate45 --from 45hp --to 7hp -o scaled7.yaml
    """
    from hwdse.cli.tech import import_files, show

    if words and words[0] == "import":
        import_files(
            words[1:],
            output,
            name=name,
            licence=licence,
            url=url,
            description=description,
            dont_use=dont_use or [],
            json=json,
        )
    elif words and words[0] == "derive":
        from hwdse.cli.derive import derive_technology

        derive_technology(
            words[1:],
            output,
            start=start,
            end=end,
            voltage_v=voltage,
            relative=relative,
            name=name,
            json=json,
        )
    else:
        show(words or [], json=json)


def memory(
    kib: Annotated[
        float | None, typer.Option(help="Capacity in KiB; default: the published ones.")
    ] = None,
    width: Annotated[int, typer.Option(min=1, max=65536, help="Bits of one access.")] = 64,
    node: Annotated[
        str | None, typer.Option(help="45, 32, 22, 16, 7 (nm) or sg13g2; default: all.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Draw energy over capacity (.png, .svg, .pdf)."),
    ] = None,
    json: Json = False,
) -> None:
    """Area and energy of on-chip memories, each with an interval, and of DRAM per bit.

    Example: hwdse memory --kib 32 --width 64 --node 45
    """
    from hwdse.cli.memory import show_memories

    show_memories(kib, width, node, output, json=json)
