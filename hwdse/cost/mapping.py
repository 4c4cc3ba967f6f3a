"""The netlist that a unit is costed by: mapped for area, or to meet a clock; kept in the store."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import lru_cache

from hwdse import tech
from hwdse.cost.store import Store
from hwdse.errors import InfeasibleError
from hwdse.pe import Design
from hwdse.synth import flow
from hwdse.synth.closing import map_to_clock
from hwdse.synth.recipe import AREA, RECIPES, Recipe
from hwdse.tech.model import Technology

__all__ = ["choose_mapping", "kept_mappings", "recipes_sha256"]


def kept_mappings(
    rtlil: str, technology: Technology, store: Store
) -> Callable[[Recipe], flow.Mapped]:
    """Mapping of a design by recipe, from the store where it is there."""

    def map_with(recipe: Recipe) -> flow.Mapped:
        key = flow.mapping_key(rtlil, technology.sha256, recipe)
        mapping = store.get("mapping", key)
        if mapping is None:
            liberty, adder = _liberty(technology), tech.full_adder(technology)
            mapping = dict(vars(flow.map_to_cells(rtlil, liberty, recipe, adder=adder)))
            store.put("mapping", key, mapping)
        return flow.Mapped(**mapping)

    return map_with


def choose_mapping(
    unit: Design, rtlil: str, technology: Technology, clock_ns: float | None, store: Store
) -> tuple[Recipe, flow.Mapped]:
    """The mapping for area, or the smallest found that meets a clock, from the store if there.

    Raises:
        InfeasibleError: No recipe meets the clock.
    """
    map_with = kept_mappings(rtlil, technology, store)
    if clock_ns is None:
        return AREA, map_with(AREA)
    closing = map_to_clock(technology, clock_ns * 1e3, map_with)
    if closing.met:
        return closing.chosen.recipe, closing.chosen.mapped
    # Sizing for a target beyond reach may end elsewhere than for one within it.
    again = min(p.delay_ps for p in closing.tried if p.recipe.clock_ps is None)
    raise InfeasibleError(
        f"{unit.canonical} on {technology.name}: no mapping meets a clock of {clock_ns:g} ns; "
        f"the fastest has a critical path of {math.ceil(again) / 1e3:.3f} ns; give at least that"
    )


@lru_cache(maxsize=1)
def recipes_sha256() -> str:
    """Of all recipes that a mapping may be chosen from."""
    texts = [flow.recipe_text(Recipe(name)) for name in RECIPES]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@lru_cache(maxsize=4)
def _liberty(technology: Technology) -> str:
    return tech.mapping_liberty(technology)
