"""A spec on a technology becomes figures with source and interval.

``evaluate(["mac:w=int8,a=int8"], "nangate45")`` gives a pandas table. Names load on first use:
evaluating pulls in synthesis, which importing this room need not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwdse.lazy import names_on_demand

if TYPE_CHECKING:
    from hwdse.cost.figures import Cost, evaluate
    from hwdse.cost.store import Store

__all__ = ["Cost", "Store", "evaluate"]

_HOME = {"Cost": "figures", "Store": "store", "evaluate": "figures"}

__getattr__, __dir__ = names_on_demand(__name__, _HOME)
