"""The study file, checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.yaml_input import read_mapping, schema_error
from hwdse.pe import Unit
from hwdse.study.basis import Basis, BasisKeys, Label, Line, idle_unit, read_basis, unserved_layer
from hwdse.study.reading import parse_units

__all__ = ["RESOURCES", "Budget", "Study", "read_study"]

# Resource columns that a study can budget, with label and unit. Energy and area are those of the
# arithmetic units alone: no memory, no interconnect.
RESOURCES = {
    "energy_uj": ("arithmetic energy per inference", "µJ"),
    "area_time_mm2_ms": ("arithmetic area × time", "mm²·ms"),
    "size_mib": ("model size", "MiB"),
}


class Budget(BaseModel):
    """A named allocation: an upper limit on one resource or several.

    ``fraction`` is f in ``lo + (hi - lo) * f``, where lo and hi are the least and greatest totals
    that a choice of units per layer can reach (the convention of HAWQ-V3); ``at_most`` is absolute.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Label
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


class _Study(BasisKeys):
    units: Annotated[dict[Label, Line], Field(min_length=1)]
    frontier_points: Annotated[int, Field(ge=2, le=1000)] = 33
    budgets: tuple[Budget, ...] = ()


@dataclass(frozen=True)
class Study(Basis):
    """A study with everything it names read and checked.

    Attributes:
        units: Label to unit.
    """

    units: dict[str, Unit]
    frontier_points: int
    budgets: tuple[Budget, ...]


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
    study = Study(
        **vars(read_basis(path, checked)),
        units=units,
        frontier_points=checked.frontier_points,
        budgets=checked.budgets,
    )
    _check_budgets(study, path)
    _check_options(study, path)
    return study


def _check_budgets(study: Study, path: Path) -> None:
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
            raise unserved_layer(path, layer)
        served |= options
        if layer.tie and not shared.setdefault(layer.tie, set(options)) & options:
            raise HwdseError(f"{path}: the layers of tie {layer.tie!r} have no unit in common")
        shared.get(layer.tie, set()).intersection_update(options)
    for label, unit in study.units.items():
        if label not in served:
            raise idle_unit(path, label, unit)
