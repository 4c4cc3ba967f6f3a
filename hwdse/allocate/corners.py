"""The corners of a frontier's lower hull where further budgets or couplings hold.

Between two corners, the least weighted sum of cost and usage whose level lines run through both is
either theirs, and nothing lies between, or that of another point of the hull (Aneja and Nair,
"Bicriteria Transportation Problem", 1979).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .conflict import NoResultError
from .exact import Exact, Picks
from .optimise import optimise
from .outcome import Effort

__all__ = ["corners"]


@dataclass(frozen=True, eq=False)
class _Point:
    usage: int
    cost: int
    picks: Picks


def corners(exact: Exact, effort: Effort) -> list[Picks] | None:
    """Answers at the corners of cost against the first usage, by rising usage.

    Args:
        exact: The problem; the limit of its first usage does not count.
        effort: How to solve.

    Returns:
        None where no answer is within the other limits.

    Raises:
        NoResultError: Time ran out, or figures have too many digits for an exact optimum.
    """
    cost, usage = exact.cost.astype(object), exact.usage[0].astype(object)
    rest = replace(
        exact,
        usage=exact.usage[1:],
        limits=exact.limits[1:],
        units=exact.units[1:],
        errors=(exact.errors[0], *exact.errors[2:]),
    )

    def least(cost_weight: int, usage_weight: int) -> _Point | None:
        weighted = replace(rest, cost=cost_weight * cost + usage_weight * usage)
        outcome = optimise(weighted, effort)
        if outcome.picks is None and outcome.proven:
            return None
        if outcome.picks is None or outcome.bound != weighted.total(weighted.cost, outcome.picks):
            raise NoResultError(
                "the search stopped before the supported frontier was proven; give more time or "
                "figures of fewer digits, or sweep budgets over a grid"
            )
        picks = outcome.picks
        return _Point(exact.total(usage, picks), exact.total(cost, picks), picks)

    # Weights that no difference in the other column outweighs.
    first = least(1, 1 + 2 * int(abs(cost).sum()))
    last = least(1 + 2 * int(abs(usage).sum()), 1)
    if first is None or last is None:
        return None
    found, open_ = [first], [last]
    while open_:
        here, after = found[-1], open_[-1]
        across, down = after.usage - here.usage, here.cost - after.cost
        between = least(across, down) if across and down else here
        if between is None:
            raise AssertionError("what had an answer has none")
        if across * (between.cost - here.cost) + down * (between.usage - here.usage) < 0:
            open_.append(between)
        else:
            open_.pop()
            if across:
                found.append(after)
    return [point.picks for at, point in enumerate(found) if not _on_edge(found, at)]


def _on_edge(points: list[_Point], at: int) -> bool:
    """Whether a point lies on the line between its neighbours."""
    if at in (0, len(points) - 1):
        return False
    one, here, other = points[at - 1 : at + 2]
    left = (one.cost - here.cost) * (other.usage - here.usage)
    return left == (here.cost - other.cost) * (here.usage - one.usage)
