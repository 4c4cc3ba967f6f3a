"""Liberty files to a :class:`~hwdse.tech.model.Technology`: which cells stay, and their figures.

Rules that decide a figure, all of them deliberate:

* **Conditions.** Delay and output transition of a pin pair are the element-wise worst over the
  file's ``when`` conditions of the same sense, energy and leakage the mean. A group without
  ``when`` beside groups with one is their default; for energy and leakage it counts only where no
  condition is given.
* **Leakage** is ``cell_leakage_power`` where the cell states a positive one (NanGate45, sky130:
  it equals the mean of the states), else the mean of the conditioned ``leakage_power`` groups
  (ASAP7, where it equals the unconditioned value that the file gives beside them; OpenSTA 2.0 adds
  such states up with weights that sum to more than one), else their unconditioned value, else the
  library's default.
* **Ground rails do not count.** Some libraries (ASAP7) tabulate internal energy for the supply
  and once more for the ground rail. The charge that enters through VDD leaves through VSS, so
  adding the two would count each fJ twice; over a full output cycle they agree. Only supply rails
  are kept, which is also what NanGate45 tabulates.
* **Missing edge.** Where a file has an arc for one output edge only, the other edge takes the same
  tables. Arcs from another output of the cell (ASAP7's FAx1, CON to SN) are left out: the arcs
  from the inputs to that output are there as well.
* **Asynchronous arcs** of flip-flops (clear, preset) are left out.
* **``dont_use``** cells stay out; ``dont_touch`` alone says nothing about mapping, they stay in.
* **What a file does not say** (power, leakage, setup times) is 0, and the import's notes say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from hwdse.errors import HwdseError
from hwdse.tech.import_cell import checked_cell_name, read_cell
from hwdse.tech.liberty import read_liberty
from hwdse.tech.model import Cell, Source, Technology
from hwdse.tech.requirements import limitations
from hwdse.tech.units import CellLeftOut, Header, read_header
from hwdse.tech.wire_load import read_wire_load

__all__ = ["IMPORTER", "ImportResult", "import_liberty"]

IMPORTER = "hwdse liberty importer 2"


@dataclass(frozen=True)
class ImportResult:
    """What an import gave.

    Attributes:
        technology: The technology, as loading ``yaml_text`` gives it.
        yaml_text: The file to write; the same inputs give the same bytes.
        dropped: Cells left out, with the reason.
        notes: What the files did not say, and what the technology therefore cannot do.
    """

    technology: Technology
    yaml_text: str
    dropped: dict[str, str]
    notes: tuple[str, ...] = ()


def import_liberty(
    paths: Sequence[str | Path],
    *,
    name: str,
    licence: str = "not stated",
    url: str = "",
    description: str = "",
    dont_use: Sequence[str] = (),
) -> ImportResult:
    """Read Liberty files of one technology at one corner.

    Args:
        paths: ``.lib`` or ``.lib.gz`` files; their cells are joined in this order.
        name: Name of the technology.
        licence: Licence of the files, one line.
        url: Where they are published.
        description: One line; the libraries' names when empty.
        dont_use: Patterns (``*`` and ``?``) of names of cells to leave out.

    Raises:
        HwdseError: A file cannot be read or is no Liberty, corners or thresholds differ between
            files, a cell occurs twice, a name or figure is out of range, a pattern matches no
            cell, or no cell is usable.
    """
    from hwdse.tech.schema import technology_from_text
    from hwdse.tech.yaml_text import to_yaml

    if not paths:
        raise HwdseError("no Liberty file given")
    headers: list[Header] = []
    cells: dict[str, Cell] = {}
    dropped: dict[str, str] = {}
    for path in paths:
        header = read_header(read_liberty(path))
        _add_cells(header, cells, dropped, dont_use)
        # The tree of a large file takes far more memory than its cells: keep the header alone.
        header.library.groups = header.library.all("wire_load")
        headers.append(header)
    first = headers[0]
    for header in headers[1:]:
        _check_same(first, header)
    for pattern in dont_use:
        if not any(fnmatchcase(cell, pattern) for cell in dropped):
            raise HwdseError(f"dont-use pattern {pattern[:80]!r} matches no cell")
    if not cells:
        example = "; ".join(f"{cell}: {reason}" for cell, reason in list(dropped.items())[:1])
        raise HwdseError(
            f"{first.library.source.name}: no usable cell among {len(dropped)}"
            + (f" ({example})" if example else "")
        )
    libraries = tuple(_line(h.library.label) for h in headers)
    raw = Technology(
        name=name,
        description=description or "Imported from " + ", ".join(libraries),
        corner=replace(first.corner, process=_line(first.corner.process)),
        source=Source(
            files=tuple((h.library.source.name, h.library.source.sha256) for h in headers),
            library=libraries,
            licence=licence,
            url=url,
            importer=IMPORTER,
            dont_use=tuple(dont_use),
        ),
        slew_lower=first.slew_lower,
        slew_upper=first.slew_upper,
        cells=cells,
        sha256="",
        wire_load=read_wire_load(first),
    )
    text = to_yaml(raw)
    technology = technology_from_text(text, where=f"{name}.yaml")
    return ImportResult(technology, text, dropped, limitations(technology))


def _add_cells(
    header: Header, cells: dict[str, Cell], dropped: dict[str, str], dont_use: Sequence[str]
) -> None:
    for group in header.library.all("cell"):
        name = checked_cell_name(group)
        if name in cells or name in dropped:
            raise group.error(f"cell {name!r} occurs twice")
        pattern = next((p for p in dont_use if fnmatchcase(name, p)), None)
        if pattern is not None:
            dropped[name] = f"dont-use {pattern}"
            continue
        try:
            cells[name] = read_cell(header, group, name)
        except CellLeftOut as reason:
            dropped[name] = str(reason)


def _check_same(first: Header, other: Header) -> None:
    for what in ("slew_lower", "slew_upper"):
        if getattr(first, what) != getattr(other, what):
            raise other.library.error(f"{what} differs from {first.library.source.name}")
    # The name of the operating point may differ between files of one library; its figures not.
    for what in ("voltage_v", "temperature_c"):
        if getattr(first.corner, what) != getattr(other.corner, what):
            raise other.library.error(f"{what} differs from {first.library.source.name}")


def _line(text: str) -> str:
    """A library's own text as one printable line."""
    return "".join(c if c.isprintable() else " " for c in text)[:200]
