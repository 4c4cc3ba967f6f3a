"""The portfolio file, checked: units that may be built, in which sizes, and under what limits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.yaml_input import read_mapping, schema_error
from hwdse.pe import Unit
from hwdse.pe.composite import Composite
from hwdse.sensitivity.profile import Profile, read_profile
from hwdse.study.reading import beside, parse_units
from hwdse.workload.table import Layer, read_workload

__all__ = ["Candidate", "PortfolioStudy", "read_portfolio_study"]

_Line = Annotated[str, Field(min_length=1, max_length=2000)]
_Label = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f,=\"'][^\x00-\x1f,=\"']{0,39}$")]
_Count = Annotated[int, Field(ge=1, le=1_000_000)]


class _Candidate(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    spec: _Line
    copies: Annotated[list[_Count], Field(min_length=1)] = [1]


class _Frontier(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    column: _Line = "energy_uj"
    points: Annotated[int, Field(ge=2, le=1000)] = 33


class _Portfolio(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Line
    description: str = ""
    source: _Line
    technology: _Line
    operands: _Line = "normal"
    clock_ns: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    workload: _Line
    sensitivity: _Line
    units: Annotated[dict[_Label, _Candidate], Field(min_length=1)]
    units_at_most: Annotated[list[_Count], Field(min_length=1)] = [1, 2, 3]
    minimize: _Line = "loss"
    budgets: list[_Line] = []
    frontier: _Frontier = _Frontier()


@dataclass(frozen=True)
class Candidate:
    """A kind of unit that may be built.

    Attributes:
        modes: The unit, once for each pair of formats that it serves; composite units have several.
        copies: How many of it an array may have; one number is chosen.
    """

    modes: tuple[Unit, ...]
    copies: tuple[int, ...]


@dataclass(frozen=True)
class PortfolioStudy:
    """A portfolio file with everything it names read and checked.

    Attributes:
        candidates: Label to unit.
        inputs: File, as the study names it, to SHA-256 of its bytes.
    """

    name: str
    description: str
    source: str
    technology: str
    operands: str
    clock_ns: float | None
    layers: tuple[Layer, ...]
    profile: Profile
    candidates: dict[str, Candidate]
    units_at_most: tuple[int, ...]
    minimize: str
    budgets: tuple[str, ...]
    column: str
    points: int
    inputs: dict[str, str]


def read_portfolio_study(path: Path) -> PortfolioStudy:
    """Read a portfolio file and the tables it names, relative to itself.

    Raises:
        HwdseError: Malformed YAML (with its line), an unknown or missing key, a bad spec, a bad
            table, a layer that no unit serves, or a unit that serves no layer.
    """
    raw = read_mapping(path, "portfolio file")
    try:
        checked = _Portfolio.model_validate(raw)
    except ValidationError as error:
        raise schema_error(error, where=str(path)) from None
    units = parse_units(path, {label: one.spec for label, one in checked.units.items()})
    workload, sensitivity = path.parent / checked.workload, path.parent / checked.sensitivity
    profile, layers = read_profile(sensitivity), read_workload(workload)
    served = {(w, a) for _, w, a in profile.loss}
    candidates = {}
    for label, unit in units.items():
        modes = tuple(mode for mode in _modes(unit) if (mode.w.name, mode.a.name) in served)
        if not modes:
            raise HwdseError(
                f"{path}: unit {label!r} ({unit.w.name} x {unit.a.name}) serves no layer: the "
                "sensitivity profile has no loss for its formats"
            )
        candidates[label] = Candidate(modes, tuple(sorted(set(checked.units[label].copies))))
    study = PortfolioStudy(
        name=checked.name,
        description=" ".join(checked.description.split()),
        source=" ".join(checked.source.split()),
        technology=beside(path, checked.technology, (".yaml", ".yml")),
        operands=beside(path, checked.operands, (".npz",)),
        clock_ns=checked.clock_ns,
        layers=layers,
        profile=profile,
        candidates=candidates,
        units_at_most=tuple(sorted(set(checked.units_at_most))),
        minimize=checked.minimize,
        budgets=tuple(checked.budgets),
        column=checked.frontier.column,
        points=checked.frontier.points,
        inputs={
            name: hashlib.sha256(file.read_bytes()).hexdigest()
            for name, file in (
                (path.name, path),
                (checked.workload, workload),
                (checked.sensitivity, sensitivity),
            )
        },
    )
    _check_layers(study, path)
    return study


def _modes(unit: Unit) -> tuple[Unit, ...]:
    """The unit in each of its modes."""
    if not isinstance(unit, Composite):
        return (unit,)
    return tuple(replace(unit, common=replace(unit.common, w=mode, a=mode)) for mode in unit.modes)


def _check_layers(study: PortfolioStudy, path: Path) -> None:
    names = {layer.name for layer in study.layers}
    for layer, *_ in study.profile.loss:
        if layer not in names:
            raise HwdseError(
                f"{path}: the sensitivity profile has layer {layer!r}, the workload has not"
                f"{nearest_hint(layer, names)}"
            )
    pairs = {(mode.w.name, mode.a.name) for one in study.candidates.values() for mode in one.modes}
    for layer_ in study.layers:
        if not any((layer_.name, *pair) in study.profile.loss for pair in pairs):
            raise HwdseError(
                f"{path}: layer {layer_.name!r} has no option: no unit's formats are in its "
                "sensitivity profile; add a unit, or its losses"
            )
