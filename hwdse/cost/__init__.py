"""A spec on a technology becomes figures with source and interval.

``evaluate(["mac:w=int8,a=int8"], "nangate45")`` gives a pandas table. Names load on first use:
evaluating pulls in synthesis, which importing this room need not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwdse.cost.figures import Cost, evaluate
    from hwdse.cost.store import Store

__all__ = ["Cost", "Store", "evaluate"]

# No submodule may bear the name of a public function: importing it would hide the function.
_HOME = {"Cost": "figures", "Store": "store", "evaluate": "figures"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
