"""Where technologies are found: those shipped by name, and a user's own YAML files by path."""

from __future__ import annotations

import os
import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.output import write_text
from hwdse.tech.importer import ImportResult
from hwdse.tech.model import Technology

__all__ = ["SUFFIXES", "load", "names", "write"]

SUFFIXES = (".yaml", ".yml")
_MAX_BYTES = 64 * 2**20


def load(name_or_path: str | os.PathLike[str]) -> Technology:
    """Load a technology.

    Args:
        name_or_path: A shipped technology's name (see :func:`names`), or the path of a YAML file,
            which ends in ``.yaml`` or ``.yml``.

    Raises:
        HwdseError: No such technology or file, or one that fails its checks.
    """
    from hwdse.tech.schema import technology_from_text

    given = os.fspath(name_or_path)
    place: Traversable
    if given.endswith(SUFFIXES):
        place = Path(given)
    else:
        found = _shipped().get(given)
        if found is None:
            hint = nearest_hint(given, _shipped())
            raise HwdseError(
                f"unknown technology {given[:200]!r}{hint} (a file of your own ends in .yaml)"
            )
        place = found
    try:
        with place.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
        text = data.decode("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise HwdseError(f"cannot read technology file {given!r}: {reason}") from None
    if len(data) > _MAX_BYTES:
        raise HwdseError(f"{given!r} is larger than {_MAX_BYTES >> 20} MB, refused")
    return technology_from_text(text, where=given if given.endswith(SUFFIXES) else place.name)


def names() -> tuple[str, ...]:
    """Names of the shipped technologies, sorted."""
    return tuple(sorted(_shipped()))


def write(result: ImportResult, path: str | os.PathLike[str]) -> Path:
    """Write an import's YAML text.

    Args:
        result: What :func:`hwdse.tech.import_liberty` gave.
        path: Where to; it must end in ``.yaml`` or ``.yml`` so that it can be loaded again.

    Raises:
        HwdseError: Another ending, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise HwdseError(f"a technology file ends in .yaml or .yml, not {path.name[-40:]!r}")
    return write_text(path, result.yaml_text)


def _shipped() -> dict[str, Traversable]:
    """Shipped files by name: the wheel's own folder, or the checkout's for an editable install."""
    package = resources.files("hwdse")
    for folder in (package / "tech_libs", Path(str(package)).parent / "tech_libs"):
        if folder.is_dir():
            files = [f for f in folder.iterdir() if re.fullmatch(r"[A-Za-z0-9_-]+\.yaml", f.name)]
            return {f.name.removesuffix(".yaml"): f for f in sorted(files, key=lambda f: f.name)}
    return {}
