"""The study file, checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.yaml_input import read_mapping, schema_error
from hwdse.pe import Unit
from hwdse.sensitivity.profile import Profile, read_profile
from hwdse.study.reading import beside, parse_units
from hwdse.workload.table import Layer, read_workload

__all__ = ["RESOURCES", "Budget", "Study", "read_study"]

# Resource columns that a study can budget, with label and unit. Energy and area are those of the
# arithmetic units alone: no memory, no interconnect.
RESOURCES = {
    "energy_uj": ("arithmetic energy per inference", "µJ"),
    "area_time_mm2_ms": ("arithmetic area × time", "mm²·ms"),
    "size_mib": ("model size", "MiB"),
}
_Line = Annotated[str, Field(min_length=1, max_length=2000)]
_Label = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f,=\"'][^\x00-\x1f,=\"']{0,39}$")]


class Budget(BaseModel):
    """A named allocation: an upper limit on one resource or several.

    ``fraction`` is f in ``lo + (hi - lo) * f``, where lo and hi are the least and greatest totals
    that a choice of units per layer can reach (the convention of HAWQ-V3); ``at_most`` is absolute.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Label
    fraction: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    at_most: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = {}

    @model_validator(mode="after")
    def _names_resources(self) -> Budget:
        for column in (*self.fraction, *self.at_most):
            if column not in RESOURCES:
                raise ValueError(f"unknown resource {column!r}{nearest_hint(column, RESOURCES)}")
        if not self.fraction and not self.at_most:
            raise ValueError("a budget needs 'fraction' or 'at_most'")
        return self


class _Study(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Line
    description: str = ""
    source: _Line
    technology: _Line
    operands: _Line = "normal"
    clock_ns: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    workload: _Line
    sensitivity: _Line
    units: Annotated[dict[_Label, _Line], Field(min_length=1)]
    frontier_points: Annotated[int, Field(ge=2, le=1000)] = 33
    budgets: tuple[Budget, ...] = ()


@dataclass(frozen=True)
class Study:
    """A study with everything it names read and checked.

    Attributes:
        units: Label to unit.
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
    units: dict[str, Unit]
    frontier_points: int
    budgets: tuple[Budget, ...]
    inputs: dict[str, str]


def read_study(path: Path) -> Study:
    """Read a study file and the tables it names, relative to itself.

    Raises:
        HwdseError: Malformed YAML (with its line), an unknown or missing key, a bad spec or format,
            a bad table, or a layer without any option.
    """
    raw = read_mapping(path, "study")
    if "units" in raw and not {"workload", "sensitivity"} & raw.keys():
        raise HwdseError(
            f"{path}: names units but neither workload nor sensitivity, so it is no study; to set "
            "the units side by side use hwdse compare"
        )
    if isinstance(raw.get("budgets"), list):
        raw["budgets"] = tuple(raw["budgets"])
    try:
        checked = _Study.model_validate(raw)
    except ValidationError as error:
        raise schema_error(error, where=str(path)) from None
    units = parse_units(path, checked.units)
    workload, sensitivity = path.parent / checked.workload, path.parent / checked.sensitivity
    # A technology or tensor file is named relative to the study as well.
    technology = beside(path, checked.technology, (".yaml", ".yml"))
    operands = beside(path, checked.operands, (".npz",))
    study = Study(
        name=checked.name,
        description=" ".join(checked.description.split()),
        source=" ".join(checked.source.split()),
        technology=technology,
        operands=operands,
        clock_ns=checked.clock_ns,
        layers=read_workload(workload),
        profile=read_profile(sensitivity),
        units=units,
        frontier_points=checked.frontier_points,
        budgets=checked.budgets,
        inputs={
            name: hashlib.sha256(file.read_bytes()).hexdigest()
            for name, file in (
                (path.name, path),
                (checked.workload, workload),
                (checked.sensitivity, sensitivity),
            )
        },
    )
    _check_names(study, path)
    _check_options(study, path)
    return study


def _check_names(study: Study, path: Path) -> None:
    layers = {layer.name for layer in study.layers}
    for layer, *_ in study.profile.loss:
        if layer not in layers:
            raise HwdseError(
                f"{path}: the sensitivity profile has layer {layer!r}, the workload has not"
                f"{nearest_hint(layer, layers)}"
            )
    names = [budget.name for budget in study.budgets]
    for name in names:
        if names.count(name) > 1:
            raise HwdseError(f"{path}: budget {name!r} occurs twice")


def _check_options(study: Study, path: Path) -> None:
    served = set()
    shared: dict[str, set[str]] = {}
    for layer in study.layers:
        pairs = {label: (layer.name, u.w.name, u.a.name) for label, u in study.units.items()}
        options = {label for label, pair in pairs.items() if pair in study.profile.loss}
        if not options:
            raise HwdseError(
                f"{path}: layer {layer.name!r} has no option: no unit's formats are in its "
                "sensitivity profile; add a unit, or its losses"
            )
        served |= options
        if layer.tie and not shared.setdefault(layer.tie, set(options)) & options:
            raise HwdseError(f"{path}: the layers of tie {layer.tie!r} have no unit in common")
        shared.get(layer.tie, set()).intersection_update(options)
    for label, unit in study.units.items():
        if label not in served:
            raise HwdseError(
                f"{path}: unit {label!r} ({unit.w.name} x {unit.a.name}) serves no layer: the "
                "sensitivity profile has no loss for its formats"
            )
