"""One problem in whole numbers: its best answer, by one method, and its proof by another."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from hwdse.errors import HwdseError, nearest_hint

from . import certificate, coupled, ilp, knapsack, knapsacks
from .dual import Dual, Weighted, weigh
from .exact import Exact, Picks, least
from .lagrange import Multipliers
from .model import Open, open_part
from .outcome import ENUMERATION, Effort, Outcome

__all__ = ["SOLVERS", "Warm", "check_solver", "optimise", "prepare"]

Warm = knapsack.State
"""What solving the same costs and usages at other limits need not do again."""

SOLVERS = ("auto", "knapsack", "highs", "cbc")
_CORE = 6_000  # entries that the enumeration is tried on
_QUICK_CORE = 600  # where the answer is proven already
_QUICK = 2_500  # its first effort


def check_solver(name: str) -> str:
    """The name; HwdseError for an unknown or absent solver."""
    if name not in SOLVERS:
        raise HwdseError(f"no solver {name!r}{nearest_hint(name, SOLVERS)}")
    if name in ("highs", "cbc"):
        ilp.pick_solver(name)
    return name


def prepare(exact: Exact) -> Warm | None:
    """For `optimise` of the same problem at other limits; None where nothing can be kept."""
    return None if exact.pairs else knapsacks.prepare_knapsack(exact)


def optimise(exact: Exact, effort: Effort, warm: Warm | None = None) -> Outcome:
    """Solve a problem in whole numbers.

    Args:
        exact: The problem.
        effort: Solver, deadline and gap.
        warm: From `prepare` of a problem that differs in its limits only.
    """
    if exact.pairs:
        return coupled.optimise_coupled(exact, effort)
    first, multipliers = _first(exact, effort, warm)
    if first.picks is None and first.proven and _proves_none(exact):
        return replace(first, second="Lagrangian bound", agreed=True)
    # Wherever multipliers come from, `weigh` makes an exact bound of them by itself.
    weighted = weigh(exact, multipliers if multipliers is not None else Dual(exact).multipliers())
    return _confirm(exact, effort, weighted, first)


def _first(
    exact: Exact, effort: Effort, warm: Warm | None
) -> tuple[Outcome, list[Fraction] | None]:
    """The solver's answer, and multipliers if it has any."""
    multipliers = None
    if effort.solver in ("auto", "knapsack"):
        answer = knapsacks.solve_knapsack(
            exact, deadline=effort.deadline, relative_gap=effort.relative_gap, warm=warm
        )
        picks, bound, proven, title = answer.picks, answer.bound, answer.proven, knapsacks.TITLE
        multipliers = answer.multipliers
    else:
        found = ilp.solve_ilp(exact, solver=effort.solver, time_limit=effort.seconds())
        picks, bound, proven = found.picks, None, found.proven
        title = ilp.solver_title(effort.solver)
    # Nothing from a solver becomes an answer without this, whatever it says.
    if picks is not None and not exact.is_feasible(picks):
        picks, bound, proven = None, None, False
    return Outcome(picks, bound, proven, None, title, "", None), multipliers


def _proves_none(exact: Exact) -> bool:
    return weigh(exact, Dual(exact).conflict(), with_cost=False).total > 0


