"""Among the relaxation's equally good answers, one that uses about what the limits allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .columns import Columns
from .instance import Ints
from .relaxation import Relaxation

__all__ = ["balance"]

_FEW = 32  # ties that the enumeration settles anyway
_MOST = 20_000  # groups
_PASSES = 3


def balance(columns: Columns, limit: Ints, relaxed: Relaxation) -> Relaxation:
    """The same relaxation with another base when many options tie with it.

    Groups are taken by falling effect, a few times over, and each takes what brings the usages
    nearest the limits.
    """
    tied = np.flatnonzero(relaxed.excess == 0)
    if len(tied) - columns.groups <= _FEW:
        return relaxed
    group = columns.group_of(tied)
    several = np.bincount(group, minlength=columns.groups)[group] > 1
    tied, group = tied[several], group[several]
    spans = np.array([max(1.0, float(r)) for r in columns.usage_range])[:, None]
    effect = (columns.usage[:, tied] - columns.usage[:, relaxed.base[group]]) / spans
    starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
    ends = np.append(starts[1:], len(group))
    size = np.maximum.reduceat(np.abs(effect).max(axis=0), starts)
    need = (limit - columns.usage[:, relaxed.base].sum(axis=1)) / spans[:, 0]
    priced = relaxed.multiplier > 0
    base = relaxed.base.copy()
    taken = np.zeros((len(need), len(starts)))
    for _ in range(_PASSES):
        for at in np.argsort(-size, kind="stable")[:_MOST].tolist():
            some = effect[:, starts[at] : ends[at]]
            rest = (need + taken[:, at])[:, None] - some
            # What has no price need not be used up.
            missed = np.where(priced[:, None], rest, np.minimum(rest, 0.0))
            best = int((missed**2).sum(axis=0).argmin())
            need, taken[:, at] = rest[:, best], some[:, best]
            base[group[starts[at]]] = tied[starts[at] + best]
    return replace(relaxed, base=base)
