"""Names that a package offers without importing the modules they live in."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["names_on_demand"]


def names_on_demand(package: str, home: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's ``__getattr__`` that imports the module of a name when it is first used.

    No module may bear the name of something it offers: importing it would hide that.

    Args:
        package: The package's ``__name__``.
        home: Name to the module, within the package, that defines it.
    """

    def load(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{home[name]}"), name)

    return load
