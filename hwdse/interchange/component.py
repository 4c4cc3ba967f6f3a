"""A unit as architecture simulators see one: energy per action, leakage per cycle, area."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hwdse.errors import HwdseError
from hwdse.pe import Design

__all__ = ["Component", "check_names", "components", "header"]

_UW_PS_PER_PJ = 1e6
# Keys of a cost's provenance that files say.
_CONDITIONS = ("technology_sha256", "synthesis", "operands", "activity", "wires")


@dataclass(frozen=True)
class Component:
    """One unit, with whatever lanes it has, at one clock.

    Attributes:
        name: The Verilog module's name.
        spec: Canonical spec.
        technology: Name of the technology.
        action: ``compute``, one multiply-accumulate, or ``convert``, one value.
        energy_pj: Dynamic energy of one action; leakage is not in it.
        actions_per_cycle: As many as the unit finishes when it is never idle.
        leak_pj: Leakage of the whole unit over one cycle.
        leakage_uw: Leakage of the whole unit.
        area_um2: Area of the whole unit.
        period_ps: The cycle.
        provenance: Of the figures.
    """

    name: str
    spec: str
    technology: str
    action: str
    energy_pj: float
    actions_per_cycle: float
    leak_pj: float
    leakage_uw: float
    area_um2: float
    period_ps: float
    provenance: dict[str, Any]


def check_names(designs: Iterable[Design]) -> None:
    """Say so where two designs would have one name.

    Raises:
        HwdseError: They would: units that differ only in the mode that they are measured in do.
    """
    specs: dict[str, str] = {}
    for design in designs:
        known = specs.setdefault(design.module_name, design.canonical)
        if known != design.canonical:
            raise HwdseError(
                f"{known} and {design.canonical} are one unit of hardware, and would both be named "
                f"{design.module_name}; write them to two directories"
            )


def components(designs: Sequence[Design], rows: Iterable[Mapping[str, Any]]) -> list[Component]:
    """Components from costs; a design that is there twice is one component.

    Args:
        designs: The designs.
        rows: Figures of each, with the fields of :class:`hwdse.cost.Cost`.

    Raises:
        HwdseError: A figure is missing, or two designs have one name.
    """
    check_names(designs)
    found = (_component(design, row) for design, row in zip(designs, rows, strict=True))
    return list({component.name: component for component in found}.values())


def _component(design: Design, row: Mapping[str, Any]) -> Component:
    action, per_cycle, energy = ("compute", "macs_per_cycle", "energy_pj_per_mac")
    if not design.macs_per_element:
        action, per_cycle, energy = ("convert", "values_per_cycle", "energy_pj_per_value")
    area_um2, leakage_uw, period_ps, rate, total_pj = (
        _figure(row, name) for name in ("area_um2", "leakage_uw", "period_ps", per_cycle, energy)
    )
    leak_pj = leakage_uw * period_ps / _UW_PS_PER_PJ
    return Component(
        name=design.module_name,
        spec=design.canonical,
        technology=str(row["tech"]),
        action=action,
        energy_pj=total_pj - leak_pj / rate,
        actions_per_cycle=rate,
        leak_pj=leak_pj,
        leakage_uw=leakage_uw,
        area_um2=area_um2,
        period_ps=period_ps,
        provenance=row["provenance"],
    )


def _figure(row: Mapping[str, Any], name: str) -> float:
    value = row[name]
    if value is None or not math.isfinite(value):
        raise HwdseError(
            f"{row['spec']}: source {row['source']!r} has no {name} for it on {row['tech']}, and "
            "simulators take no table with gaps; --source synth on a technology has all figures"
        )
    return float(value)


def header(components: Sequence[Component], lines: Sequence[str]) -> str:
    """Comments for the head of a file: what it holds, and where the figures come from.

    Args:
        components: The file's components, at least one.
        lines: What is to be said of all of them.
    """
    text = [*lines, *(_about(each) for each in components)]
    for key in _CONDITIONS:
        said = {each.name: each.provenance[key] for each in components if key in each.provenance}
        if len(set(said.values())) == 1:
            text.append(f"{key}: {next(iter(said.values()))}")
        else:
            text += [f"{key} of {name}: {value}" for name, value in said.items()]
    return "".join(f"# {_comment(line)}\n" for line in text)


def _about(component: Component) -> str:
    what = "MAC" if component.action == "compute" else "converted value"
    corner = component.provenance.get("corner")
    at = (
        ""
        if corner is None
        else (f" ({corner['process']}, {corner['voltage_v']:g} V, {corner['temperature_c']:g} C)")
    )
    return (
        f"{component.name} is {component.spec} on {component.technology}{at}: "
        f"{component.action} is one {what}, of which it does {component.actions_per_cycle:g} in a "
        f"cycle of {component.period_ps:.6g} ps"
    )


def _comment(line: str) -> str:
    """Printable, on one line, and without braces, which both tools take for Jinja templates."""
    shown = "".join(c if c.isprintable() else " " for c in line)
    return shown.replace("{", "(").replace("}", ")")
