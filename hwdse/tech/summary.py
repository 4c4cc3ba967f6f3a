"""A technology in a few figures."""

from __future__ import annotations

from typing import Any

from hwdse.tech.figures_of_merit import figures_of_merit
from hwdse.tech.model import Cell, Technology
from hwdse.tech.representatives import representatives
from hwdse.tech.requirements import lacking, limitations

__all__ = ["summarise"]


def summarise(tech: Technology) -> dict[str, Any]:
    """What ``hwdse tech NAME`` prints of one technology.

    Returns:
        ``name, description, corner, cells, combinational, flip_flops, source, sha256``;
        ``nand2, inverter, full_adder, dff``, each ``{"cell": name, "area_um2": area}`` or None (see
        :class:`hwdse.tech.representatives.Representatives`); ``figures``, those of
        :class:`hwdse.tech.figures_of_merit.FiguresOfMerit`; ``lacking``, kinds of cells without
        which nothing can be mapped; ``notes``, what its files did not say; ``wire_load``, the name
        of the default wire-load model or None. Ready for JSON.
    """
    flops = sum(c.ff is not None for c in tech.cells.values())
    cells = representatives(tech)
    source = tech.source
    return {
        "name": tech.name,
        "description": tech.description,
        "corner": {
            "process": tech.corner.process,
            "voltage_v": tech.corner.voltage_v,
            "temperature_c": tech.corner.temperature_c,
        },
        "cells": len(tech.cells),
        "combinational": len(tech.cells) - flops,
        "flip_flops": flops,
        "nand2": _cell(cells.nand2),
        "inverter": _cell(cells.inverters[0] if cells.inverters else None),
        "full_adder": _cell(cells.full_adder),
        "dff": _cell(cells.flip_flop),
        "figures": figures_of_merit(tech).to_json(),
        "lacking": list(lacking(tech)),
        "notes": list(limitations(tech)),
        "wire_load": None if tech.wire_load is None else tech.wire_load.name,
        "source": {
            "files": [{"name": n, "sha256": h} for n, h in source.files],
            "library": list(source.library),
            "licence": source.licence,
            "url": source.url,
            "importer": source.importer,
            "dont_use": list(source.dont_use),
        },
        "sha256": tech.sha256,
    }


def _cell(cell: Cell | None) -> dict[str, Any] | None:
    return None if cell is None else {"cell": cell.name, "area_um2": cell.area_um2}
