"""Shares of area: modules by hand, and units whose parts are known."""

import pytest

from hwdse.errors import ExternalToolError
from hwdse.synth.shares import area_shares, shares_of_modules

from . import netlists, toy


def module(cells, top=False):
    attributes = {"top": "1"} if top else {}
    return {"attributes": attributes, "cells": {n: {"type": kind} for n, kind in cells.items()}}


# Two instances of one adder, a register at the top and one within.
MODULES = {
    "unit": module({"first": "adder", "second": "adder", "hold": "DFF", "inv": "INV"}, top=True),
    "adder": module({"x": "XOR", "inner": "store"}),
    "store": module({"q": "DFF", "wire": "empty"}),
    "empty": module({}),
}


def test_parts_add_up():
    found = shares_of_modules(MODULES, toy.TECHNOLOGY)
    parts = {p.part: p for p in found.parts}
    assert set(parts) == {"top", "first", "second", "first.inner", "second.inner"}
    # INV 1, XOR 2, DFF 4: five for the top, twice two and four for the adders.
    assert found.area_um2 == 5 + 2 * (2 + 4)
    assert parts["top"].area_um2 == 5
    assert parts["top"].registers_um2 == 4
    assert parts["first.inner"].registers_um2 == 4
    assert parts["first"].registers_um2 == 0
    assert parts["first"].leakage_nw == 30
    assert parts["top"].leakage_nw == 50
    assert parts["top"].cells == 2
    assert sum(p.share for p in found.parts) == pytest.approx(1)
    assert found.registers_share == pytest.approx(12 / 17)
    assert [p.area_um2 for p in found.parts] == [5, 4, 4, 2, 2]
    assert found.ratio_to(34) == 0.5


def test_an_unknown_cell_is_named():
    with pytest.raises(ExternalToolError, match="uses 'NAND9'"):
        shares_of_modules({"unit": module({"u": "NAND9"}, top=True)}, toy.TECHNOLOGY)


def test_without_a_top_nothing_is_reported():
    with pytest.raises(ExternalToolError, match="0 top modules"):
        shares_of_modules({"unit": module({"u": "INV"})}, toy.TECHNOLOGY)


def test_a_float_unit_has_its_parts():
    spec = "mac:w=e2m1,a=e2m1,acc=exact,terms=4,pipeline=1"
    technology = netlists.technology("nangate45")
    found = area_shares(netlists.rtlil(spec), technology)
    parts = {p.part: p for p in found.parts}
    assert {"top", "multiplier", "accumulator", "accumulator.aligner"} <= set(parts)
    # The term's registers are at the top, the sum's in the accumulator, none in the multiplier.
    assert parts["top"].registers_um2 > 0
    assert parts["accumulator"].registers_um2 > 0
    assert parts["multiplier"].registers_um2 == 0
    assert sum(p.share for p in found.parts) == pytest.approx(1)
    flat = netlists.mapped(spec, "nangate45")
    assert 0.8 < found.ratio_to(flat.area_um2) < 1.5


def test_an_aligner_grows_with_the_range_of_exponents():
    technology = netlists.technology("nangate45")

    def aligner(fmt):
        spec = f"mac:w={fmt},a={fmt},acc=exact,terms=4"
        found = area_shares(netlists.rtlil(spec), technology)
        return next(p.area_um2 for p in found.parts if p.part == "accumulator.aligner")

    assert aligner("e3m1") > 1.3 * aligner("e2m2")
