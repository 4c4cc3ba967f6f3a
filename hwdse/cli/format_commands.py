"""The commands over number formats: `hwdse formats` and `quantize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwdse.cli.options import Json

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application, in this order."""
    app.command("formats")(formats_)
    app.command()(quantize)


def formats_(
    name: Annotated[str | None, typer.Argument(help="A format; all where left out.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Draw the format's values (.png, .svg, .pdf)."),
    ] = None,
    json: Json = False,
) -> None:
    """List number formats, or show one: its values, their steps, and where they lie.

    A codebook of your own is named by its file: hwdse formats levels.yaml

    Example: hwdse formats e4m3 -o e4m3.png
    """
    from hwdse.cli.formats import show

    show(name, output, json=json)


def quantize(
    source: Annotated[Path, typer.Argument(metavar="IN.npy", help="Array to quantise.")],
    format_name: Annotated[str, typer.Option("--format", help="Number format.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write (.npy).")],
    axis: Annotated[int, typer.Option(help="Axis along which values share a scale.")] = -1,
    codes: Annotated[
        bool,
        typer.Option("--codes", help="Write codes, not values; scales go to files beside them."),
    ] = False,
    rounding: Annotated[
        str,
        typer.Option(
            help="nearest-even, nearest-away, toward-zero, toward-positive, toward-negative, "
            "to-odd or stochastic."
        ),
    ] = "nearest-even",
    overflow: Annotated[
        str, typer.Option(help="saturate, or nonfinite: infinity or NaN where there is one.")
    ] = "saturate",
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of stochastic rounding and of random signs.")
    ] = None,
    rotate: Annotated[
        int | None,
        typer.Option(
            help="Rotate blocks of so many values by a Hadamard transform first, and back after; "
            "with --seed, after random signs."
        ),
    ] = None,
    per_channel: Annotated[
        int | None,
        typer.Option(metavar="AXIS", help="Print the ratio of each channel along this axis too."),
    ] = None,
    json: Json = False,
) -> None:
    """Round an array to a format and print the signal-to-quantisation-noise ratio.

    The array is mapped, not read, so it may be larger than memory.

    Example: hwdse quantize --format mxfp4 weights.npy -o rounded.npy
    """
    from hwdse import formats
    from hwdse.cli.quantize import quantize_file

    job = formats.Job(
        format=formats.get(format_name),
        axis=axis,
        rounding=rounding,
        overflow=overflow,
        seed=seed,
        rotation=None if rotate is None else formats.Rotation(block=rotate, seed=seed),
        channel_axis=per_channel,
    )
    quantize_file(source, output, job, codes=codes, json=json)
