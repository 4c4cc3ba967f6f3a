"""A compact Liberty text of a technology, for technology mappers (Yosys ``dfflibmap``, ABC)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError
from hwdse.tech.model import Arc, Cell, FlipFlop, Pin, Table, Technology
from hwdse.tech.requirements import lacking

__all__ = ["mapping_liberty"]

_HEAD = """\
  delay_model : table_lookup;
  time_unit : "1ps";
  voltage_unit : "1V";
  current_unit : "1mA";
  pulling_resistance_unit : "1kohm";
  leakage_power_unit : "1nW";
  capacitive_load_unit (1, ff);
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  slew_derate_from_library : 1;
"""


def mapping_liberty(tech: Technology) -> str:
    """Write functions, areas, capacitances, flip-flops and timing tables as Liberty.

    One unconditional arc per pair of pins and sense, in picoseconds and femtofarads; no power.
    Given to Yosys in place of the original file it leads to the same mapping but for ties.

    Args:
        tech: The technology; its cells appear in its own order.

    Raises:
        HwdseError: It lacks a kind of cell without which nothing can be mapped.
    """
    missing = lacking(tech)
    if missing:
        raise HwdseError(
            f"{tech.name}: nothing can be mapped to it, for it lacks {', '.join(missing)}: add a "
            "Liberty file with such a cell to `hwdse tech import`"
        )
    templates: dict[tuple[str, str], str] = {}
    cells = [line for cell in tech.cells.values() for line in _cell(cell, templates)]
    low, high = 100 * tech.slew_lower, 100 * tech.slew_upper
    lines = [
        f'library ("{tech.name}_mapping") {{',
        _HEAD.rstrip("\n"),
        *(f"  slew_lower_threshold_pct_{edge} : {low:.6g};" for edge in ("rise", "fall")),
        *(f"  slew_upper_threshold_pct_{edge} : {high:.6g};" for edge in ("rise", "fall")),
        "  nom_process : 1;",
        f"  nom_voltage : {tech.corner.voltage_v:.6g};",
        f"  nom_temperature : {tech.corner.temperature_c:.6g};",
    ]
    for (slew, load), name in templates.items():
        lines += [
            f"  lu_table_template ({name}) {{",
            "    variable_1 : input_net_transition;",
            "    variable_2 : total_output_net_capacitance;",
            f'    index_1 ("{slew}");',
            f'    index_2 ("{load}");',
            "  }",
        ]
    return "\n".join([*lines, *cells, "}"]) + "\n"


def _cell(cell: Cell, templates: dict[tuple[str, str], str]) -> Iterator[str]:
    yield f'  cell ("{cell.name}") {{'
    yield f"    area : {cell.area_um2:.6g};"
    yield f"    cell_leakage_power : {cell.leakage_nw:.6g};"
    if cell.ff is not None:
        yield from _flip_flop(cell.ff)
    for pin in cell.pins.values():
        yield f'    pin ("{pin.name}") {{'
        yield f"      direction : {pin.direction};"
        if pin.direction == "input":
            yield f"      capacitance : {pin.capacitance_ff:.6g};"
            if cell.ff is not None and cell.ff.clocked_on.lstrip("!") == pin.name:
                yield "      clock : true;"
        else:
            yield from _output(pin, cell.ff, templates)
        yield "    }"
    yield "  }"


def _flip_flop(ff: FlipFlop) -> Iterator[str]:
    yield f'    ff ("{ff.state}", "{ff.state_n}") {{'
    for key in ("clocked_on", "next_state", "clear", "preset"):
        if (value := getattr(ff, key)) is not None:
            yield f'      {key} : "{value}";'
    yield "    }"


def _output(pin: Pin, ff: FlipFlop | None, templates: dict[tuple[str, str], str]) -> Iterator[str]:
    # OpenSTA and others read no repeated inversions.
    yield f'      function : "{(pin.function or "").replace("!!", "")}";'
    if pin.max_capacitance_ff is not None:
        yield f"      max_capacitance : {pin.max_capacitance_ff:.6g};"
    for arc in pin.arcs:
        yield from _arc(arc, ff, templates)


def _arc(arc: Arc, ff: FlipFlop | None, templates: dict[tuple[str, str], str]) -> Iterator[str]:
    yield "      timing () {"
    yield f'        related_pin : "{arc.related_pin}";'
    yield f"        timing_sense : {arc.sense};"
    if ff is not None:
        edge = "falling_edge" if ff.clocked_on.startswith("!") else "rising_edge"
        yield f"        timing_type : {edge};"
    for kind, table in (
        ("cell_rise", arc.rise_delay),
        ("rise_transition", arc.rise_slew),
        ("cell_fall", arc.fall_delay),
        ("fall_transition", arc.fall_slew),
    ):
        yield from _table(kind, table, templates)
    yield "      }"


def _table(kind: str, table: Table, templates: dict[tuple[str, str], str]) -> Iterator[str]:
    key = (_numbers(table.slew_ps), _numbers(table.load_ff))
    name = templates.setdefault(key, f"t{len(templates)}")
    yield f"        {kind} ({name}) {{"
    # ABC takes indices from the table alone.
    yield f'          index_1 ("{key[0]}");'
    yield f'          index_2 ("{key[1]}");'
    yield "          values (" + ", ".join(f'"{_numbers(r)}"' for r in table.values) + ");"
    yield "        }"


def _numbers(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{v:.6g}" for v in values.tolist())
