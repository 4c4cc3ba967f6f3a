"""Technologies derived from others: by node scaling, or by a published relative record.

A derived technology is a technology like any other, with every figure of its base multiplied, a
provenance that says so, and a block that widens the interval of every figure costed with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, RootModel

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.shipped import read_shipped
from hwdse.tech import scaling
from hwdse.tech.importer import ImportResult
from hwdse.tech.model import Corner, Derived, Table, Technology
from hwdse.tech.scaling import Factor, Point
from hwdse.tech.schema import technology_from_text
from hwdse.tech.yaml_text import to_yaml

__all__ = ["derive_by_node", "derive_by_record", "record_names"]

_DERIVER = "hwdse technology deriver 1"
# What the values of each table of the model are.
_TABLE_UNIT = {
    "rise_delay": "ps",
    "fall_delay": "ps",
    "rise_slew": "ps",
    "fall_slew": "ps",
    "rise": "fj",
    "fall": "fj",
}


_NOT_SCALED = frozenset(
    {
        "name",
        "description",
        "corner",
        "source",
        "slew_lower",
        "slew_upper",
        "sha256",
        "derived",
    }
)
_COUNTS = frozenset({"fanout"})


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class _Interval(_Strict):
    value: float
    low: float
    high: float


class _Record(_Strict):
    of: str
    base: str
    source: str
    area: _Interval
    delay: _Interval
    energy: _Interval


class _Records(RootModel[dict[str, _Record]]):
    """Relative records by name."""


class _Disagreement(_Strict):
    source: str
    area: float
    delay: float
    energy: float


@cache
def _records() -> dict[str, _Record]:
    return read_shipped("relative", _Records).root


@cache
def _disagreement() -> _Disagreement:
    return read_shipped("scaling_disagreement", _Disagreement)


@dataclass(frozen=True)
class _Multipliers:
    area: Factor
    delay: Factor
    energy: Factor
    leakage: float
    voltage_v: float


def record_names() -> tuple[str, ...]:
    """Names of the relative records."""
    return tuple(_records())


def derive_by_node(
    base: Technology, start: str, end: str, *, voltage_v: float | None = None, name: str
) -> ImportResult:
    """Scale a technology to another node, after Stillmaker and Baas.

    Delays, areas and energies scale by the published factors; capacitances so that ``C V**2 / 2``
    scales as the energy does; leakage by the factor of power, as the publication has none of its
    own. Intervals hold the publication's rounding and what ``tech_libs/tables/
    scaling_disagreement.yaml`` found between a scaled library and one of the target node: an error
    proportional to the logarithm of the factor.

    Args:
        base: What to scale, at its corner's voltage.
        start: The node it is of: ``45hp``, ``130``.
        end: The node to scale to, of the same flavour.
        voltage_v: Supply there; by default the node's nominal one.
        name: Of the derived technology.

    Raises:
        HwdseError: Unknown node, mixed flavours, a voltage out of range, or a derived base.
    """
    first, last = scaling.parse_node(start), scaling.parse_node(end)
    scaling.check_flavours(first, last)
    voltage = scaling.nominal_voltage(last) if voltage_v is None else voltage_v
    factors = scaling.scale(Point(first, base.corner.voltage_v), Point(last, voltage))
    off = _disagreement()
    multipliers = _Multipliers(
        area=_widened(factors.area, off.area),
        delay=_widened(factors.delay, off.delay),
        energy=_widened(factors.energy, off.energy),
        leakage=factors.power.value,
        voltage_v=voltage,
    )
    method = f"node scaling from {first.label} to {last.label} at {voltage:g} V: {scaling.source()}"
    return _derived(base, multipliers, method, name)


def derive_by_record(base: Technology, record: str, *, name: str) -> ImportResult:
    """Multiply a technology's figures by a published relative record.

    The base is taken to stand for the record's own base. Leakage is left as it is: no record has
    it.

    Raises:
        HwdseError: Unknown record, or a derived base.
    """
    known = _records().get(record)
    if known is None:
        hint = nearest_hint(record, _records())
        raise HwdseError(f"unknown relative record {record[:60]!r}{hint}")
    multipliers = _Multipliers(
        area=Factor(**known.area.model_dump()),
        delay=Factor(**known.delay.model_dump()),
        energy=Factor(**known.energy.model_dump()),
        leakage=1.0,
        voltage_v=base.corner.voltage_v,
    )
    method = f"{known.of} over {known.base}, the base standing for the latter: {known.source}"
    return _derived(base, multipliers, method, name)


def _widened(factor: Factor, error: float) -> Factor:
    """An interval whose logarithm is off by a share of the factor's own logarithm."""
    spread = math.exp(error * abs(math.log(factor.value)))
    return Factor(factor.value, factor.low / spread, factor.high * spread)


def _derived(base: Technology, by: _Multipliers, method: str, name: str) -> ImportResult:
    if base.derived is not None:
        raise HwdseError(
            f"{base.name!r} is itself derived ({base.derived.method[:60]}...): "
            f"derive from its base, {base.derived.base!r}"
        )
    units = {
        "um2": by.area.value,
        "ps": by.delay.value,
        "fj": by.energy.value,
        "ff": by.energy.value * (base.corner.voltage_v / by.voltage_v) ** 2,
        "nw": by.leakage,
    }
    # A wire's resistance times its capacitance is a delay.
    units["ohm"] = units["ps"] / units["ff"]
    figures = {
        f.name: _multiplied(getattr(base, f.name), f.name, units)
        for f in fields(base)
        if f.name not in _NOT_SCALED
    }
    technology = replace(
        base,
        name=name,
        description=f"Derived from {base.name}, not characterised: {method}",
        corner=Corner(base.corner.process, by.voltage_v, base.corner.temperature_c),
        source=replace(
            base.source,
            importer=f"{_DERIVER}, from {base.name} ({base.source.importer}, "
            f"sha256 {base.sha256}): {method}",
        ),
        **figures,
        derived=Derived(
            base=base.name,
            base_sha256=base.sha256,
            method=method,
            area_low=by.area.low / by.area.value,
            area_high=by.area.high / by.area.value,
            delay_low=by.delay.low / by.delay.value,
            delay_high=by.delay.high / by.delay.value,
            energy_low=by.energy.low / by.energy.value,
            energy_high=by.energy.high / by.energy.value,
        ),
    )
    text = to_yaml(technology)
    # Read back: its checks refuse figures that scaling made absurd, and its hash is the file's.
    return ImportResult(technology_from_text(text, where=name), text, {})


def _multiplied(value: Any, name: str, units: dict[str, float]) -> Any:
    """The same structure with every figure multiplied by what the unit in its name asks for."""
    if isinstance(value, Table):
        return Table(
            value.slew_ps * units["ps"],
            value.load_ff * units["ff"],
            value.values * units[_TABLE_UNIT[name]],
        )
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            f.name: _multiplied(getattr(value, f.name), f.name, units) for f in fields(value)
        }
        return replace(value, **changed)
    if isinstance(value, dict):
        return {key: _multiplied(item, name, units) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_multiplied(item, name, units) for item in value)
    if isinstance(value, float | np.ndarray):
        if name in _COUNTS:
            return value
        unit = next((part for part in name.split("_") if part in units), None)
        if unit is None:
            raise KeyError(f"{name}: no rule says how this figure scales")
        return value * units[unit]
    return value