def _confirm(exact: Exact, effort: Effort, weighted: Weighted, first: Outcome) -> Outcome:
    """Look for anything better than the first answer, in what the Lagrangian bound leaves open."""
    picks, lower = first.picks, weighted.bound
    if picks is None:
        reduced = exact
    else:
        cost = exact.total(exact.cost, picks)
        if lower >= cost and not any(exact.errors):
            first = replace(first, bound=cost, proven=True)
        reduced = exact.restrict(_left(exact, weighted, picks, cost))
        if not first.proven:
            first, picks = _closer(exact, reduced, effort, first, picks)
    exactly = not any(exact.errors)
    open_entries = int(np.diff(reduced.first)[np.diff(reduced.first) > 1].sum())
    room = _QUICK_CORE if first.proven and not effort.confirm else _CORE
    if not exactly or open_entries > room:
        return _settled(exact, effort, first, picks, lower, ("Lagrangian bound", None))
    core = open_part(reduced)
    title = first.solver
    for node_limit in _efforts(first, effort):
        incumbent = None if picks is None else _choice(core, exact, picks)
        proof = certificate.certify(
            core.model,
            incumbent,
            node_limit=node_limit,
            deadline=effort.deadline,
            weights=_of_keys(weighted, core),
            all_or_nothing=first.proven and not effort.confirm,
        )
        better = _whole(core, exact, proof.choice)
        if better is not None:
            cost = exact.total(exact.cost, better)
            known = None if picks is None else exact.total(exact.cost, picks)
            if known is None or cost < known:
                title = ENUMERATION if known is None else f"{ENUMERATION}, correcting {title}"
                first = replace(first, proven=False, bound=None)
            if known is None or cost <= known:
                picks = better
        if proof.complete:
            if picks is None:
                return replace(first, proven=True, second=ENUMERATION, agreed=first.proven)
            cost = exact.total(exact.cost, picks)
            return Outcome(picks, cost, True, cost, title, ENUMERATION, title == first.solver)
        if proof.bound is not None:
            lower = max(lower, proof.bound // core.model.key_scale + core.base)
        if first.proven or effort.late():
            break
        first, picks, title = _again(core, exact, effort, first, picks, title)
        if first.proven:
            break
    second = _second(core, exact, effort, first, picks)
    return _settled(exact, effort, replace(first, solver=title), picks, lower, second)


def _of_keys(weighted: Weighted, core: Open) -> Multipliers:
    """Weights of costs as weights of keys."""
    scale = core.model.key_scale
    return Multipliers(weighted.cost, tuple(scale * weighted.usage[at] for at in core.budgets))


def _closer(
    exact: Exact, reduced: Exact, effort: Effort, first: Outcome, picks: Picks
) -> tuple[Outcome, Picks]:
    """Solve what is left once more: fewer entries may do without the rounding of all of them."""
    if first.solver != knapsacks.TITLE or effort.late() or reduced is exact:
        return first, picks
    answer = knapsacks.solve_knapsack(
        reduced, deadline=effort.deadline, relative_gap=effort.relative_gap
    )
    if answer.picks is None or answer.bound is None:
        return first, picks
    found = np.searchsorted(exact.label, reduced.label[answer.picks])
    cost, before = (exact.total(exact.cost, p) for p in (found, picks))
    if cost <= before and exact.is_feasible(found):
        picks = found
    # What was left out costs more than the first answer.
    bound = min(max(answer.bound, first.bound or answer.bound), cost, before)
    return replace(first, bound=bound, proven=first.proven or answer.proven), picks


def _efforts(first: Outcome, effort: Effort) -> tuple[int, ...]:
    """Of the enumeration: what is proven already is confirmed only if that is quick, or wanted."""
    if not first.proven:
        return (_QUICK, certificate.NODE_LIMIT)
    return (certificate.NODE_LIMIT,) if effort.confirm else (_QUICK,)


def _left(exact: Exact, weighted: Weighted, picks: Picks, cost: int) -> np.ndarray[Any, Any]:
    """Entries that an answer at least as good may hold; those of the answer itself are kept."""
    keep = ~weighted.excludes(cost)
    for values, limit, error in zip(exact.usage, exact.limits, exact.errors[1:], strict=True):
        low = least(exact, values)
        spare = limit + int(exact.groups * error) + 1 - int(low.sum())
        keep &= values[: exact.entries] - np.repeat(low, np.diff(exact.first)) <= spare
    keep[picks] = True
    return keep


def _choice(core: Open, exact: Exact, picks: Picks) -> tuple[int, ...] | None:
    """The picks of the whole problem as a choice of the core."""
    wanted = exact.label[picks]
    found = np.searchsorted(core.exact.label, wanted)
    found = np.minimum(found, core.exact.entries - 1)
    if not np.array_equal(core.exact.label[found], wanted):
        return None
    return core.choice(found)


def _whole(core: Open, exact: Exact, choice: tuple[int, ...] | None) -> Picks | None:
    if choice is None:
        return None
    labels = core.exact.label[core.picks(choice)]
    return np.searchsorted(exact.label, labels)


def _again(
    core: Open, exact: Exact, effort: Effort, first: Outcome, picks: Picks | None, title: str
) -> tuple[Outcome, Picks | None, str]:
    """Ask an integer program about the core, which is smaller and better scaled."""
    engine = effort.solver if effort.solver in ("highs", "cbc") else ilp.pick_solver("auto")
    answer = ilp.solve_ilp(core.exact, solver=engine, time_limit=effort.seconds())
    if answer.picks is None:
        return first, picks, title
    found = np.searchsorted(exact.label, core.exact.label[answer.picks])
    if not exact.is_feasible(found):
        return first, picks, title
    cost = exact.total(exact.cost, found)
    known = None if picks is None else exact.total(exact.cost, picks)
    if known is None or cost < known:
        picks, title = found, ilp.solver_title(engine)
        known = cost
    proven = answer.proven and cost <= known
    return replace(first, proven=proven, bound=known if proven else None), picks, title


def _second(
    core: Open, exact: Exact, effort: Effort, first: Outcome, picks: Picks | None
) -> tuple[str, bool | None]:
    """Another solver's word on an answer that the enumeration could not confirm."""
    mine = first.solver == knapsacks.TITLE
    if not (effort.confirm and first.proven and mine) or picks is None or effort.late():
        return ENUMERATION, None
    engine = ilp.pick_solver("auto")
    answer = ilp.solve_ilp(core.exact, solver=engine, time_limit=effort.seconds())
    agreed: bool | None = None
    if answer.picks is not None and answer.proven:
        found = core.exact.total(core.exact.cost, answer.picks)
        agreed = found == exact.total(exact.cost, picks)
    return ilp.solver_title(engine), agreed


def _settled(
    exact: Exact,
    effort: Effort,
    first: Outcome,
    picks: Picks | None,
    lower: int,
    second: tuple[str, bool | None],
) -> Outcome:
    """The outcome from what is known of the answer and its bounds."""
    if picks is None:
        return replace(first, independent=lower, second=second[0], agreed=second[1])
    cost = exact.total(exact.cost, picks)
    lower = min(lower, cost)
    bound = lower
    if first.proven and first.bound is None:
        bound = cost
    elif first.bound is not None:
        bound = min(max(lower, first.bound), cost)
    proven = first.proven or (cost - bound) <= effort.relative_gap * abs(cost)
    agreed = True if second[1] is None and lower >= cost else second[1]
    return Outcome(picks, bound, proven, lower, first.solver, second[0], agreed)
