"""Area over delay: mappings for several clock targets, and those that no other beats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

from hwdse.synth.closing import Closing, Point, map_to_clock, measured
from hwdse.synth.flow import Mapped
from hwdse.synth.recipe import AREA, RECIPES, Recipe
from hwdse.synth.wireload import Wires
from hwdse.tech.model import Technology

__all__ = ["Curve", "curve_over_clocks", "even_targets", "unbeaten"]


@dataclass(frozen=True, eq=False)
class Curve:
    """What came of all targets.

    Attributes:
        closings: One per target, in ascending order of the targets.
        points: Every mapping that was made on the way, each once, fastest first.
        pareto: Those of them that no other beats in both area and delay, fastest first.
    """

    closings: tuple[Closing, ...]
    points: tuple[Point, ...]
    pareto: tuple[Point, ...]


def curve_over_clocks(
    technology: Technology,
    targets_ps: Sequence[float] | int,
    map_with: Callable[[Recipe], Mapped],
    *,
    wires: Wires | None = None,
    jobs: int = 1,
    on_done: Callable[[str], None] = lambda _: None,
) -> Curve:
    """Map for several clock targets.

    Args:
        technology: Its tables time the netlists.
        targets_ps: The targets; or how many, evenly between the fastest recipe without a target
            and the one for area.
        map_with: Maps the design with a recipe, from several threads; a place to keep results.
        wires: Wire-load model, see :func:`hwdse.synth.timing.analyse_timing`.
        jobs: Threads.
        on_done: Called with words on each finished step: three, and one per target.
    """
    ends = []
    for recipe in (Recipe("compact"), AREA, Recipe(RECIPES[-1])):
        ends.append(measured(recipe, technology, map_with, wires))
        on_done(recipe.label)
    if isinstance(targets_ps, int):
        fastest, slowest = sorted(point.delay_ps for point in ends[1:])
        targets = even_targets(fastest, slowest, targets_ps)
    else:
        targets = sorted(set(targets_ps))
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        pending = {
            pool.submit(map_to_clock, technology, target, map_with, wires): target
            for target in targets
        }
        done: dict[float, Closing] = {}
        try:
            for future in as_completed(pending):
                done[pending[future]] = future.result()
                on_done(f"{pending[future]:.0f} ps")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    closings = tuple(done[target] for target in targets)
    made = {p.recipe: p for p in [*ends, *(p for c in closings for p in c.tried)]}
    points = sorted(made.values(), key=lambda p: (p.delay_ps, p.area_um2, p.recipe.label))
    return Curve(closings, tuple(points), tuple(unbeaten(points)))


def even_targets(fastest_ps: float, slowest_ps: float, count: int) -> list[float]:
    """Targets from the fastest to the slowest, each by the same factor above the one before."""
    # Rounded up, so that the fastest netlist itself meets the first.
    steps = np.geomspace(fastest_ps, slowest_ps, count)
    return sorted({float(np.ceil(10 * step)) / 10 for step in steps})


def unbeaten(points: Iterable[Point]) -> list[Point]:
    """Points that no other beats or equals in area at no more delay, fastest first."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.delay_ps, p.area_um2)):
        if not kept or point.area_um2 < kept[-1].area_um2:
            kept.append(point)
    return kept
