"""YAML text to a technology: safe loading, a strict schema, and checks beyond a schema's reach."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hwdse.errors import HwdseError
from hwdse.files.yaml_input import parse_yaml, schema_error
from hwdse.tech import model
from hwdse.tech.boolean import parse, variables
from hwdse.tech.yaml_text import SCHEMA

__all__ = ["technology_from_text"]

_Array = NDArray[np.float64]
_Line = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
_CellName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.$\[\]<>]{0,127}$")]
_PinName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.$\[\]<>]{0,127}$")]
_Text = Annotated[str, Field(max_length=20_000)]
_MAX_PS = 1e7
_MAX_FJ = 1e7


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class _File(_Strict):
    name: _Line
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Source(_Strict):
    files: list[_File]
    library: list[_Line]
    licence: _Line
    url: _Line
    importer: _Line
    dont_use: list[_Line] = []


class _WireLoad(_Strict):
    name: _Line
    fanout: _Text
    capacitance_ff: _Text
    resistance_ohm: _Text
    capacitance_ff_per_sink: Annotated[float, Field(ge=0, le=1e6)]
    resistance_ohm_per_sink: Annotated[float, Field(ge=0, le=1e9)]


class _Corner(_Strict):
    process: _Line
    voltage_v: Annotated[float, Field(ge=0.2, le=6)]
    temperature_c: Annotated[float, Field(ge=-100, le=300)]


class _Arc(_Strict):
    related_pin: _PinName
    sense: Literal["positive_unate", "negative_unate", "non_unate"]
    rise_delay_ps: _Text
    fall_delay_ps: _Text
    rise_slew_ps: _Text
    fall_slew_ps: _Text


class _Setup(_Strict):
    related_pin: _PinName
    rise_ps: _Text
    fall_ps: _Text


class _Power(_Strict):
    related_pin: _PinName | None
    rise_fj: _Text
    fall_fj: _Text


class _Pin(_Strict):
    direction: Literal["input", "output"]
    capacitance_ff: Annotated[float, Field(ge=0, le=1e5)] = 0.0
    max_capacitance_ff: Annotated[float, Field(gt=0, le=1e6)] | None = None
    function: _Text | None = None
    setup_ps: Annotated[float, Field(ge=-_MAX_PS, le=_MAX_PS)] | None = None
    setup: list[_Setup] = []
    arcs: list[_Arc] = []
    power: list[_Power] = []


class _FlipFlop(_Strict):
    state: _PinName
    state_n: _PinName
    clocked_on: _Text
    next_state: _Text
    clear: _Text | None = None
    preset: _Text | None = None


class _Cell(_Strict):
    area_um2: Annotated[float, Field(gt=0, le=1e5)]
    leakage_nw: Annotated[float, Field(ge=0, le=1e9)]
    ff: _FlipFlop | None = None
    pins: Annotated[dict[_PinName, _Pin], Field(min_length=1)]


class _Axes(_Strict):
    slew_ps: dict[str, _Text]
    load_ff: dict[str, _Text]


_Below = Annotated[float, Field(gt=0, le=1)]
_Above = Annotated[float, Field(ge=1, le=1000)]


class _Derived(_Strict):
    base: _Line
    base_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    method: _Line
    area_low: _Below
    area_high: _Above
    delay_low: _Below
    delay_high: _Above
    energy_low: _Below
    energy_high: _Above


class _Technology(_Strict):
    schema_: Annotated[Literal[1], Field(alias="schema")]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    description: _Line
    corner: _Corner
    source: _Source
    derived: _Derived | None = None
    slew_lower_fraction: Annotated[float, Field(ge=0, le=1)]
    slew_upper_fraction: Annotated[float, Field(ge=0, le=1)]
    wire_load: _WireLoad | None = None
    axes: _Axes
    cells: Annotated[dict[_CellName, _Cell], Field(min_length=1)]


def technology_from_text(text: str, *, where: str) -> model.Technology:
    """Read and check a technology.

    Args:
        text: The YAML text.
        where: What messages call it, usually the file's name.

    Raises:
        HwdseError: In one line, the file and the line of malformed YAML, or the path of the key
            that breaks the schema.
    """
    raw = parse_yaml(text, where=where)
    if not isinstance(raw, dict):
        raise HwdseError(f"{where}: not a technology: it holds no mapping of keys")
    if raw.get("schema") != SCHEMA:
        raise HwdseError(f"{where}: 'schema': must be {SCHEMA}, the version this hwdse reads")
    try:
        checked = _Technology.model_validate(raw)
    except ValidationError as error:
        raise schema_error(error, where=where) from None
    builder = _Builder(where, checked.axes)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return builder.technology(checked, sha256)


class _Builder:
    """Turns checked models into the technology; every method takes the key path for messages."""

    def __init__(self, where: str, axes: _Axes) -> None:
        self.where = where
        self.slew_ps = {n: self.axis(t, f"axes.slew_ps.{n}") for n, t in axes.slew_ps.items()}
        self.load_ff = {n: self.axis(t, f"axes.load_ff.{n}") for n, t in axes.load_ff.items()}

    def error(self, path: str, what: str) -> HwdseError:
        return HwdseError(f"{self.where}: {path}: {what}")

    def axis(self, text: str, path: str) -> _Array:
        axis = self.row(text, path)
        # Written so that a NaN fails.
        if not (len(axis) and axis[0] >= 0 and np.all(np.diff(axis) > 0) and axis[-1] <= _MAX_PS):
            raise self.error(path, "must ascend from 0 or more, to at most 1e7")
        return axis

    def row(self, text: str, path: str) -> _Array:
        try:
            return np.array([float(token) for token in text.split()])
        except ValueError as error:
            raise self.error(path, str(error)[:100]) from None

    def table(self, text: str, path: str, limit: float) -> model.Table:
        slew, load, values = self.grid(text, path, limit, self.load_ff)
        return model.Table(slew, load, values)

    def grid(
        self, text: str, path: str, limit: float, columns: Mapping[str, _Array]
    ) -> tuple[_Array, _Array, _Array]:
        names, colon, body = text.partition(":")
        parts = names.split()
        if not colon or len(parts) != 2:
            raise self.error(path, "must read 'SLEW_AXIS LOAD_AXIS: row; row; ...'")
        slew, load = self.slew_ps.get(parts[0]), columns.get(parts[1])
        if slew is None or load is None:
            raise self.error(path, f"no such axes: {' '.join(parts)[:40]!r}")
        if body.count(";") + 1 != len(slew):
            raise self.error(path, f"has {body.count(';') + 1} rows, its slew axis {len(slew)}")
        values = self.row(body.replace(";", " "), path)
        if len(values) != len(slew) * len(load):
            raise self.error(path, f"has {len(values)} values, needs {len(slew)} x {len(load)}")
        if not np.all(np.abs(values) <= limit):
            raise self.error(path, f"holds a value outside -{limit:g} to {limit:g}")
        return slew, load, values.reshape(len(slew), len(load))

    def function(self, text: str, path: str, known: Mapping[str, object] | set[str]) -> str:
        try:
            unknown = [v for v in variables(parse(text)) if v not in known]
        except HwdseError as error:
            raise self.error(path, str(error)) from None
        if unknown:
            raise self.error(path, f"uses {unknown[0]!r}, which is no pin it may depend on")
        return text

    def technology(self, checked: _Technology, sha256: str) -> model.Technology:
        if checked.slew_lower_fraction >= checked.slew_upper_fraction:
            raise self.error("slew_lower_fraction", "must be less than slew_upper_fraction")
        source = checked.source
        return model.Technology(
            name=checked.name,
            description=checked.description,
            corner=model.Corner(**checked.corner.model_dump()),
            source=model.Source(
                files=tuple((f.name, f.sha256) for f in source.files),
                library=tuple(source.library),
                licence=source.licence,
                url=source.url,
                importer=source.importer,
                dont_use=tuple(source.dont_use),
            ),
            slew_lower=checked.slew_lower_fraction,
            slew_upper=checked.slew_upper_fraction,
            cells={n: self.cell(n, c, f"cells.{n}") for n, c in checked.cells.items()},
            sha256=sha256,
            derived=None
            if checked.derived is None
            else model.Derived(**checked.derived.model_dump()),
            wire_load=self.wire_load(checked.wire_load),
        )

    def wire_load(self, checked: _WireLoad | None) -> model.WireLoad | None:
        if checked is None:
            return None
        rows = {
            key: self.row(getattr(checked, key), f"wire_load.{key}")
            for key in ("fanout", "capacitance_ff", "resistance_ohm")
        }
        fanout = rows["fanout"]
        if not (len(fanout) and fanout[0] == 1 and np.all(np.diff(fanout) > 0)):
            raise self.error("wire_load.fanout", "must ascend from 1")
        for key, limit in (("capacitance_ff", 1e6), ("resistance_ohm", 1e9)):
            row = rows[key]
            if len(row) != len(fanout) or not np.all((row >= 0) & (row <= limit)):
                raise self.error(
                    f"wire_load.{key}", f"needs {len(fanout)} values from 0 to {limit:g}"
                )
        return model.WireLoad(
            name=checked.name,
            **rows,
            capacitance_ff_per_sink=checked.capacitance_ff_per_sink,
            resistance_ohm_per_sink=checked.resistance_ohm_per_sink,
        )

    def cell(self, name: str, cell: _Cell, path: str) -> model.Cell:
        inputs = {n for n, p in cell.pins.items() if p.direction == "input"}
        if len(inputs) == len(cell.pins):
            raise self.error(f"{path}.pins", "has no output")
        ff = None
        if cell.ff is not None:
            ff = model.FlipFlop(**cell.ff.model_dump())
            for key in ("clocked_on", "next_state", "clear", "preset"):
                if getattr(ff, key) is not None:
                    self.function(getattr(ff, key), f"{path}.ff.{key}", inputs)
        known = inputs if ff is None else {ff.state, ff.state_n}
        pins = {n: self.pin(n, p, f"{path}.pins.{n}", inputs, known) for n, p in cell.pins.items()}
        return model.Cell(name, cell.area_um2, cell.leakage_nw, pins, ff)

    def pin(self, name: str, pin: _Pin, path: str, inputs: set[str], known: set[str]) -> model.Pin:
        if pin.direction == "input" and (pin.function is not None or pin.arcs):
            raise self.error(path, "an input has neither function nor arcs")
        if pin.direction == "output" and pin.function is None:
            raise self.error(f"{path}.function", "an output needs one")
        related = [(f"arcs.{n}", a.related_pin) for n, a in enumerate(pin.arcs)]
        related += [(f"setup.{n}", s.related_pin) for n, s in enumerate(pin.setup)]
        related += [(f"power.{n}", p.related_pin or "") for n, p in enumerate(pin.power)]
        for key, start in related:
            if start and start not in inputs:
                raise self.error(f"{path}.{key}.related_pin", "is no input of the cell")
        function = pin.function
        if function is not None:
            function = self.function(function, f"{path}.function", known)
        return model.Pin(
            name=name,
            direction=pin.direction,
            capacitance_ff=pin.capacitance_ff,
            max_capacitance_ff=pin.max_capacitance_ff,
            function=function,
            arcs=tuple(self.arc(a, f"{path}.arcs.{n}") for n, a in enumerate(pin.arcs)),
            power=tuple(self.power(p, f"{path}.power.{n}") for n, p in enumerate(pin.power)),
            setup_ps=pin.setup_ps,
            setup=tuple(self.setup(s, f"{path}.setup.{n}") for n, s in enumerate(pin.setup)),
        )

    def setup(self, setup: _Setup, path: str) -> model.Constraint:
        rise, fall = (
            model.ConstraintTable(
                *self.grid(getattr(setup, key), f"{path}.{key}", _MAX_PS, self.slew_ps)
            )
            for key in ("rise_ps", "fall_ps")
        )
        return model.Constraint(setup.related_pin, rise, fall)

    def arc(self, arc: _Arc, path: str) -> model.Arc:
        table = self._of(arc, path, _MAX_PS)
        return model.Arc(
            related_pin=arc.related_pin,
            sense=arc.sense,
            rise_delay=table("rise_delay_ps"),
            fall_delay=table("fall_delay_ps"),
            rise_slew=table("rise_slew_ps"),
            fall_slew=table("fall_slew_ps"),
        )

    def power(self, power: _Power, path: str) -> model.InternalPower:
        table = self._of(power, path, _MAX_FJ)
        return model.InternalPower(power.related_pin, table("rise_fj"), table("fall_fj"))

    def _of(self, part: BaseModel, path: str, limit: float) -> Callable[[str], model.Table]:
        return lambda key: self.table(getattr(part, key), f"{path}.{key}", limit)
