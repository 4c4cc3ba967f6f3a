"""How a design is mapped to cells: two recipes for area, and three that trade area for delay.

Each is a script of ABC (A. Mishchenko et al., "ABC: a system for sequential synthesis and
verification", Berkeley) run from Yosys. All scripts are fixed texts of this module; the clock
target enters as an integer alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hwdse.errors import HwdseError

__all__ = ["AREA", "RECIPES", "UNTIMED", "Recipe"]

# The script of `synth` and `abc -liberty`, so that areas compare with any Yosys user's, but with
# `ifraig` for `&fraig -x`: same netlists wherever both end, and `&fraig -x` does not end within
# minutes on some adder trees.
GENERIC_SCRIPT = "+strash;ifraig;scorr;dc2;dretime;strash;&get,-n;&dch,-f;&nf;&put"

_CLEAN = "+strash;ifraig;scorr;dc2;strash;&get,-n"
# Delay-optimal restructuring of the logic in cuts of six inputs.
_BALANCE = "&st;&if,-g,-K,6;&dch,-f"
# Fan-out trees, then drive strengths up until the target is met, then down where there is slack.
_SIZE = "topo;buffer,-c;topo;upsize,{D};dnsize,{D}"

# From the smallest to the fastest.
_SCRIPTS = {
    "compact": GENERIC_SCRIPT,
    "area": GENERIC_SCRIPT,
    "sized": f"{_CLEAN};&dch,-f;&nf,{{D}};&put;{_SIZE}",
    "balanced": f"{_CLEAN};{_BALANCE};&nf,{{D}};&put;{_SIZE}",
    # The structural mapper weighs load-dependent delays of composed cells; `&nf` does not.
    "delay": f"{_CLEAN};{_BALANCE};&put;map,-B,0.9,{{D}};{_SIZE}",
}
RECIPES = tuple(_SCRIPTS)
UNTIMED = ("compact", "area")
_MAX_PS = 1e9


@dataclass(frozen=True)
class Recipe:
    """A way to map.

    Attributes:
        name: ``compact`` (the library's full adders in ripple chains: least area for integers, at
            a third more delay and more; no gain for floating point); ``area`` (no full adders; as
            ``compact``, without clock target and buffers); ``sized`` (the same logic with buffers
            and drive strengths); ``balanced`` (logic restructured for depth, too); ``delay``
            (restructured and mapped for delay).
        clock_ps: Target for the combinational logic, which sizing stops at; None is as fast as the
            recipe goes. Of ``compact`` and ``area`` always None.

    Raises:
        HwdseError: An unknown name, or a target that is not positive or belongs to ``area``.
    """

    name: str = "area"
    clock_ps: float | None = None

    def __post_init__(self) -> None:
        if self.name not in _SCRIPTS:
            raise HwdseError(f"unknown recipe {self.name[:40]!r}; there are {', '.join(RECIPES)}")
        if self.clock_ps is None:
            return
        if self.name in UNTIMED:
            raise HwdseError(
                f"recipe {self.name!r} takes no clock target; use sized, balanced or delay"
            )
        if not (math.isfinite(self.clock_ps) and 0 < self.clock_ps <= _MAX_PS):
            raise HwdseError(
                f"a clock target of {self.clock_ps:g} ps: give more than 0 and at most {_MAX_PS:g}"
            )

    @property
    def script(self) -> str:
        """ABC's script for mapping to cells."""
        return _SCRIPTS[self.name]

    @property
    def full_adders(self) -> bool:
        """Whether it uses the library's full adders."""
        return self.name == "compact"

    @property
    def target_option(self) -> str:
        """Option of Yosys' ``abc`` that hands over the clock target, in whole picoseconds."""
        return "" if self.clock_ps is None else f"-D {max(1, round(self.clock_ps))}"

    @property
    def label(self) -> str:
        """In words, for reports."""
        return self.name if self.clock_ps is None else f"{self.name} at {self.clock_ps:.0f} ps"


AREA = Recipe()
