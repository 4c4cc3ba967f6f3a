"""Internal energy and leakage of a Liberty cell."""

from __future__ import annotations

from hwdse.tech import tables
from hwdse.tech.liberty import Group
from hwdse.tech.model import InternalPower, Table
from hwdse.tech.units import Header

__all__ = ["ground_rails", "read_leakage", "read_power"]

_GROUND = {"primary_ground", "backup_ground", "internal_ground"}
_MAX_NW = 1e9


def ground_rails(cell: Group) -> set[str]:
    """Names of the ground rails of a cell that names a supply rail as well."""
    rails = {g.label for g in cell.all("pg_pin") if g.simple.get("pg_type") in _GROUND}
    supplies = [g for g in cell.all("pg_pin") if g.label not in rails]
    return rails if supplies else set()


def read_power(
    header: Header, pin: Group, related: set[str | None], ground: set[str]
) -> tuple[InternalPower, ...]:
    """Internal energy of a pin's transitions, for each of these related pins that has some."""
    by_pin: dict[str | None, list[Group]] = {}
    for group in pin.all("internal_power"):
        if group.simple.get("related_pg_pin") in ground:
            continue
        starts: list[str | None] = list(group.simple.get("related_pin", "").split())
        for start in starts if related != {None} and starts else [None]:
            if start in related:
                by_pin.setdefault(start, []).append(group)
    found = []
    for start, groups in by_pin.items():
        rise = _energy(header, groups, "rise_power")
        fall = _energy(header, groups, "fall_power")
        if rise is not None or fall is not None:
            zero = tables.constant(0.0)
            found.append(InternalPower(start, rise or zero, fall or zero))
    return tuple(found)


def _energy(header: Header, groups: list[Group], kind: str) -> Table | None:
    """Sum over supply rails of the mean over conditions."""
    rails: dict[str, list[Group]] = {}
    for group in groups:
        if group.first(kind) is not None or group.first("power") is not None:
            rails.setdefault(group.simple.get("related_pg_pin", ""), []).append(group)
    sums = []
    for of_rail in rails.values():
        conditioned = [g for g in of_rail if "when" in g.simple] or of_rail
        read = [header.energies(t) for g in conditioned for t in (g.all(kind) or g.all("power"))]
        sums.append(tables.mean(read))
    return tables.total(sums) if sums else None


def read_leakage(header: Header, cell: Group, ground: set[str]) -> float:
    """A cell's leakage power in nW, the mean over states; 0 where the file says nothing.

    Raises:
        HwdseError: It is negative or more than 1 W, or the library states no unit for it.
    """
    value = cell.number("cell_leakage_power")
    if not value:
        value = _mean_leakage(cell, ground)
    if value is None:
        value = header.library.number("default_cell_leakage_power")
    if not value:
        return 0.0
    if header.leakage_nw is None:
        raise header.library.error("leakage is given but leakage_power_unit is absent")
    leakage_nw = value * header.leakage_nw
    if not 0 <= leakage_nw <= _MAX_NW:
        raise cell.error(
            f"leakage of cell {cell.label!r} is {leakage_nw:g} nW, outside 0 to {_MAX_NW:g} nW"
        )
    return leakage_nw


def _mean_leakage(cell: Group, ground: set[str]) -> float | None:
    rails: dict[str, list[Group]] = {}
    for group in cell.all("leakage_power"):
        rail = group.simple.get("related_pg_pin", "")
        if rail not in ground and "value" in group.simple:
            rails.setdefault(rail, []).append(group)
    total = None
    for groups in rails.values():
        conditioned = [g for g in groups if "when" in g.simple] or groups
        figures = [g.number("value") or 0.0 for g in conditioned]
        total = (total or 0.0) + sum(figures) / len(figures)
    return total
