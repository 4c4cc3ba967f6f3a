"""Rules beside budgets: sets of layers, ties, options allowed or not, couplings, conversions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError, nearest_hint

from .problem import Problem

__all__ = ["Conversion", "Implication", "Rules", "allowed_entries", "layers_of", "sets_of"]


@dataclass(frozen=True)
class Implication:
    """Where `layer` takes one of `options`, `then_layer` takes one of `then_options`."""

    layer: str
    options: tuple[str, ...]
    then_layer: str
    then_options: tuple[str, ...]


@dataclass(frozen=True)
class Conversion:
    """What it costs along an edge of the network that its two ends take different options.

    Attributes:
        layer: Where the edge begins.
        next_layer: Where it ends.
        costs: (option, next option) to column and figure, added to that column's sum. Pairs that
            are missing cost nothing.
    """

    layer: str
    next_layer: str
    costs: Mapping[tuple[str, str], Mapping[str, float]]


@dataclass(frozen=True)
class Rules:
    """What holds beside the budgets. Layers are named by name, by set, or by pattern (`conv*`).

    Attributes:
        sets: Name of a set to the layers in it; the cells of column `group` name sets as well.
        ties: Layers that take the same option.
        allow: Layers to the only options they may take.
        forbid: Layers to options they may not take.
        force: Layers to the option they take.
        implications: Couplings of two layers.
        conversions: Costs along edges.
    """

    sets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ties: Sequence[Sequence[str]] = ()
    allow: Mapping[str, Sequence[str]] = field(default_factory=dict)
    forbid: Mapping[str, Sequence[str]] = field(default_factory=dict)
    force: Mapping[str, str] = field(default_factory=dict)
    implications: Sequence[Implication] = ()
    conversions: Sequence[Conversion] = ()


def sets_of(problem: Problem, rules: Rules) -> dict[str, NDArray[np.bool_]]:
    """Every set of layers as a mask over them.

    Raises:
        HwdseError: A set names an unknown layer, is empty, or is in column `group` as well.
    """
    found: dict[str, NDArray[np.bool_]] = {}
    cells = np.array(problem.layer_set, dtype=object)
    for name in sorted(set(problem.layer_set) - {""}):
        found[name] = np.asarray(cells == name, dtype=bool)
    for name, members in rules.sets.items():
        if name in found:
            raise HwdseError(f"set {name!r} is in the table's column 'group' already; rename it")
        mask = np.zeros(len(problem.layers), dtype=bool)
        for member in members:
            mask[_matching(problem, member, f"set {name!r}")] = True
        if not mask.any():
            raise HwdseError(f"set {name!r} has no layers")
        found[name] = mask
    return found


def layers_of(problem: Problem, name: str, sets: Mapping[str, NDArray[np.bool_]]) -> list[int]:
    """The layers that a name, a set's name or a pattern stands for.

    Raises:
        HwdseError: None; with the nearest name.
    """
    if name not in problem.layers and name in sets:
        return [int(i) for i in np.flatnonzero(sets[name])]
    return _matching(problem, name, "rule")


def _matching(problem: Problem, name: str, what: str) -> list[int]:
    if name in problem.layers:
        return [problem.layers.index(name)]
    found = []
    if any(sign in name for sign in "*?"):
        found = [i for i, layer in enumerate(problem.layers) if fnmatchcase(layer, name)]
    if not found:
        hint = nearest_hint(name, problem.layers)
        raise HwdseError(f"{what}: the table has no layer {name!r}{hint}")
    return found


def allowed_entries(
    problem: Problem, rules: Rules, sets: Mapping[str, NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Which entries `allow`, `forbid` and `force` leave.

    Raises:
        HwdseError: An unknown layer or option, or a layer (or tie) that is left without options.
    """
    allowed = np.ones(len(problem.entry_option), dtype=bool)

    def apply(names: str, options: Sequence[str], *, keep: bool) -> None:
        codes = [problem.find_option(option) for option in options]
        named = np.isin(problem.entry_option, codes)
        groups = problem.layer_group[layers_of(problem, names, sets)]
        here = np.isin(problem.entry_group, groups)
        allowed[here & (named != keep)] = False

    for names, options in rules.allow.items():
        apply(names, options, keep=True)
    for names, options in rules.forbid.items():
        apply(names, options, keep=False)
    for names, option in rules.force.items():
        apply(names, [option], keep=True)
    left = np.add.reduceat(allowed.astype(np.int64), problem.first[:-1])
    if (left == 0).any():
        layers = problem.members(int(np.argmin(left)))
        shown = ", ".join(repr(layer) for layer in layers[:4])
        tied = " (tied)" if len(layers) > 1 else ""
        raise HwdseError(
            f"layer {shown}{tied} is left without an option: allow, forbid and force contradict "
            "each other or the table"
        )
    return allowed
