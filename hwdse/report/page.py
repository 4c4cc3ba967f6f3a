"""The page of a study: one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hwdse.files.output import make_directory, write_text

from .figure import draw_svg
from .model import StudyReport, records
from .text import NOTHING, as_float, esc, interval, number, percent
from .theme import COLOURS, unit_colour

__all__ = ["write_html"]

_NUMERIC = ' class="n"'
_STYLE = """
body { margin: 0 auto; max-width: 1240px; padding: 2rem 1.2rem 4rem; line-height: 1.5;
  font-family: system-ui, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--ground); }
h1 { font-size: 1.6rem; margin: 0 0 .4rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p, dd, td, th { font-size: .92rem; } .muted { color: var(--muted); }
.figure { background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: .6rem; }
.figure svg { width: 100%; height: auto; display: block; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } td.n { white-space: nowrap; }
td:first-child { white-space: nowrap; }
td small { color: var(--muted); display: block; }
td.unit { color: #1f2328; white-space: nowrap; border: 2px solid var(--ground);
  border-radius: 5px; }
code { font-size: .85em; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; }
dt { color: var(--muted); font-size: .92rem; } dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { max-width: none; padding: 0; } .wide { overflow: visible; } }
"""


def write_html(report: StudyReport, directory: Path | str, *, picture: Path | None = None) -> Path:
    """Write `report.html`; the same study gives the same bytes.

    Args:
        report: The study.
        directory: Where to; it is made when missing.
        picture: The `pareto.svg` of the same study, where it has been drawn already.

    Raises:
        HwdseError: It cannot be written.
    """
    return write_text(make_directory(Path(directory)) / "report.html", _page(report, picture))


def _page(report: StudyReport, picture: Path | None) -> str:
    parts = [
        f"<h1>{esc(report.title)}</h1>",
        f"<p>{esc(report.description)}</p>" if report.description else "",
        f'<div class="figure">{_svg(report, picture)}</div>',
        _summary(report),
        _units(report),
        _matrix(report),
        _provenance(report),
    ]
    light = "".join(f"--{name}: {pair[0]};" for name, pair in COLOURS.items())
    dark = "".join(f"--{name}: {pair[1]};" for name, pair in COLOURS.items())
    style = f":root {{{light} color-scheme: light dark;}}\n"
    style += f"@media (prefers-color-scheme: dark) {{ :root {{{dark}}} }}\n{_STYLE}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{esc(report.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def _svg(report: StudyReport, picture: Path | None) -> str:
    """The figure as an SVG element, without the XML prologue that HTML does not know."""
    text = draw_svg(report) if picture is None else picture.read_text(encoding="utf-8")
    return text[text.index("<svg") :].strip()


def _summary(report: StudyReport) -> str:
    if not report.allocations:
        return ""
    reference = report.reference_row()
    header = ["allocation", "loss", *(r.title for r in report.resources)]
    header += ["status", "lower bound", "gap"]
    rows = []
    for one in report.allocations:
        totals: Mapping[str, Any] = one.get("totals", {})
        cells = [
            _td(one["name"], "; ".join(map(str, one.get("budgets", ())))),
            _td(number(one["objective"]), numeric=True),
        ]
        for resource in report.resources:
            value = totals.get(resource.column)
            share = ""
            if reference is not None and as_float(reference[resource.column]) > 0:
                share = percent(as_float(value) / as_float(reference[resource.column]))
            cells.append(_td(number(value), share, numeric=True))
        solver = f"{one.get('solver', NOTHING)}, {number(one.get('seconds'), digits=2)} s"
        cells += [
            _td(one["status"], solver),
            _td(number(one.get("bound"), digits=6), numeric=True),
            _td(number(one.get("gap"), digits=3), numeric=True),
        ]
        rows.append(cells)
    note = ""
    if reference is not None:
        note = (
            f'<p class="muted">Percentages are of {esc(reference["label"])} in every layer. The '
            "lower bound is computed independently of the solver; a gap of 0 is a proof.</p>"
        )
    numeric = {*range(1, 2 + len(report.resources)), len(header) - 2, len(header) - 1}
    return "<h2>Allocations</h2>" + _table(header, rows, numeric) + note


def _units(report: StudyReport) -> str:
    header = ["unit", "spec", "area (µm²)", "delay (ps)", "energy (pJ per MAC)", "leakage (µW)"]
    header += ["cells", "MACs per cycle", "technology", "source"]
    rows = []
    for row in records(report.units):
        energy = interval(row["energy_pj_per_mac_low"], row["energy_pj_per_mac_high"])
        rows.append(
            [
                _td(row["label"]),
                f"<td><code>{esc(row['spec'])}</code></td>",
                _td(number(row["area_um2"]), numeric=True),
                _td(number(row["delay_ps"]), numeric=True),
                _td(number(row["energy_pj_per_mac"]), energy, numeric=True),
                _td(number(row["leakage_uw"]), numeric=True),
                _td(number(row["cells"]), numeric=True),
                _td(number(row["macs_per_cycle"]), numeric=True),
                _td(row["tech"]),
                _td(row["source"]),
            ]
        )
    return "<h2>Units</h2>" + _table(header, rows, set(range(2, 8)))


def _matrix(report: StudyReport) -> str:
    """Layers against allocations, each cell in the colour of its unit; and the units' shares."""
    if not report.allocations:
        return ""
    labels = [str(label) for label in report.units["label"]]
    colours = {label: unit_colour(at) for at, label in enumerate(labels)}
    rows = []
    for layer in report.layers:
        cells = [_td(layer)]
        for one in report.allocations:
            unit = str(one["assignment"].get(layer, NOTHING))
            colour = colours.get(unit, COLOURS["line"][0])
            cells.append(f'<td class="unit" style="background:{colour}">{esc(unit)}</td>')
        rows.append(cells)
    rows.append(
        [_td("share of layers"), *(_td(_shares(one, labels)) for one in report.allocations)]
    )
    header = ["layer", *(str(one["name"]) for one in report.allocations)]
    return "<h2>Assignment, layer by layer</h2>" + _table(header, rows, set())


def _shares(allocation: Mapping[str, Any], labels: Sequence[str]) -> str:
    chosen = [str(unit) for unit in allocation["assignment"].values()]
    counts = [(label, chosen.count(label)) for label in labels]
    return ", ".join(f"{label} {count}/{len(chosen)}" for label, count in counts if count)


def _provenance(report: StudyReport) -> str:
    terms = []
    for name, value in report.provenance.items():
        shown = f"<code>{esc(value)}</code>" if name == "command" else esc(value)
        terms.append(f"<dt>{esc(name)}</dt><dd>{shown}</dd>")
    return f"<h2>Where it comes from</h2><dl>{''.join(terms)}</dl>" if terms else ""


def _td(value: object, below: str = "", *, numeric: bool = False) -> str:
    small = f"<small>{esc(below)}</small>" if below else ""
    return f"<td{_NUMERIC if numeric else ''}>{esc(value)}{small}</td>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], numeric: set[int]) -> str:
    """A table of ready-made cells; the columns in `numeric` have their heads to the right."""
    heads = "".join(
        f"<th{_NUMERIC if at in numeric else ''}>{esc(text)}</th>" for at, text in enumerate(header)
    )
    body = "".join(f"<tr>{''.join(cells)}</tr>\n" for cells in rows)
    head = f"<thead><tr>{heads}</tr></thead>"
    return f'<div class="wide"><table>{head}\n<tbody>{body}</tbody></table></div>'
