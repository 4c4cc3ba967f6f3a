"""The gates that estimates count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hwdse import tech
from hwdse.errors import HwdseError
from hwdse.tech.gates import gates


def without(technology, *prefixes):
    cells = {n: c for n, c in technology.cells.items() if not n.startswith(prefixes)}
    return replace(technology, cells=cells)


@pytest.mark.parametrize("name", tech.names())
def test_every_technology_has_all(name):
    found = gates(tech.load(name))
    assert set(found) == {"and", "or", "xor", "mux", "fa"}
    assert all(g.area_um2 > 0 and g.energy_fj > 0 and g.leakage_nw > 0 for g in found.values())
    assert found["fa"].area_um2 > found["xor"].area_um2 > found["and"].area_um2


def test_the_smallest_cell_of_each():
    found = gates(tech.load("nangate45"))
    assert {k: (g.cells, g.area_um2) for k, g in found.items()} == {
        "and": ("AND2_X1", 1.064),
        "or": ("OR2_X1", 1.064),
        "xor": ("XOR2_X1", 1.596),
        "mux": ("MUX2_X1", 1.862),
        "fa": ("FA_X1", 4.256),
    }


def test_what_a_library_lacks_is_made_of_others():
    technology = tech.load("nangate45")
    found = gates(without(technology, "FA_", "MUX2", "OR2"))
    assert found["fa"].cells == "2 XOR2_X1 + 3 NAND2_X1"
    assert found["fa"].area_um2 == pytest.approx(2 * 1.596 + 3 * 0.798)
    assert found["mux"].cells == "3 NAND2_X1 + INV_X1"
    assert found["or"].cells == "NAND2_X1 + 2 INV_X1"
    poor = gates(without(technology, "FA_", "XOR2"))
    assert poor["fa"].cells == "11 NAND2_X1"
    assert poor["xor"].energy_fj == pytest.approx(4 * poor["fa"].energy_fj / 11)
    with pytest.raises(HwdseError, match="has no two-input NAND"):
        gates(without(technology, "FA_", "NAND2"))
