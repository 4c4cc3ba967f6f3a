"""The proof of a mapping: it closes on a right netlist, and never on a wrong one."""

import copy
import dataclasses

import pytest

import rtl
from hwdse import pe, tech
from hwdse.synth import flow
from hwdse.synth.recipe import RECIPES, UNTIMED, Recipe

SECONDS = 120.0


@pytest.fixture(scope="module")
def design():
    liberty = tech.mapping_liberty(tech.load("nangate45"))
    rtlil = rtl.to_rtlil(pe.parse("mac:w=int2,a=int2,acc=exact,terms=4"))
    return rtlil, flow.map_to_cells(rtlil, liberty), liberty


def test_a_mapping_is_proven(design) -> None:
    rtlil, mapped, liberty = design
    assert flow.prove_mapping(rtlil, mapped, liberty, seconds=SECONDS)


@pytest.mark.parametrize("name", [name for name in RECIPES if name not in UNTIMED])
def test_mappings_for_a_clock_are_proven(design, name) -> None:
    rtlil, _, liberty = design
    mapped = flow.map_to_cells(rtlil, liberty, Recipe(name, 200.0))
    assert flow.prove_mapping(rtlil, mapped, liberty, seconds=SECONDS)


def test_a_wrong_cell_is_not_proven(design) -> None:
    rtlil, mapped, liberty = design
    netlist = copy.deepcopy(mapped.netlist)
    swaps = {"NAND2_X1": "NOR2_X1", "AND2_X1": "OR2_X1", "XNOR2_X1": "XOR2_X1"}
    wrong = next(cell for cell in netlist["cells"].values() if cell["type"] in swaps)
    wrong["type"] = swaps[wrong["type"]]
    spoilt = dataclasses.replace(mapped, netlist=netlist)
    assert not flow.prove_mapping(rtlil, spoilt, liberty, seconds=SECONDS)


def test_a_proof_stops_at_its_limit(design) -> None:
    rtlil, mapped, liberty = design
    assert not flow.prove_mapping(rtlil, mapped, liberty, seconds=0.01)
