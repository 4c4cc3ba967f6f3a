"""Look-up of many tables at once against one table at a time."""

import numpy as np
import pytest

from hwdse.synth.lookup import TableStack
from hwdse.tech import tables
from hwdse.tech.model import Table


def table(rng, slews, loads):
    slew = np.cumsum(rng.uniform(0.5, 10, slews))
    load = np.cumsum(rng.uniform(0.5, 10, loads))
    return Table(slew, load, rng.uniform(0, 100, (slews, loads)))


def test_tables_of_all_sizes_within_and_beyond_their_axes():
    rng = np.random.default_rng(3)
    kinds = [table(rng, *shape) for shape in [(1, 1), (1, 4), (5, 1), (2, 2), (7, 3), (3, 8)]]
    stack = TableStack(kinds)
    rows = rng.integers(0, len(kinds), 400)
    loads, slews = rng.uniform(0, 60, 400), rng.uniform(0, 60, 400)
    curves = stack.curves(rows, loads)
    found = np.concatenate([curves.at(slice(0, 150), slews[:150]),
                            curves.at(slice(150, 400), slews[150:])])  # fmt: skip
    want = [
        tables.at(kinds[r], s, c)
        for r, s, c in zip(rows, slews.tolist(), loads.tolist(), strict=True)
    ]
    assert found.tolist() == pytest.approx(want, rel=1e-9, abs=1e-7)


def test_points_of_the_axes_themselves():
    rng = np.random.default_rng(4)
    kind = table(rng, 4, 5)
    for j, load in enumerate(kind.load_ff):
        curves = TableStack([kind]).curves(np.zeros(4, dtype=np.intp), np.full(4, load))
        assert curves.at(slice(0, 4), kind.slew_ps) == pytest.approx(kind.values[:, j])
