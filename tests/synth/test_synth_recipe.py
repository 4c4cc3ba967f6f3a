"""Recipes: what may be asked of them, what they map to, and that no text of a user gets in."""

import math
import re

import numpy as np
import pytest

from hwdse import pe
from hwdse.errors import HwdseError
from hwdse.synth import flow
from hwdse.synth.arithmetic import PRODUCTS
from hwdse.synth.netlist import read_netlist
from hwdse.synth.recipe import AREA, RECIPES, UNTIMED, Recipe
from hwdse.synth.timing import analyse_timing
from hwdse.tech import full_adder, mapping_liberty
from hwdse.verify.check import check_program, compile_mapped

from . import netlists

SPEC = "mac:w=int4,a=int4,acc=exact,terms=16"


@pytest.mark.parametrize("clock", [0.0, -1.0, math.nan, math.inf, 1e12])
def test_a_target_must_be_a_time(clock):
    with pytest.raises(HwdseError, match="clock target"):
        Recipe("delay", clock)


@pytest.mark.parametrize("name", ["", "Area", "fast", "area; exec rm", "delay\nshell ls"])
def test_other_names_are_refused(name):
    with pytest.raises(HwdseError, match="there are compact, area, sized, balanced, delay"):
        Recipe(name)


@pytest.mark.parametrize("name", UNTIMED)
def test_recipes_for_area_take_no_target(name):
    with pytest.raises(HwdseError, match=f"recipe '{name}' takes no clock target"):
        Recipe(name, 100.0)


def test_the_target_enters_as_a_whole_number():
    assert "-D" not in flow.recipe_text(Recipe("delay")).replace("{D}", "")
    for clock, text in ((0.2, "1"), (1234.6, "1235"), (1e9, "1000000000")):
        assert re.search(rf"abc -liberty \S+ -D {text} ", flow.recipe_text(Recipe("sized", clock)))


def test_keys_tell_recipes_and_targets_apart():
    timed = [n for n in RECIPES if n not in UNTIMED]
    recipes = [*map(Recipe, UNTIMED), *(Recipe(n, c) for n in timed for c in (None, 100.0, 200.0))]
    keys = {flow.mapping_key("design", "technology", recipe) for recipe in recipes}
    assert len(keys) == len(recipes)
    assert flow.mapping_key("design", "technology") in keys


def map_with(recipe, name="nangate45", spec=SPEC):
    liberty = mapping_liberty(netlists.technology(name))
    return flow.map_to_cells(netlists.rtlil(spec), liberty, recipe)


@pytest.mark.parametrize("name", ["nangate45", "asap7"])
def test_each_recipe_is_faster_and_right(name):
    technology, spec = netlists.technology(name), "mac:w=int8,a=int8,acc=exact,terms=16"
    areas, delays = [], []
    for recipe in (AREA, Recipe("sized"), Recipe("delay")):
        mapped = map_with(recipe, name, spec)
        netlist = read_netlist(mapped.netlist)
        program = compile_mapped(netlist, technology)
        checked = check_program(pe.parse(spec), program, name, 1 << 12, seed=1)
        assert checked.mismatches == 0
        areas.append(mapped.area_um2)
        delays.append(analyse_timing(netlist, technology).delay_ps)
    assert delays == sorted(delays, reverse=True)
    assert areas == sorted(areas)
    # Not by a hair: restructuring shortens the carry chains.
    assert delays[2] < 0.8 * delays[0]


@pytest.mark.parametrize("name", ["nangate45", "asap7", "sky130hd", "gt2n"])
def test_full_adders_make_the_least_area(name):
    technology = netlists.technology(name)
    adder = full_adder(technology)
    liberty, design = mapping_liberty(technology), netlists.rtlil(SPEC)
    plain = flow.map_to_cells(design, liberty)
    compact = flow.map_to_cells(design, liberty, Recipe("compact"), adder=adder)
    program = compile_mapped(read_netlist(compact.netlist), technology)
    assert check_program(pe.parse(SPEC), program, name, 1 << 12, seed=1).mismatches == 0
    if adder is None:
        assert compact == plain
        return
    assert compact.cell_counts[adder.cell] > 4
    assert compact.area_um2 < plain.area_um2


@pytest.mark.parametrize("sides", [(3, 3), (2, 5), (5, 2), (4, 7)])
def test_signed_products_need_no_sign_extension(sides, monkeypatch):
    spec = f"mac:w=int{sides[0]},a=int{sides[1]},acc=exact,terms=1"
    technology = netlists.technology("nangate45")
    liberty, design = mapping_liberty(technology), netlists.rtlil(spec)
    ours = flow.map_to_cells(design, liberty)
    program = compile_mapped(read_netlist(ours.netlist), technology)
    assert check_program(pe.parse(spec), program, "nangate45", 1 << 12, seed=1).mismatches == 0
    # A wrong correction constant must not pass.
    monkeypatch.setattr(flow, "PRODUCTS", PRODUCTS.replace("(1 << (WIDTH-1));", "1;"))
    wrong = flow.map_to_cells(design, liberty)
    program = compile_mapped(read_netlist(wrong.netlist), technology)
    assert check_program(pe.parse(spec), program, "nangate45", 1 << 12, seed=1).mismatches > 0


def test_a_looser_target_makes_a_smaller_netlist():
    fast, loose = map_with(Recipe("delay", 1.0)), map_with(Recipe("delay", 1e5))
    assert loose.area_um2 < fast.area_um2


def test_the_same_target_makes_the_same_netlist():
    recipe = Recipe("sized", 700.0)
    assert map_with(recipe) == map_with(recipe)


def test_a_planted_bug_is_seen():
    """An exclusive-or taken for its complement in a netlist sized for speed."""
    mapped = map_with(Recipe("delay"))
    swapped = {"XOR2": "XNOR2", "XNOR2": "XOR2", "NAND2": "NOR2", "NOR2": "NAND2"}
    cell = next(c for c in mapped.netlist["cells"].values() if c["type"][:-3] in swapped)
    cell["type"] = swapped[cell["type"][:-3]] + cell["type"][-3:]
    if "Z" in cell["connections"] and cell["type"].startswith("XNOR2"):
        cell["connections"]["ZN"] = cell["connections"].pop("Z")
    elif cell["type"].startswith("XOR2"):
        cell["connections"]["Z"] = cell["connections"].pop("ZN")
    technology = netlists.technology("nangate45")
    program = compile_mapped(read_netlist(mapped.netlist), technology)
    checked = check_program(pe.parse(SPEC), program, "nangate45", 1 << 12, seed=1)
    assert checked.mismatches > 0


def test_areas_of_recipes_are_those_of_their_cells():
    technology = netlists.technology("nangate45")
    for recipe in (Recipe("sized"), Recipe("delay")):
        mapped = map_with(recipe)
        kinds = [instance.kind for instance in read_netlist(mapped.netlist).instances]
        area = np.sum([technology.cells[kind].area_um2 for kind in kinds])
        assert mapped.area_um2 == pytest.approx(area, rel=1e-5)
