"""What a Liberty library's header says: units, operating point, thresholds and table templates."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from hwdse.errors import HwdseError
from hwdse.tech.liberty import Group
from hwdse.tech.model import ConstraintTable, Corner, Table

__all__ = ["MAX_FJ", "MAX_PS", "CellLeftOut", "Header", "read_header", "unit"]

# What a table may hold: 10 us, 10 nJ.
MAX_PS = MAX_FJ = 1e7
_MAX_AXIS = 1e7

_PREFIX = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}
_SLEW_VARIABLES = frozenset({"input_net_transition", "input_transition_time"})
# The two axes of a constraint table: treated as slew (related pin) and as load (constrained pin),
# so that one reader serves; only the middle entry of such a table is ever used.
_FIRST = _SLEW_VARIABLES | {"related_pin_transition"}
_SECOND = frozenset({"total_output_net_capacitance", "constrained_pin_transition"})


class CellLeftOut(HwdseError):  # noqa: N818
    """What a cell has is proper Liberty that no technology can hold: the cell stays out."""


@dataclass(frozen=True)
class Header:
    """Scale factors and conditions of one Liberty library.

    Attributes:
        library: The library group.
        time_ps, slew_ps, capacitance_ff, energy_fj: What one unit of the file is. ``slew_ps``
            includes ``slew_derate_from_library``. The energy unit of internal-power tables is
            voltage_unit^2 x capacitive_load_unit.
        leakage_nw: The same for leakage, or None where the file states no unit.
        slew_lower, slew_upper: Transition thresholds, fractions of the swing.
        corner: The default operating conditions.
        templates: Variables and default index vectors of the table templates.
    """

    library: Group
    time_ps: float
    slew_ps: float
    capacitance_ff: float
    energy_fj: float
    leakage_nw: float | None
    slew_lower: float
    slew_upper: float
    corner: Corner
    templates: dict[str, Group]

    def delays(self, group: Group) -> Table:
        """A table of delays, in ps; raises as :meth:`_table` does."""
        return self._table(group, self.time_ps, f"{MAX_PS:g} ps", MAX_PS)

    def slews(self, group: Group) -> Table:
        """A table of transition times, in ps; raises as :meth:`_table` does."""
        return self._table(group, self.slew_ps, f"{MAX_PS:g} ps", MAX_PS)

    def energies(self, group: Group) -> Table:
        """A table of energies, in fJ; raises as :meth:`_table` does."""
        return self._table(group, self.energy_fj, f"{MAX_FJ:g} fJ", MAX_FJ)

    def constraints(self, group: Group) -> ConstraintTable:
        """A table of setup times, in ps; raises as :meth:`_table` does."""
        table = self._table(group, self.time_ps, f"{MAX_PS:g} ps", MAX_PS)
        return ConstraintTable(table.slew_ps, table.load_ff, table.values)

    def _table(self, group: Group, unit: float, bound: str, limit: float) -> Table:
        """Read ``cell_rise (template) { ... }`` and the like as a (slew, load) table.

        Args:
            group: The table's group.
            unit: What one unit of its values is in our unit.
            bound: What messages call the limit.
            limit: Largest magnitude of a value, in our unit.

        Raises:
            CellLeftOut: It is a table over other variables than slew and load, or over three.
            HwdseError: Unknown template, wrong number of values, a value out of bounds, or axes
                that do not ascend.
        """
        table = self._unchecked(group, unit)
        worst = float(np.max(np.abs(table.values)))
        if not worst <= limit:
            raise group.error(f"{group.kind} holds a figure of {worst:g}: more than {bound}")
        return table

    def _unchecked(self, group: Group, unit: float) -> Table:
        values = group.numbers("values")
        if values is None:
            raise group.error(f"{group.kind} has no values")
        label = group.label
        if label in ("", "scalar"):
            if len(values) != 1:
                raise group.error(f"{group.kind} is scalar but has {len(values)} values")
            return Table(np.zeros(1), np.zeros(1), np.array([[values[0] * unit]]))
        template = self.templates.get(label)
        if template is None:
            raise group.error(f"{group.kind} uses the unknown table template {label!r}")
        axes: dict[int, np.ndarray] = {}
        order: list[int] = []
        for n in (1, 2, 3):
            variable = template.simple.get(f"variable_{n}")
            if variable is None:
                continue
            which = 0 if variable in _FIRST else 1 if variable in _SECOND else None
            if which is None or which in axes:
                raise CellLeftOut(f"{group.kind} is a table over {variable[:60]!r}")
            points = group.numbers(f"index_{n}") or template.numbers(f"index_{n}")
            if not points:
                raise group.error(f"{group.kind} has no index_{n}")
            slew = variable != "total_output_net_capacitance"
            axes[which] = np.array(points) * (self.slew_ps if slew else self.capacitance_ff)
            if np.any(np.diff(axes[which]) <= 0) or axes[which][0] < 0:
                raise group.error(f"index_{n} of {group.kind} does not ascend from 0 or more")
            if not axes[which][-1] <= _MAX_AXIS:
                raise group.error(
                    f"index_{n} of {group.kind} reaches {axes[which][-1]:g}: more than "
                    f"{_MAX_AXIS:g} {'ps' if slew else 'fF'}"
                )
            order.append(which)
        if not order:
            raise group.error(f"{group.kind}: its template {label!r} has no variable_1")
        size = int(np.prod([len(axes[w]) for w in order]))
        if len(values) != size:
            raise group.error(f"{group.kind} has {len(values)} values, its axes need {size}")
        grid = np.array(values).reshape([len(axes[w]) for w in order]) * unit
        if order == [1, 0]:
            grid = np.ascontiguousarray(grid.T)
        first, second = axes.get(0, np.zeros(1)), axes.get(1, np.zeros(1))
        return Table(first, second, grid.reshape(len(first), len(second)))


def read_header(library: Group) -> Header:
    """Read units, corner, thresholds and templates of a library group.

    Raises:
        HwdseError: A unit or threshold is absent or absurd, or the delay model is no table look-up.
    """
    model = library.simple.get("delay_model", "table_lookup")
    if model != "table_lookup":
        raise library.error(f"delay_model is {model!r}; only table_lookup can be read")
    volt = unit(library, "voltage_unit", "V", default="1V")
    time = unit(library, "time_unit", "s", default="1ns") * 1e12
    load = library.list_of("capacitive_load_unit")
    if len(load) != 2:
        raise library.error("capacitive_load_unit (value, ff|pf) is absent")
    capacitance = _scaled(library, "capacitive_load_unit", load[0] + load[1], "F") * 1e15
    derate = library.number("slew_derate_from_library")
    if derate is not None and not 0.01 <= derate <= 100:
        raise library.error(f"slew_derate_from_library is {derate:g}, outside 0.01 to 100")
    leakage = None
    if "leakage_power_unit" in library.simple:
        leakage = unit(library, "leakage_power_unit", "W", default="1nW") * 1e9
    low = _threshold(library, "slew_lower_threshold_pct", 20.0)
    high = _threshold(library, "slew_upper_threshold_pct", 80.0)
    if low >= high:
        raise library.error(f"slew thresholds {low:g} and {high:g} do not ascend")
    return Header(
        library=library,
        time_ps=time,
        slew_ps=time * (derate or 1.0),
        capacitance_ff=capacitance,
        energy_fj=capacitance * volt**2,
        leakage_nw=leakage,
        slew_lower=low,
        slew_upper=high,
        corner=_corner(library, volt),
        templates={
            g.label: g for g in library.all("lu_table_template", "power_lut_template") if g.label
        },
    )


def _corner(library: Group, volt: float) -> Corner:
    wanted = library.simple.get("default_operating_conditions")
    conditions = library.all("operating_conditions")
    chosen = next((c for c in conditions if c.label == wanted), None)
    if chosen is None and conditions and wanted is None:
        chosen = conditions[0]
    voltage = temperature = None
    if chosen is not None:
        voltage, temperature = chosen.number("voltage"), chosen.number("temperature")
    voltage = library.number("nom_voltage") if voltage is None else voltage
    temperature = library.number("nom_temperature") if temperature is None else temperature
    if voltage is None or not 0.2 <= voltage * volt <= 6:
        raise library.error(f"supply voltage is {voltage}: absent or outside 0.2 to 6 V")
    if temperature is None or not -100 <= temperature <= 300:
        raise library.error(f"temperature is {temperature}: absent or outside -100 to 300 C")
    process = "nominal" if chosen is None else chosen.simple.get("process_corner", chosen.label)
    return Corner(process, voltage * volt, temperature)


def _threshold(library: Group, stem: str, default: float) -> float:
    both = [library.number(f"{stem}_{edge}") for edge in ("rise", "fall")]
    known = [b for b in both if b is not None] or [default]
    value = sum(known) / len(known) / 100
    if not 0 <= value <= 1:
        raise library.error(f"{stem} is {value * 100:g}, not a percentage")
    return value


def unit(library: Group, name: str, base: str, *, default: str) -> float:
    """What a library's unit attribute says, in the base unit: ``"10ps"`` in ``s`` is 1e-11.

    Raises:
        HwdseError: It is no number with a prefix and this base unit.
    """
    return _scaled(library, name, library.simple.get(name, default), base)


def _scaled(library: Group, name: str, text: str, base: str) -> float:
    match = re.fullmatch(rf"\s*([0-9.eE+-]*)\s*([fpnumk]?){base}\s*", text, re.IGNORECASE)
    try:
        value = float(match[1] or 1) * _PREFIX[match[2].lower()] if match else 0.0
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise _bad_unit(library, name, text, base)
    return float(f"{value:.12g}")


def _bad_unit(library: Group, name: str, text: str, base: str) -> HwdseError:
    return library.error(f"{name} is {text[:40]!r}, not a number with a unit of {base}")
