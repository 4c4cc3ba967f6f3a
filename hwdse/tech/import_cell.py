"""One Liberty cell to a :class:`~hwdse.tech.model.Cell`, or the reason why it stays out."""

from __future__ import annotations

import re

from hwdse.errors import HwdseError
from hwdse.tech.boolean import Ast, parse, to_text, variables
from hwdse.tech.import_power import ground_rails, read_leakage, read_power
from hwdse.tech.import_timing import read_arcs, read_setup, worst_mid_setup
from hwdse.tech.liberty import Group
from hwdse.tech.model import Cell, Constraint, FlipFlop, Pin
from hwdse.tech.pins import single_pins
from hwdse.tech.units import CellLeftOut, Header

__all__ = ["checked_cell_name", "read_cell"]

_CELL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.$\[\]<>]{0,127}")
_PIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.$\[\]<>]{0,127}")
_POWER_MANAGEMENT = ("is_isolation_cell", "is_level_shifter", "retention_cell", "switch_cell_type")
_TRUE = ("true", "1")
_MIN_UM2, _MAX_UM2 = 1e-6, 1e5
_MAX_PIN_FF, _MAX_LOAD_FF = 1e5, 1e6


def checked_cell_name(cell: Group) -> str:
    """A cell's name.

    Raises:
        HwdseError: It has characters that a netlist or a script could take for something else.
    """
    return _checked_name(cell, cell.label, _CELL_NAME)


def read_cell(header: Header, group: Group, name: str) -> Cell:
    """Read a cell.

    Args:
        header: Its library's.
        group: The ``cell`` group.
        name: Its checked name.

    Raises:
        CellLeftOut: It is sound, but nothing that could be mapped to: the message is the reason.
        HwdseError: It is malformed, or a figure of it is out of range.
    """
    # What needs no pins comes first: the pins of such cells need not make sense.
    _leave_out(_first_reason(group))
    pins = single_pins(group, header.library)
    _leave_out(_reason_of_pins(group, pins))
    area = group.number("area") or 0.0
    if not _MIN_UM2 <= area <= _MAX_UM2:
        raise group.error(
            f"area of cell {name!r} is {area:g}, outside {_MIN_UM2:g} to {_MAX_UM2:g} um2"
        )
    flop = _flip_flop(group)
    ground = ground_rails(group)
    directions: dict[str, str] = {}
    for pin in pins:
        direction = pin.simple.get("direction", "")
        if direction in ("input", "output"):
            pin_name = _checked_name(pin, pin.label, _PIN_NAME)
            if pin_name in directions:
                raise pin.error(f"pin {pin_name!r} of cell {name!r} is declared twice")
            directions[pin_name] = direction
        elif direction != "internal":
            raise pin.error(f"pin {pin.label!r} of cell {name!r} has direction {direction!r}")
    inputs = {n for n, d in directions.items() if d == "input"}
    found: dict[str, Pin] = {}
    for pin in pins:
        if directions.get(pin.label) == "output":
            found[pin.label] = _output(header, pin, inputs, flop, ground)
        elif pin.label in directions:
            found[pin.label] = _input(header, pin, flop, ground)
    return Cell(name, area, read_leakage(header, group, ground), found, flop)


def _leave_out(reason: str | None) -> None:
    if reason is not None:
        raise CellLeftOut(reason)


def _first_reason(cell: Group) -> str | None:
    kinds = {g.kind for g in cell.groups}
    simple = cell.simple
    reasons = [
        (simple.get("dont_use", "").lower() in _TRUE, "dont_use"),
        ("clock_gating_integrated_cell" in simple, "clock gate"),
        (any(a in simple for a in _POWER_MANAGEMENT), "power-management cell"),
        ("test_cell" in kinds or any(_is_scan(p) for p in cell.all("pin")), "scan cell"),
        (bool(kinds & {"latch", "latch_bank"}), "latch"),
        (bool(kinds & {"ff_bank", "memory"}) or len(cell.all("ff")) > 1, "multi-bit or memory"),
        ("statetable" in kinds, "state table"),
    ]
    return next((reason for holds, reason in reasons if holds), None)


def _reason_of_pins(cell: Group, pins: list[Group]) -> str | None:
    outputs = [p for p in pins if p.simple.get("direction") == "output"]
    reasons = [
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


def _flip_flop(cell: Group) -> FlipFlop | None:
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
            raise CellLeftOut(f"flip-flop without {key}")
        if not re.fullmatch(r"!?[A-Za-z_][^ ]*", texts[key]) or texts[key].lstrip("!") in states:
            raise CellLeftOut("not a plain D flip-flop")
    if "clocked_on_also" in group.simple:
        raise CellLeftOut("not a plain D flip-flop")
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
    if capacitance is None or not 0 <= capacitance * header.capacitance_ff <= _MAX_PIN_FF:
        raise pin.error(
            f"capacitance of pin {pin.label!r} is {capacitance}: absent or outside "
            f"0 to {_MAX_PIN_FF:g} fF"
        )
    setup_ps: float | None = None
    setup: tuple[Constraint, ...] = ()
    if flop is not None and pin.label in variables(parse(flop.next_state)):
        # A file without setup times says nothing of them: taken as 0, and the import notes it.
        setup_ps = worst_mid_setup(header, pin) or 0.0
        setup = read_setup(header, pin, variables(parse(flop.clocked_on)))
    return Pin(
        name=pin.label,
        direction="input",
        capacitance_ff=capacitance * header.capacitance_ff,
        power=read_power(header, pin, {None}, ground),
        setup_ps=setup_ps,
        setup=setup,
    )


def _output(
    header: Header, pin: Group, inputs: set[str], flop: FlipFlop | None, ground: set[str]
) -> Pin:
    function = _parsed(pin, "function")
    names = set(variables(function))
    known = inputs if flop is None else {flop.state, flop.state_n}
    if not names <= known:
        if flop is not None and names <= known | inputs:
            raise CellLeftOut("output is not the state alone")
        raise CellLeftOut(f"function of {pin.label} uses {min(names - known)}, which is no input")
    # Clock-to-q arcs start at the clock alone.
    starts = names if flop is None else set(variables(parse(flop.clocked_on)))
    arcs = read_arcs(header, pin, inputs, function, sequential=flop is not None)
    for start in sorted(starts - {a.related_pin for a in arcs}):
        raise CellLeftOut(f"no timing from {start} to {pin.label}")
    limit = pin.number("max_capacitance")
    if limit is not None and not 0 < limit * header.capacitance_ff <= _MAX_LOAD_FF:
        raise pin.error(
            f"max_capacitance of pin {pin.label!r} is {limit:g}: outside 0 to {_MAX_LOAD_FF:g} fF"
        )
    return Pin(
        name=pin.label,
        direction="output",
        max_capacitance_ff=None if limit is None else limit * header.capacitance_ff,
        function=to_text(function),
        arcs=arcs,
        power=read_power(header, pin, {None, *inputs}, ground),
    )


def _parsed(group: Group, key: str) -> Ast:
    try:
        return parse(group.simple[key])
    except HwdseError as error:
        raise group.error(f"{key} of {group.kind} {group.label!r}: {error}") from None


def _checked_name(group: Group, name: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(name):
        raise group.error(
            f"{group.kind} name {name[:60]!r} is refused: letters, digits and _ . $ [ ] < > only"
        )
    return name
