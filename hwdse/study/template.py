"""Templates of labels and specs, in which ``{axis}`` stands for a value, and their expansion.

Nothing else is understood: there are no expressions, and no other use of braces.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from hwdse.errors import HwdseError, nearest_hint

__all__ = ["Axes", "Rows", "Value", "axes_of", "expand", "fill"]

Value = (
    Annotated[int, Field(ge=-(10**9), le=10**9)]
    | Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^{}\x00-\x1f]+$")]
)
_Axis = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
Axes = Annotated[dict[_Axis, Annotated[list[Value], Field(min_length=1)]], Field(min_length=1)]
"""Values by axis: every combination."""
_Values = Annotated[list[Value], Field(min_length=1)]
Rows = Annotated[
    list[Annotated[dict[_Axis, Value | _Values], Field(min_length=1)]],
    Field(min_length=1),
]
"""Combinations, each with a value by axis, or several values: every combination of those."""

_PLACE = re.compile(r"\{([^{}]*)\}")
_MOST = 500


def axes_of(template: str) -> frozenset[str]:
    """Axes that a template names.

    Raises:
        HwdseError: A brace without its partner.
    """
    if set(_PLACE.sub("", template)) & set("{}"):
        raise HwdseError(f"{template!r}: a brace without its partner; write {{axis}}")
    return frozenset(_PLACE.findall(template))


def fill(template: str, at: Mapping[str, Value]) -> str:
    """A template with the value of every axis that it names.

    Raises:
        HwdseError: It names an axis that has no value, or has a brace without its partner.
    """
    for name in sorted(axes_of(template) - set(at)):
        raise HwdseError(f"{template!r} names the axis {name!r}{nearest_hint(name, at)}")
    return _PLACE.sub(lambda place: str(at[place[1]]), template)


def expand(over: Axes | Rows | None) -> Sequence[dict[str, Value]]:
    """The combinations of axes' values, the last axis the fastest; without any, one of none.

    Raises:
        HwdseError: There are too many.
    """
    if over is None:
        return [{}]
    products = [
        {axis: given if isinstance(given, list) else [given] for axis, given in one.items()}
        for one in (over if isinstance(over, list) else [over])
    ]
    count = sum(math.prod(map(len, one.values())) for one in products)
    if count > _MOST:
        raise HwdseError(f"{count} combinations are more than {_MOST}; give fewer values")
    return [
        dict(zip(one, at, strict=True))
        for one in products
        for at in itertools.product(*one.values())
    ]
