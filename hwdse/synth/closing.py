"""Mapping under a clock target: the recipes in turn, and the smallest netlist that meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hwdse.synth.flow import Mapped
from hwdse.synth.netlist import read_netlist
from hwdse.synth.recipe import AREA, RECIPES, UNTIMED, Recipe
from hwdse.synth.timing import Timing, analyse_timing
from hwdse.synth.wireload import Wires
from hwdse.tech.model import Technology

__all__ = ["Closing", "Point", "map_to_clock", "measured"]

# Sizing is told a little less than the clock: it sees neither registers nor wires.
_MARGIN = 0.95
# Recipes before which a met target ends the search.
_UNCHANGED = ("sized", "balanced")
# One more mapping may help where a recipe has missed by no more than this.
_WORTH_ANOTHER = 1.25


@dataclass(frozen=True, eq=False)
class Point:
    """One mapping with its timing."""

    recipe: Recipe
    mapped: Mapped
    timing: Timing

    @property
    def area_um2(self) -> float:
        """Sum of the cells' areas."""
        return self.mapped.area_um2

    @property
    def delay_ps(self) -> float:
        """Shortest clock period."""
        return self.timing.delay_ps


@dataclass(frozen=True, eq=False)
class Closing:
    """What came of a clock target.

    Attributes:
        clock_ps: The target.
        met: Whether the chosen mapping meets it.
        chosen: The smallest mapping that meets it; else the fastest of all that were tried.
        tried: All mappings, in order.
    """

    clock_ps: float
    met: bool
    chosen: Point
    tried: tuple[Point, ...]


def measured(
    recipe: Recipe,
    technology: Technology,
    map_with: Callable[[Recipe], Mapped],
    wires: Wires | None = None,
) -> Point:
    """Map with one recipe and time the result."""
    mapped = map_with(recipe)
    timing = analyse_timing(read_netlist(mapped.netlist), technology, wires=wires)
    return Point(recipe, mapped, timing)


def map_to_clock(
    technology: Technology,
    clock_ps: float,
    map_with: Callable[[Recipe], Mapped],
    wires: Wires | None = None,
) -> Closing:
    """Find a small mapping whose critical path, registers and wires included, fits a period.

    ``compact`` is not tried: it halves the clock for a seventh of an integer unit's area. Logic is
    restructured only where drive strengths do not reach, and then in both ways. Each
    recipe is given the target, and a second time a target corrected by what static timing made
    of the first; where all miss, the fastest recipe runs without a target. That no recipe meets a
    target does not prove that no netlist can.

    Args:
        technology: Its tables time the netlists.
        clock_ps: The target.
        map_with: Maps the design with a recipe; a place to keep results.
        wires: Wire-load model of the timing, see :func:`analyse_timing`.

    Raises:
        HwdseError: A target that is not a positive number of picoseconds.
    """
    tried: list[Point] = []
    for recipe in _attempts(clock_ps, tried):
        tried.append(measured(recipe, technology, map_with, wires))
    met = [point for point in tried if point.delay_ps <= clock_ps]
    chosen = (
        min(met, key=lambda p: p.area_um2)
        if met
        else min(tried, key=lambda p: (p.delay_ps, p.area_um2))
    )
    return Closing(clock_ps, bool(met), chosen, tuple(tried))


def _attempts(clock_ps: float, tried: list[Point]) -> Iterator[Recipe]:
    """Recipes to try; looks at the results so far to decide on the next."""

    def met() -> bool:
        return any(point.delay_ps <= clock_ps for point in tried)

    Recipe(RECIPES[-1], clock_ps)  # refuses an impossible target before any work
    yield AREA
    for name in RECIPES[len(UNTIMED) :]:
        # Logic that is left as it is makes the smallest netlist; of the others, either may.
        if met() and name in _UNCHANGED:
            return
        target = _MARGIN * clock_ps
        yield Recipe(name, target)
        missed = tried[-1].delay_ps / clock_ps
        if 1 < missed <= _WORTH_ANOTHER:
            yield Recipe(name, _MARGIN * target / missed)
    if not met():
        yield Recipe(RECIPES[-1])
