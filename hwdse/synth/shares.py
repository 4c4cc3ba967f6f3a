"""What share of a unit's area each of its parts has.

Optimisation of the flattened design mixes the parts, so a second netlist is made in which each
module is mapped for itself. Its shares are those of that netlist; the ratio of its area to the
flattened one's says how much flattening saves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwdse.errors import ExternalToolError
from hwdse.synth import flow
from hwdse.tech import mapping_liberty
from hwdse.tech.model import Technology

__all__ = ["AreaShares", "PartArea", "area_shares", "shares_of_modules"]

TOP = "top"


@dataclass(frozen=True)
class PartArea:
    """One part of a unit, without the parts within it.

    Attributes:
        part: Names of the instances that lead to it, joined by dots; ``top`` is the unit itself.
        area_um2: Its own cells.
        registers_um2: Of that, flip-flops.
        leakage_nw: Of its own cells.
        cells: How many they are.
        share: Of the area of the whole unflattened netlist.
    """

    part: str
    area_um2: float
    registers_um2: float
    leakage_nw: float
    cells: int
    share: float


@dataclass(frozen=True)
class AreaShares:
    """Parts of a unit, largest first, of the netlist in which each module is mapped for itself.

    Attributes:
        parts: Those that have cells.
        area_um2: Sum of all.
        registers_share: Share of flip-flops in it, wherever they are.
    """

    parts: tuple[PartArea, ...]
    area_um2: float
    registers_share: float

    def ratio_to(self, flattened_um2: float) -> float:
        """Area of the unflattened netlist over that of the flattened one."""
        return self.area_um2 / flattened_um2


def area_shares(rtlil: str, technology: Technology) -> AreaShares:
    """Map a design module by module and add up the cells of each part.

    Args:
        rtlil: The design; the names of its instances become the parts' names.
        technology: What to map to.
    """
    modules = flow.map_hierarchy(rtlil, mapping_liberty(technology))
    return shares_of_modules(modules, technology)


def shares_of_modules(modules: Mapping[str, Any], technology: Technology) -> AreaShares:
    """The same of modules that are mapped already.

    Raises:
        ExternalToolError: There is no top module, or a cell that the technology does not have.
    """
    tops = [n for n, m in modules.items() if int(m.get("attributes", {}).get("top", "0"), 2)]
    if len(tops) != 1:
        raise ExternalToolError(f"the mapped hierarchy has {len(tops)} top modules")
    found: dict[str, list[str]] = {}
    _collect(modules, tops[0], (), found)
    parts = []
    for path, kinds in found.items():
        unknown = [kind for kind in kinds if kind not in technology.cells]
        if unknown:
            raise ExternalToolError(
                f"the mapped netlist uses {unknown[0]!r}, no cell of {technology.name}"
            )
        cells = [technology.cells[kind] for kind in kinds]
        parts.append(
            (
                path,
                sum(c.area_um2 for c in cells),
                sum(c.area_um2 for c in cells if c.ff is not None),
                sum(c.leakage_nw for c in cells),
                len(cells),
            )
        )
    total = sum(area for _, area, *_ in parts)
    table = [PartArea(*part, share=part[1] / total) for part in parts if part[4]]
    registers = sum(part.registers_um2 for part in table)
    return AreaShares(
        parts=tuple(sorted(table, key=lambda p: (-p.area_um2, p.part))),
        area_um2=total,
        registers_share=registers / total if total else 0.0,
    )


def _collect(
    modules: Mapping[str, Any], name: str, path: tuple[str, ...], found: dict[str, list[str]]
) -> None:
    """Kinds of the cells of a module and of those within it, by part."""
    own = found.setdefault(".".join(path) or TOP, [])
    for instance, cell in modules[name]["cells"].items():
        if cell["type"] in modules:
            _collect(modules, cell["type"], (*path, instance), found)
        else:
            own.append(cell["type"])
