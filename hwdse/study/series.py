"""Rows of a comparison chosen by templates of their labels."""

from __future__ import annotations

from collections.abc import Mapping

from hwdse.errors import HwdseError, nearest_hint
from hwdse.study.template import Value, axes_of, fill

__all__ = ["Placed", "label_for", "matching"]

# Values of the axes that a row was expanded from, by its label; {} for rows written out.
Placed = Mapping[str, Mapping[str, Value]]


def matching(template: str, placed: Placed) -> list[str]:
    """Labels of the rows that a template gives at those rows' own axes, in order.

    Raises:
        HwdseError: There are none.
    """
    axes = axes_of(template)
    found = [
        label for label, at in placed.items() if axes <= set(at) and fill(template, at) == label
    ]
    if not found:
        raise HwdseError(f"no row is called {template!r}{nearest_hint(template, placed)}")
    return found


def label_for(template: str, label: str, placed: Placed) -> str:
    """The row that a template gives at another row's axes.

    Raises:
        HwdseError: There is none.
    """
    found = fill(template, placed[label])
    if found not in placed:
        raise HwdseError(
            f"{template!r} beside {label!r} is {found!r}, which is not there"
            f"{nearest_hint(found, placed)}"
        )
    return found
