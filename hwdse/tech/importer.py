"""Liberty files to a :class:`~hwdse.tech.model.Technology`: which cells stay, and their figures.

Rules that decide a figure, all of them deliberate:

* **Conditions.** Delay and output transition of a pin pair are the element-wise worst over the
  file's ``when`` conditions, energy and leakage the mean. A group without ``when`` beside groups
  with one is their default; for energy and leakage it counts only where no condition is given.
* **Leakage** is ``cell_leakage_power`` where the cell states a positive one (NanGate45, sky130:
  it equals the mean of the states), else the mean of the conditioned ``leakage_power`` groups
  (ASAP7), else their unconditioned value, else the library's default.
* **Ground rails do not count.** Some libraries (ASAP7) tabulate internal energy for the supply
  and once more for the ground rail. The charge that enters through VDD leaves through VSS, so
  adding the two would count each fJ twice; over a full output cycle they agree. Only supply rails
  are kept, which is also what NanGate45 tabulates.
* **Missing edge.** Where a file has an arc for one output edge only, the other edge takes the same
  tables. Arcs from another output of the cell (ASAP7's FAx1, CON to SN) are left out: the arcs
  from the inputs to that output are there as well.
* **Asynchronous arcs** of flip-flops (clear, preset) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hwdse.errors import HwdseError
from hwdse.tech import tables
from hwdse.tech.boolean import Ast, parse, to_text, variables
from hwdse.tech.liberty import Group, read_liberty
from hwdse.tech.model import Arc, Cell, FlipFlop, InternalPower, Pin, Source, Table, Technology
from hwdse.tech.units import Header, read_header

__all__ = ["IMPORTER", "ImportResult", "import_liberty"]

IMPORTER = "hwdse liberty importer 1"

_CELL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.$\[\]]{0,127}")
_PIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.$\[\]]{0,127}")
_COMBINATIONAL = {"combinational", "combinational_rise", "combinational_fall"}
_POWER_MANAGEMENT = ("is_isolation_cell", "is_level_shifter", "retention_cell", "switch_cell_type")
_GROUND = {"primary_ground", "backup_ground", "internal_ground"}


@dataclass(frozen=True)
class ImportResult:
    """What an import gave.

    Attributes:
        technology: The technology, as loading ``yaml_text`` gives it.
        yaml_text: The file to write; the same inputs give the same bytes.
        dropped: Cells left out, with the reason.
    """

    technology: Technology
    yaml_text: str
    dropped: dict[str, str]


def import_liberty(
    paths: Sequence[str | Path],
    *,
    name: str,
    licence: str = "not stated",
    url: str = "",
    description: str = "",
) -> ImportResult:
    """Read Liberty files of one technology at one corner.

    Args:
        paths: ``.lib`` or ``.lib.gz`` files; their cells are joined in this order.
        name: Name of the technology.
        licence: Licence of the files, one line.
        url: Where they are published.
        description: One line; the libraries' names when empty.

    Raises:
        HwdseError: A file cannot be read or is no Liberty, corners or thresholds differ between
            files, a cell occurs twice, a name or figure is out of range, or no cell is usable.
    """
    from hwdse.tech.schema import technology_from_text
    from hwdse.tech.yaml_text import to_yaml

    if not paths:
        raise HwdseError("no Liberty file given")
    headers = [read_header(read_liberty(path)) for path in paths]
    first = headers[0]
    cells: dict[str, Cell] = {}
    dropped: dict[str, str] = {}
    for header in headers:
        _check_same(first, header)
        for group in header.library.all("cell"):
            cell_name = _checked_name(group, group.label, _CELL_NAME)
            if cell_name in cells or cell_name in dropped:
                raise group.error(f"cell {cell_name!r} occurs twice")
            reason = _unusable(group)
            cell = None if reason else _cell(header, group, cell_name)
            if isinstance(cell, Cell):
                cells[cell_name] = cell
            else:
                dropped[cell_name] = reason or str(cell)
    if not cells:
        raise HwdseError(f"{first.library.source.name}: no usable cell among {len(dropped)}")
    libraries = tuple(h.library.label for h in headers)
    raw = Technology(
        name=name,
        description=description or "Imported from " + ", ".join(libraries),
        corner=first.corner,
        source=Source(
            files=tuple((h.library.source.name, h.library.source.sha256) for h in headers),
            library=libraries,
            licence=licence,
            url=url,
            importer=IMPORTER,
        ),
        slew_lower=first.slew_lower,
        slew_upper=first.slew_upper,
        cells=cells,
        sha256="",
    )
    text = to_yaml(raw)
    return ImportResult(technology_from_text(text, where=f"{name}.yaml"), text, dropped)


def _check_same(first: Header, other: Header) -> None:
    for what in ("slew_lower", "slew_upper"):
        if getattr(first, what) != getattr(other, what):
            raise other.library.error(f"{what} differs from {first.library.source.name}")
    # The name of the operating point may differ between files of one library; its figures not.
    for what in ("voltage_v", "temperature_c"):
        if getattr(first.corner, what) != getattr(other.corner, what):
            raise other.library.error(f"{what} differs from {first.library.source.name}")


def _unusable(cell: Group) -> str | None:
    """Why a cell cannot be mapped to, or None; the checks that need no figures."""
    pins = cell.all("pin")
    kinds = {g.kind for g in cell.groups}
    simple = cell.simple
    outputs = [p for p in pins if p.simple.get("direction") == "output"]
    reasons = [
        (simple.get("dont_use") == "true", "dont_use"),
        ("clock_gating_integrated_cell" in simple, "clock gate"),
        (any(a in simple for a in _POWER_MANAGEMENT), "power-management cell"),
        ("test_cell" in kinds or any(_is_scan(p) for p in pins), "scan cell"),
        (bool(kinds & {"latch", "latch_bank"}), "latch"),
        (bool(kinds & {"ff_bank", "memory"}) or len(cell.all("ff")) > 1, "multi-bit or memory"),
        ("statetable" in kinds, "state table"),
        (bool(kinds & {"bus", "bundle"}), "bus pins"),
        (any("three_state" in p.simple for p in pins), "tri-state"),
        (any(p.simple.get("direction") == "inout" for p in pins), "bidirectional pin"),
        (not outputs, "no outputs (fill, tap, antenna)"),
        (not cell.number("area"), "no area"),
        (any("function" not in p.simple for p in outputs), "no function"),
    ]
    return next((reason for holds, reason in reasons if holds), None)


def _is_scan(pin: Group) -> bool:
    return pin.simple.get("nextstate_type", "").startswith("scan_") or pin.simple.get(
        "signal_type", ""
    ).startswith("test_scan")


def _cell(header: Header, group: Group, name: str) -> Cell | str:
    """The cell, or the reason why it is left out."""
    area = group.number("area") or 0.0
    if not 0 < area <= 1e5:
        raise group.error(f"area of cell {name!r} is {area:g}, outside (0, 1e5] um2")
    flop = _flip_flop(group)
    if isinstance(flop, str):
        return flop
    ground = _ground_rails(header, group)
    directions: dict[str, str] = {}
    for pin in group.all("pin"):
        direction = pin.simple.get("direction", "")
        if direction in ("input", "output"):
            pin_name = _checked_name(pin, pin.label, _PIN_NAME)
            if pin_name in directions or len(pin.args) != 1:
                raise pin.error(f"pin {pin_name!r} of cell {name!r} is declared twice or with more")
            directions[pin_name] = direction
        elif direction != "internal":
            raise pin.error(f"pin {pin.label!r} of cell {name!r} has direction {direction!r}")
    inputs = {n for n, d in directions.items() if d == "input"}
    pins: dict[str, Pin] = {}
    for pin in group.all("pin"):
        if directions.get(pin.label) == "output":
            output = _output(header, pin, inputs, flop, ground)
            if isinstance(output, str):
                return output
            pins[pin.label] = output
        elif pin.label in directions:
            pins[pin.label] = _input(header, pin, flop, ground)
    return Cell(name, area, _leakage(header, group, ground), pins, flop)


def _flip_flop(cell: Group) -> FlipFlop | str | None:
    group = cell.first("ff")
    if group is None:
        return None
    states = " ".join(group.args).replace(",", " ").split()
    if len(states) != 2:
        raise group.error(f"ff of cell {cell.label!r} must name a state and its complement")
    state, state_n = (_checked_name(group, s, _PIN_NAME) for s in states)
    texts = {
        key: to_text(_parsed(group, key))
        for key in ("next_state", "clocked_on", "clear", "preset")
        if key in group.simple
    }
    for key in ("next_state", "clocked_on"):
        if key not in texts:
            return f"flip-flop without {key}"
        if not re.fullmatch(r"!?[A-Za-z_][^ ]*", texts[key]) or texts[key].lstrip("!") in states:
            return "not a plain D flip-flop"
    if "clocked_on_also" in group.simple:
        return "not a plain D flip-flop"
    return FlipFlop(
        state,
        state_n,
        texts["clocked_on"],
        texts["next_state"],
        texts.get("clear"),
        texts.get("preset"),
    )


def _input(header: Header, pin: Group, flop: FlipFlop | None, ground: set[str]) -> Pin:
    capacitance = pin.number("capacitance")
    if capacitance is None:
        edges = [pin.number("rise_capacitance"), pin.number("fall_capacitance")]
        edges.append(header.library.number("default_input_pin_cap"))
        capacitance = max((e for e in edges[:2] if e is not None), default=edges[2])
    if capacitance is None or not 0 <= capacitance * header.capacitance_ff <= 1e5:
        raise pin.error(f"capacitance of pin {pin.label!r}: absent or outside 0 to 1e5 fF")
    setup = None
    if flop is not None and pin.label in variables(parse(flop.next_state)):
        setup = _setup(header, pin)
    return Pin(
        name=pin.label,
        direction="input",
        capacitance_ff=capacitance * header.capacitance_ff,
        power=_power(header, pin, {None}, ground),
        setup_ps=setup,
    )


def _setup(header: Header, pin: Group) -> float | None:
    found = []
    for timing in pin.all("timing"):
        if timing.simple.get("timing_type") in ("setup_rising", "setup_falling"):
            for group in timing.all("rise_constraint", "fall_constraint"):
                values = header.table(group, unit=header.time_ps).values
                found.append(float(values[values.shape[0] // 2, values.shape[1] // 2]))
    return max(found, default=None)


def _output(
    header: Header, pin: Group, inputs: set[str], flop: FlipFlop | None, ground: set[str]
) -> Pin | str:
    function = _parsed(pin, "function")
    names = set(variables(function))
    known = inputs if flop is None else {flop.state, flop.state_n}
    if not names <= known:
        if flop is not None and names <= known | inputs:
            return "output is not the state alone"
        return f"function of {pin.label} uses {min(names - known)}, which is no input"
    # Clock-to-q arcs start at the clock alone.
    starts = names if flop is None else set(variables(parse(flop.clocked_on)))
    arcs = _arcs(header, pin, inputs, sequential=flop is not None)
    for start in sorted(starts - {a.related_pin for a in arcs}):
        return f"no timing from {start} to {pin.label}"
    limit = pin.number("max_capacitance")
    if limit is not None and not 0 < limit * header.capacitance_ff <= 1e6:
        raise pin.error(f"max_capacitance of pin {pin.label!r} is {limit:g}: outside (0, 1e6] fF")
    return Pin(
        name=pin.label,
        direction="output",
        max_capacitance_ff=None if limit is None else limit * header.capacitance_ff,
        function=to_text(function),
        arcs=arcs,
        power=_power(header, pin, {None, *inputs}, ground),
    )


def _arcs(header: Header, pin: Group, inputs: set[str], *, sequential: bool) -> tuple[Arc, ...]:
    wanted = {"rising_edge", "falling_edge"} if sequential else _COMBINATIONAL
    by_pin: dict[str, list[Group]] = {}
    for timing in pin.all("timing"):
        if timing.simple.get("timing_type", "combinational") in wanted:
            for start in timing.simple.get("related_pin", "").split():
                if start in inputs:
                    by_pin.setdefault(start, []).append(timing)
    arcs = []
    for start, groups in by_pin.items():
        found: dict[str, Table] = {}
        for kind, unit in (
            ("cell_rise", header.time_ps),
            ("cell_fall", header.time_ps),
            ("rise_transition", header.slew_ps),
            ("fall_transition", header.slew_ps),
        ):
            read = [header.table(t, unit=unit) for g in groups for t in g.all(kind)]
            if read:
                found[kind] = tables.worst(read)
        for kind, other in (("cell_rise", "cell_fall"), ("rise_transition", "fall_transition")):
            if kind not in found and other not in found:
                raise groups[0].error(f"timing from {start!r} has neither {kind} nor {other}")
            if kind not in found:
                found[kind] = found[other]
            found.setdefault(other, found[kind])
        senses = {g.simple.get("timing_sense", "non_unate") for g in groups}
        sense = senses.pop() if len(senses) == 1 else "non_unate"
        if sense not in ("positive_unate", "negative_unate", "non_unate"):
            raise groups[0].error(f"timing_sense {sense!r}")
        arcs.append(
            Arc(
                start,
                sense,
                found["cell_rise"],
                found["cell_fall"],
                found["rise_transition"],
                found["fall_transition"],
            )
        )
    return tuple(arcs)


def _power(
    header: Header, pin: Group, related: set[str | None], ground: set[str]
) -> tuple[InternalPower, ...]:
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
        read = [
            header.table(t, unit=header.energy_fj)
            for g in conditioned
            for t in (g.all(kind) or g.all("power"))
        ]
        sums.append(tables.mean(read))
    return tables.total(sums) if sums else None


def _ground_rails(header: Header, cell: Group) -> set[str]:
    rails = {g.label for g in cell.all("pg_pin") if g.simple.get("pg_type") in _GROUND}
    supplies = [g for g in cell.all("pg_pin") if g.label not in rails]
    return rails if supplies else set()


def _leakage(header: Header, cell: Group, ground: set[str]) -> float:
    value = cell.number("cell_leakage_power")
    if not value:
        value = _mean_leakage(cell, ground)
    if value is None:
        value = header.library.number("default_cell_leakage_power")
    if not value:
        return 0.0
    if header.leakage_nw is None:
        raise header.library.error("leakage is given but leakage_power_unit is absent")
    if not 0 <= value * header.leakage_nw <= 1e9:
        raise cell.error(f"leakage of cell {cell.label!r} is {value:g}: outside 0 to 1 W")
    return value * header.leakage_nw


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


def _parsed(group: Group, key: str) -> Ast:
    try:
        return parse(group.simple[key])
    except HwdseError as error:
        raise group.error(f"{key} of {group.kind} {group.label!r}: {error}") from None


def _checked_name(group: Group, name: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(name):
        raise group.error(
            f"{group.kind} name {name[:60]!r} is refused: letters, digits and _ . $ [ ] only"
        )
    return name
