"""The exact frontier of figures that do not fit 64 bits, against every assignment there is."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse import allocate
from hwdse.allocate import wide_frontier

FIGURES = st.integers(-3, 3) | st.integers(-(10**25), 10**25)
GROUPS = st.lists(st.lists(st.tuples(FIGURES, FIGURES), min_size=1, max_size=4), max_size=5)


def best(points):
    """Those that no other beats in both figures."""
    kept = []
    for usage, cost in sorted(points):
        if not kept or cost < kept[-1][1]:
            kept.append((usage, cost))
    return kept


@given(GROUPS)
@settings(max_examples=300, deadline=None)
def test_every_point_and_no_other(groups):
    first = np.cumsum([0, *(len(g) for g in groups)])
    entries = [entry for group in groups for entry in group]
    cost = np.array([c for c, _ in entries], dtype=object)
    usage = np.array([u for _, u in entries], dtype=object)
    found = wide_frontier.wide_frontier(first, cost, usage)
    assert all(((p >= first[:-1]) & (p < first[1:])).all() for p in found)
    points = [(int(usage[p].sum()), int(cost[p].sum())) for p in found]
    every = [(sum(u for _, u in pick), sum(c for c, _ in pick)) for pick in product(*groups)]
    assert points == best(every)


def test_it_gives_up_in_time(monkeypatch):
    first = np.arange(0, 30, 3)
    values = np.array([3**i for i in range(27)], dtype=object)
    assert wide_frontier.wide_frontier(first, values, -values, deadline=0.0) is None
    monkeypatch.setattr(wide_frontier, "MOST_ANSWERS", 100)
    assert wide_frontier.wide_frontier(first, values, -values) is None


@pytest.mark.parametrize("which", ["exact", "supported"])
def test_tables_of_many_digits(which):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(3)
    rows = [
        {"layer": str(n), "option": str(o), "loss": rng.random() * 10.0 ** -(3 * o),
         "energy": rng.random() * 1e6 * 2**o + rng.random() * 1e-9}
        for n in range(5) for o in range(4)
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    found = allocate.frontier(table, "energy", which=which)
    layers = [[r for r in rows if r["layer"] == str(n)] for n in range(5)]
    every = [
        (sum(r["energy"] for r in pick), sum(r["loss"] for r in pick)) for pick in product(*layers)
    ]
    points = best(every)
    got = [(one.totals["energy"], one.totals["loss"]) for one in found]
    if which == "exact":
        assert np.allclose(got, points, rtol=1e-12)
    else:
        assert 2 <= len(got) < len(points)
        assert all(min(abs(g[0] / p[0] - 1) for p in points) < 1e-12 for g in got)
        slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(got)]
        assert slopes == sorted(slopes)
