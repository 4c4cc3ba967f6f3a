"""What studies and portfolio studies have in common: how units are costed, layers and losses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hwdse.errors import HwdseError, nearest_hint
from hwdse.pe import Unit
from hwdse.sensitivity.profile import Profile, read_profile
from hwdse.study.reading import beside
from hwdse.workload.table import Layer, read_workload

__all__ = ["Basis", "BasisKeys", "Label", "Line", "idle_unit", "read_basis", "unserved_layer"]

Line = Annotated[str, Field(min_length=1, max_length=2000)]
Label = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f,=\"'][^\x00-\x1f,=\"']{0,39}$")]


class BasisKeys(BaseModel):
    """The keys of both files."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Line
    description: str = ""
    source: Line
    technology: Line
    operands: Line = "normal"
    clock_ns: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    workload: Line
    sensitivity: Line


@dataclass(frozen=True)
class Basis:
    """What both files say, with the tables that they name read and checked.

    Attributes:
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
    inputs: dict[str, str]


def read_basis(path: Path, keys: BasisKeys) -> Basis:
    """Read the tables that a file names, relative to itself.

    Raises:
        HwdseError: A bad table, or losses of a layer that the workload has not.
    """
    workload, sensitivity = path.parent / keys.workload, path.parent / keys.sensitivity
    files = ((path.name, path), (keys.workload, workload), (keys.sensitivity, sensitivity))
    basis = Basis(
        name=keys.name,
        description=" ".join(keys.description.split()),
        source=" ".join(keys.source.split()),
        # A technology or tensor file is named relative to the study as well.
        technology=beside(path, keys.technology, (".yaml", ".yml")),
        operands=beside(path, keys.operands, (".npz",)),
        clock_ns=keys.clock_ns,
        layers=read_workload(workload),
        profile=read_profile(sensitivity),
        inputs={name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files},
    )
    known = {layer.name for layer in basis.layers}
    for name, *_ in basis.profile.loss:
        if name not in known:
            raise HwdseError(
                f"{path}: the sensitivity profile has layer {name!r}, the workload has not"
                f"{nearest_hint(name, known)}"
            )
    return basis


def unserved_layer(path: Path, layer: Layer) -> HwdseError:
    """The complaint about a layer that no unit serves."""
    return HwdseError(
        f"{path}: layer {layer.name!r} has no option: no unit's formats are in its "
        "sensitivity profile; add a unit, or its losses"
    )


def idle_unit(path: Path, label: str, unit: Unit) -> HwdseError:
    """The complaint about a unit that serves no layer."""
    return HwdseError(
        f"{path}: unit {label!r} ({unit.w.name} x {unit.a.name}) serves no layer: the "
        "sensitivity profile has no loss for its formats"
    )
