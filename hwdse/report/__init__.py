"""Pictures and the page of a study: `pareto.png`, `pareto.svg` and `report.html`.

This room takes plain data and imports nothing of the others. Its public names load on first use,
so that importing it costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .figure import pareto_figure, save_pareto
    from .model import Resource, StudyReport
    from .page import write_html

__all__ = ["Resource", "StudyReport", "pareto_figure", "save_pareto", "write_html"]

# No submodule may bear the name of a public function: importing it would hide the function.
_HOME = {
    "Resource": "model",
    "StudyReport": "model",
    "pareto_figure": "figure",
    "save_pareto": "figure",
    "write_html": "page",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
