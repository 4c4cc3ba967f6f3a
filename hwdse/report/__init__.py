"""Pictures and the page of a study: `pareto.png`, `pareto.svg` and `report.html`.

This room takes plain data and imports nothing of the others. Its public names load on first use,
so that importing it costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwdse.lazy import names_on_demand

if TYPE_CHECKING:
    from .figure import pareto_figure, save_pareto
    from .model import Resource, StudyReport
    from .page import write_html

__all__ = ["Resource", "StudyReport", "pareto_figure", "save_pareto", "write_html"]

_HOME = {
    "Resource": "model",
    "StudyReport": "model",
    "pareto_figure": "figure",
    "save_pareto": "figure",
    "write_html": "page",
}

__getattr__, __dir__ = names_on_demand(__name__, _HOME)
