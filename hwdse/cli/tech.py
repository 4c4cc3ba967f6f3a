"""`hwdse tech` and `hwdse tech import`."""

from __future__ import annotations

from pathlib import Path

from hwdse import tech
from hwdse.cli.output import note, print_json, print_table
from hwdse.errors import HwdseError

__all__ = ["import_files", "show"]


def show(words: list[str], *, json: bool) -> None:
    """Print one technology, or a table of those shipped."""
    if len(words) > 1:
        raise HwdseError(f"one technology at a time, not {len(words)}; or `hwdse tech import FILE`")
    summaries = [tech.summarise(tech.load(name)) for name in (words or tech.names())]
    if json:
        print_json(summaries[0] if words else summaries)
    elif words:
        print_table(["property", "value"], [[k, _text(v)] for k, v in summaries[0].items()])
    else:
        keys = [k for k, v in summaries[0].items() if not isinstance(v, dict | list)]
        print_table(keys, [[_text(summary[key]) for key in keys] for summary in summaries])


def import_files(
    files: list[str],
    output: Path | None,
    *,
    name: str | None,
    licence: str,
    url: str,
    description: str,
    json: bool,
) -> None:
    """Import Liberty files as one technology."""
    if not files:
        raise HwdseError("tech import: give at least one Liberty file (.lib or .lib.gz)")
    if output is None:
        raise HwdseError("tech import: give the YAML file to write with -o FILE.yaml")
    result = tech.import_liberty(
        [Path(file) for file in files],
        name=name or output.stem,
        licence=licence,
        url=url,
        description=description,
    )
    tech.write(result, output)
    for cell, reason in result.dropped.items():
        note(f"left out {cell}: {reason}")
    summary = tech.summarise(result.technology)
    if json:
        print_json(summary | {"left_out": result.dropped})
    else:
        print(f"{output}: {len(result.technology.cells)} cells, {len(result.dropped)} left out")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}={_text(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_text(v) for v in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
