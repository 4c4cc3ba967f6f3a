"""Mapping: what it reports agrees with the netlist it returns."""

import pytest

from hwdse.synth import flow
from hwdse.synth.netlist import read_netlist

from . import netlists

SPECS = ["mac:w=int8,a=int8", "mac:w=e4m3,a=e4m3"]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("name", ["nangate45", "asap7"])
def test_area_and_counts(spec, name):
    technology, mapped = netlists.technology(name), netlists.mapped(spec, name)
    kinds = [instance.kind for instance in read_netlist(mapped.netlist).instances]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == mapped.cell_counts
    area = sum(technology.cells[kind].area_um2 for kind in kinds)
    assert mapped.area_um2 == pytest.approx(area, rel=1e-5)
    assert len(kinds) > 100


def test_mapping_is_repeatable():
    spec, name = SPECS[0], "nangate45"
    from hwdse.tech import mapping_liberty

    again = flow.map_to_cells(netlists.rtlil(spec), mapping_liberty(netlists.technology(name)))
    assert again == netlists.mapped(spec, name)


def test_mapping_key_depends_on_design_and_technology():
    keys = {flow.mapping_key(text, tech) for text in ("a", "b") for tech in ("c", "d")}
    assert len(keys) == 4
    assert flow.mapping_key("a", "c") == flow.mapping_key("a", "c")
    # The parts do not run into one another.
    assert flow.mapping_key("ab", "c") != flow.mapping_key("a", "bc")


def test_verilog_is_plain():
    text = flow.verilog(netlists.rtlil("mac:w=int4,a=int4"))
    assert "module mac_w_int4_a_int4_acc_int32_pipeline_0" in text
    for word in ("always_ff", "always_comb", "logic ", "always_latch"):
        assert word not in text


@pytest.mark.parametrize(
    "spec", ["mac:w=uint8,a=uint8,pipeline=1", "dot:w=uint2,a=uint2,lanes=3,pipeline=2"]
)
def test_registers_whose_top_bit_is_constant(spec):
    """Unsigned products have a sign bit that is always zero, also in the registers they pass."""
    assert len(netlists.gates(spec)["cells"]) > 50
