"""`hwdse formats`."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from hwdse import formats
from hwdse.cli.output import figure, note, print_json, print_table
from hwdse.errors import HwdseError
from hwdse.report.format_figure import FormatPicture, save_format_figure, text_strip

__all__ = ["show"]

_COLUMNS = (
    "name",
    "kind",
    "bits",
    "bits_per_value",
    "max",
    "min_normal",
    "min_subnormal",
    "specials",
    "block",
    "scale_format",
)
_WIDTH = 72
# More values than this would fill the screen; --json lists them all up to 8 bits.
_LISTED_VALUES = 32
_LISTED_STEPS = 24
_JSON_CODE_BITS = 8


def show(name: str | None, output: Path | None, *, json: bool) -> None:
    """Print one format with its values and a picture of them, or a table of all."""
    if name is None:
        if output is not None:
            raise HwdseError("-o draws one format; name it: hwdse formats e4m3 -o e4m3.png")
        _show_all(json=json)
        return
    fmt = formats.get(name)
    if json:
        print_json(_describe(fmt) | _contents(fmt))
    else:
        _show_one(fmt)
    if output is not None:
        save_format_figure(_picture(fmt), output)
        note(f"wrote {output}")


def _show_all(*, json: bool) -> None:
    rows = [_describe(formats.get(n)) for n in formats.names()]
    if json:
        print_json(rows)
    else:
        cells = [["-" if row[c] is None else row[c] for c in _COLUMNS] for row in rows]
        print_table(list(_COLUMNS), cells)


def _describe(fmt: formats.Format) -> dict[str, Any]:
    return {
        "name": fmt.name,
        "kind": fmt.kind,
        "bits": fmt.bits,
        "bits_per_value": fmt.bits_per_value,
        "max": fmt.max,
        "min": fmt.min,
        "min_normal": fmt.min_normal,
        "min_subnormal": fmt.min_subnormal,
        "specials": " ".join(fmt.specials) or "none",
        "block": fmt.block,
        "scale_format": fmt.scale_format,
    }


def _contents(fmt: formats.Format) -> dict[str, Any]:
    """Codes with their values, and the steps between values, where they can be listed."""
    element = fmt.element
    contents: dict[str, Any] = {"element": element.name, "values": None, "steps": None}
    if element.bits <= formats.ENUMERABLE_BITS:
        contents["steps"] = [
            {"low": s.low, "high": s.high, "step": s.step, "count": s.count}
            for s in formats.precision_steps(formats.value_set(element))
        ]
    if element.bits <= _JSON_CODE_BITS:
        codes = element.codes()
        contents["values"] = [
            {"code": int(code), "value": _plain(value)}
            for code, value in zip(codes.tolist(), element.decode(codes).tolist(), strict=True)
        ]
    return contents


def _plain(value: float) -> float | str:
    """JSON has no word for what is not finite."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _show_one(fmt: formats.Format) -> None:
    print_table(["property", "value"], [[k, str(v)] for k, v in _describe(fmt).items()])
    element = fmt.element
    if element.bits > formats.ENUMERABLE_BITS:
        sys.stdout.write(f"\n{element.name} has 2^{element.bits} codes: too many to list\n")
        return
    values = formats.value_set(element)
    of_elements = "" if element is fmt else f" of {element.name}, the element"
    _show_values(values, of_elements)
    _show_steps(formats.precision_steps(values))
    _show_strips(values)


def _show_values(values: Any, of_elements: str) -> None:
    texts = [_short(v) for v in values.tolist()]
    if len(texts) > _LISTED_VALUES:
        half = _LISTED_VALUES // 2
        texts = [*texts[:half], "...", *texts[-half:]]
    sys.stdout.write(f"\n{values.size} values{of_elements}:\n")
    line = ""
    for text in texts:
        if len(line) + len(text) + 1 > _WIDTH:
            sys.stdout.write(line.rstrip() + "\n")
            line = ""
        line += text + " "
    sys.stdout.write(line.rstrip() + "\n")


def _show_steps(steps: tuple[formats.Step, ...]) -> None:
    shown = [s for s in steps if s.high > 0] if _mirrored(steps) else list(steps)
    rows = [[_short(s.low), _short(s.high), _short(s.step), s.count] for s in shown]
    if len(rows) > _LISTED_STEPS:
        half = _LISTED_STEPS // 2
        rows = [*rows[:half], ["...", "...", "...", "..."], *rows[-half:]]
    sides = ", the same below zero" if len(shown) < len(steps) else ""
    sys.stdout.write(f"\nsteps between neighbouring values{sides}:\n")
    print_table(["from", "to", "step", "values"], rows)


def _mirrored(steps: tuple[formats.Step, ...]) -> bool:
    return all(
        (a.low, a.high, a.step) == (-b.high, -b.low, b.step)
        for a, b in zip(steps, reversed(steps), strict=True)
    )


def _show_strips(values: Any) -> None:
    sys.stdout.write("\nwhere they lie, from the least to the greatest:\n")
    sys.stdout.write(text_strip(values, _WIDTH) + "\n")
    sys.stdout.write(_ends(_short(values[0]), _short(values[-1])))
    magnitudes = np.unique(np.abs(values[values != 0]))
    if magnitudes.size > 1:
        sys.stdout.write("and by magnitude, on a logarithmic axis:\n")
        sys.stdout.write(text_strip(np.log2(magnitudes), _WIDTH) + "\n")
        sys.stdout.write(_ends(_short(magnitudes[0]), _short(magnitudes[-1])))


def _ends(left: str, right: str) -> str:
    return left + right.rjust(_WIDTH - len(left)) + "\n"


def _short(value: float) -> str:
    return figure(float(value), 6)


def _picture(fmt: formats.Format) -> FormatPicture:
    element = fmt.element
    if element.bits > formats.ENUMERABLE_BITS:
        raise HwdseError(f"{element.name} has 2**{element.bits} codes, too many to draw")
    scales = np.empty(0)
    title = f"{fmt.name}: {fmt.bits_per_value:g} bits a value"
    scale_title = ""
    if fmt.scale_format is not None:
        scale = formats.scalar(fmt.scale_format)
        title += f", elements {element.name}"
        if scale.bits <= formats.ENUMERABLE_BITS:
            scales = formats.value_set(scale)
            scales = scales[scales > 0]
            shared = "an axis" if fmt.block is None else f"{fmt.block} values"
            scale_title = f"scale of {shared}: {scale.name}"
    return FormatPicture(
        title=title, values=formats.value_set(element), scales=scales, scale_title=scale_title
    )
