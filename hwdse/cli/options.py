"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "Activity",
    "ClockNs",
    "Confidence",
    "DrawnOperands",
    "Jobs",
    "Json",
    "OneSpec",
    "Processes",
    "Specs",
    "Tech",
]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, help="Threads; default: all cores.")]
Processes = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Processes; default: all cores.")
]
Tech = Annotated[str, typer.Option("--tech", help="Technology: a shipped name or a YAML path.")]
OneSpec = Annotated[str, typer.Argument(help="A unit spec, such as mac:w=int8,a=int8.")]
Specs = Annotated[list[str], typer.Argument(help="Unit specs, such as mac:w=int8,a=int8.")]
Activity = Annotated[
    str,
    typer.Option(
        help="How transitions are counted: timed (with glitches, delays from the tables), "
        "unit-delay (with glitches, every cell takes as long) or zero-delay (without glitches)."
    ),
]
Confidence = Annotated[
    float,
    typer.Option(help="Half-width of the energy's 95 % interval to reach, as a fraction of it."),
]
DrawnOperands = Annotated[
    str, typer.Option("--operands", help="uniform, normal, or an .npz file with arrays w and a.")
]
ClockNs = Annotated[float | None, typer.Option("--clock-ns", min=1e-6, help="Clock period in ns.")]
