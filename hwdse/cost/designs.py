"""Units by the hash of their RTL, which is not generated again where the store knows it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from enum import Enum
from functools import cache
from importlib import resources
from importlib.metadata import version
from importlib.resources.abc import Traversable
from typing import Any

import rtl
from hwdse.cost.store import Store
from hwdse.pe import Design

__all__ = ["rtlil_sha256"]

# Where all code is that a unit's RTL follows from, besides Amaranth.
_PACKAGES = ("rtl", "hwdse.pe", "hwdse.formats")

# What this process has met, by design key: opening the store takes longer.
_known: dict[str | None, str] = {}


def rtlil_sha256(unit: Design, store: Store) -> tuple[str, str | None]:
    """Hash of the RTLIL text that :func:`rtl.to_rtlil` gives for a unit; the text where it was
    generated for that."""
    key = _design_key(unit)
    if key in _known:
        return _known[key], None
    stored = store.get("rtlil", key) if key is not None else None
    if stored is not None:
        return _known.setdefault(str(key), str(stored["sha256"])), None
    text = rtl.to_rtlil(unit)
    found = hashlib.sha256(text.encode()).hexdigest()
    if key is not None:
        store.put("rtlil", key, {"sha256": found})
        _known[key] = found
    return found, text


def _design_key(unit: Design) -> str | None:
    """Hash of the unit's name, all fields of its spec, and the code that makes RTL of it.

    None where a field has no exact text: such a unit's RTL is generated each time.
    """
    try:
        fields = json.dumps(asdict(unit), sort_keys=True, default=_member)
    except TypeError:
        return None
    parts = (type(unit).__qualname__, unit.canonical, fields, _sources_sha256())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _member(value: Any) -> str:
    if isinstance(value, Enum):
        return f"{type(value).__qualname__}.{value.name}"
    raise TypeError


@cache
def _sources_sha256() -> str:
    """Of every Python file of the packages, by name, and Amaranth's version."""
    digest = hashlib.sha256(f"amaranth {version('amaranth')}".encode())
    for package in _PACKAGES:
        for path, source in sorted(_python_files(resources.files(package), package)):
            digest.update(f"\0{path}\0{len(source)}\0".encode() + source)
    return digest.hexdigest()


def _python_files(folder: Traversable, name: str) -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            found += _python_files(entry, path)
        elif entry.name.endswith(".py"):
            found.append((path, entry.read_bytes()))
    return found
