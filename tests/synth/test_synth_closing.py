"""Mapping under a clock: which recipes are tried, which result is taken, what a miss reports."""

import math

import pytest

from hwdse.errors import HwdseError
from hwdse.synth.closing import map_to_clock
from hwdse.synth.curve import curve_over_clocks, even_targets, unbeaten
from hwdse.synth.recipe import AREA, Recipe

from . import toy
from .chains import chain, delay_ps


class Mapper:
    """Gives chains: of 8 cells for area, of 6 or 5 sized, of 4 balanced, of 3 for delay."""

    def __init__(self):
        self.asked = []

    def __call__(self, recipe):
        self.asked.append(recipe)
        if recipe.name == "area":
            return chain(8, 10.0)
        if recipe.name == "sized":
            reached = recipe.clock_ps is not None and recipe.clock_ps < 0.75 * delay_ps(6)
            return chain(5, 12.0) if reached else chain(6, 11.0)
        # Balanced is larger than it need be.
        return chain(4, 25.0) if recipe.name == "balanced" else chain(3, 20.0)


def close(clock_ps):
    mapper = Mapper()
    closing = map_to_clock(toy.TECHNOLOGY, clock_ps, mapper)
    assert [p.recipe for p in closing.tried] == mapper.asked
    return closing


def test_a_slow_clock_takes_the_recipe_for_area_alone():
    closing = close(delay_ps(8))
    assert closing.met
    assert closing.chosen.recipe == AREA
    assert len(closing.tried) == 1


def test_sizing_comes_next():
    closing = close(delay_ps(6))
    assert closing.met
    assert [p.recipe.name for p in closing.tried] == ["area", "sized"]
    assert closing.chosen.area_um2 == 11.0
    assert closing.chosen.delay_ps == delay_ps(6)


def test_a_near_miss_is_tried_again_with_a_shorter_target():
    closing = close(delay_ps(5))
    assert closing.met
    assert [p.recipe.name for p in closing.tried] == ["area", "sized", "sized"]
    assert closing.chosen.area_um2 == 12.0
    first, second = (p.recipe.clock_ps for p in closing.tried[1:])
    assert second < first < delay_ps(5)


def test_the_fastest_recipe_comes_last():
    closing = close(delay_ps(3))
    assert closing.met
    assert closing.chosen.recipe.name == "delay"


def test_of_the_restructured_the_smaller_is_taken():
    closing = close(delay_ps(4))
    assert closing.met
    assert {p.recipe.name for p in closing.tried if p.delay_ps <= delay_ps(4)} == {
        "balanced",
        "delay",
    }
    assert closing.chosen.area_um2 == 20.0


def test_a_target_that_nothing_meets_reports_the_fastest():
    closing = close(delay_ps(3) / 2)
    assert not closing.met
    assert closing.chosen.delay_ps == delay_ps(3)
    assert closing.tried[-1].recipe == Recipe("delay")


@pytest.mark.parametrize("clock", [0.0, -5.0, math.nan, math.inf])
def test_a_target_must_be_a_time(clock):
    mapper = Mapper()
    with pytest.raises(HwdseError, match="clock target"):
        map_to_clock(toy.TECHNOLOGY, clock, mapper)
    assert mapper.asked == []


def test_a_curve_over_given_targets():
    steps = []
    targets = [delay_ps(8) + 1, delay_ps(6) + 1, 1.0]
    curve = curve_over_clocks(toy.TECHNOLOGY, targets, Mapper(), on_done=steps.append)
    assert [c.clock_ps for c in curve.closings] == sorted(targets)
    assert [c.met for c in curve.closings] == [False, True, True]
    assert len(steps) == 3 + len(targets)
    # The hopeless target has made the sized mapping of 12 um2, too.
    assert [p.area_um2 for p in curve.pareto] == [20.0, 12.0, 11.0, 10.0]
    assert len({p.recipe for p in curve.points}) == len(curve.points)
    assert [p.delay_ps for p in curve.points] == sorted(p.delay_ps for p in curve.points)


def test_a_curve_between_the_fastest_and_the_smallest():
    curve = curve_over_clocks(toy.TECHNOLOGY, 4, Mapper(), jobs=2)
    assert len(curve.closings) == 4
    assert all(c.met for c in curve.closings)
    assert curve.closings[0].chosen.delay_ps == delay_ps(3)
    assert curve.closings[-1].chosen.recipe == AREA


def test_even_targets_reach_both_ends():
    targets = even_targets(100.01, 800.0, 4)
    assert targets == [100.1, 200.1, 400.1, 800.0]
    assert even_targets(100.0, 100.0, 5) == [100.0]


def test_unbeaten_leaves_out_what_is_no_better():
    class At:
        def __init__(self, delay_ps, area_um2):
            self.delay_ps, self.area_um2 = delay_ps, area_um2

    points = [At(3, 5), At(1, 9), At(2, 9), At(2, 7), At(3, 7), At(4, 6), At(5, 1)]
    kept = [(p.delay_ps, p.area_um2) for p in unbeaten(points)]
    assert kept == [(1, 9), (2, 7), (3, 5), (5, 1)]
