"""Data files that come with the package: under ``tech_libs`` of the wheel or of the checkout."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from hwdse.errors import HwdseError
from hwdse.files.yaml_input import parse_yaml, schema_error

__all__ = ["read_shipped"]

_Model = TypeVar("_Model", bound=BaseModel)


def read_shipped(name: str, model: type[_Model]) -> _Model:
    """Read and check a table of published figures, ``tech_libs/tables/NAME.yaml``.

    Args:
        name: The file's name without its suffix.
        model: Its schema.

    Raises:
        HwdseError: It is absent or breaks its schema: the installation is damaged.
    """
    where = f"tech_libs/tables/{name}.yaml"
    try:
        text = (_folder() / "tables" / f"{name}.yaml").read_text(encoding="utf-8")
    except OSError as error:
        raise HwdseError(
            f"{where}: {error.strerror or error}; the installation is damaged: install hwdse again"
        ) from None
    try:
        return model.model_validate(parse_yaml(text, where=where))
    except ValidationError as error:
        raise schema_error(error, where=where) from None


def _folder() -> Traversable:
    package = resources.files("hwdse")
    inside = package / "tech_libs"
    # An editable install has the checkout's folder.
    return inside if inside.is_dir() else Path(str(package)).parent / "tech_libs"
