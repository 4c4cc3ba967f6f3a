"""Wire-load models: what a net's wire adds, and how users choose one."""

import dataclasses

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.synth.timing import analyse_timing, net_loads
from hwdse.synth.wireload import NO_WIRES, Wires, library_wires, parse_wires
from hwdse.tech.model import WireLoad

from . import toy

MODEL = WireLoad(
    name="small",
    fanout=np.array([1.0, 2.0, 4.0]),
    capacitance_ff=np.array([1.0, 2.5, 3.5]),
    resistance_ohm=np.array([100.0, 200.0, 400.0]),
    capacitance_ff_per_sink=0.25,
    resistance_ohm_per_sink=10.0,
)
WIRED = dataclasses.replace(toy.TECHNOLOGY, wire_load=MODEL)
# A port drives two inverters, one of which drives an output port.
CELLS = [("INV", {"A": 2, "Y": 3}), ("INV", {"A": 2, "Y": 4})]
NETLIST = toy.netlist({"x": (2,)}, {"y": (3,)}, CELLS)


def test_between_the_listed_fanouts_and_beyond():
    wires = library_wires(WIRED)
    sinks = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 6.0])
    assert wires.capacitance_ff(sinks).tolist() == [0, 1, 2.5, 3, 3.5, 4]
    assert wires.resistance_ohm(sinks).tolist() == [0, 100, 200, 300, 400, 420]
    assert "'small'" in wires.description


def test_a_technology_without_a_model_has_no_wires():
    wires = library_wires(toy.TECHNOLOGY)
    assert wires.capacitance_ff(np.array([3.0])).tolist() == [0]
    assert wires.description.startswith("none")


def test_ports_count_as_sinks_and_unloaded_nets_have_no_wire():
    loads = net_loads(NETLIST, WIRED, library_wires(WIRED))
    # Net 2: two pins of 2 fF and 2.5 fF of wire; net 3: the port, 1 fF; net 4 feeds nothing.
    assert loads.tolist() == [0, 0, 4 + 2.5, 1, 0]
    assert net_loads(NETLIST, WIRED).tolist() == [0, 0, 4, 0, 0]


def test_the_technology_s_own_model_is_the_default():
    """Load and Elmore delay by hand: half the resistance to half the wire and one pin."""
    timing = analyse_timing(NETLIST, WIRED)
    wire_ps = 200 / 2 * (2.5 / 2 + 2) * 1e-3
    assert timing.load_ff[3] == 1
    assert timing.delay_ps == pytest.approx(wire_ps + 5 + 0.5 * 20 + 3 * 1)
    assert timing.wires == library_wires(WIRED).description
    bare = analyse_timing(NETLIST, WIRED, wires=NO_WIRES)
    assert bare.delay_ps == pytest.approx(5 + 0.5 * 20)
    assert bare.wires == NO_WIRES.description


def test_choices():
    assert parse_wires("library", WIRED).model is MODEL
    assert parse_wires("none", WIRED) is NO_WIRES
    chosen = parse_wires("1.5", WIRED)
    assert chosen.capacitance_ff(np.array([0.0, 2.0])).tolist() == [0, 3]
    assert chosen.resistance_ohm(np.array([2.0])).tolist() == [0]
    assert "1.5 fF" in chosen.description
    assert Wires("x").capacitance_ff(np.array([5.0])).tolist() == [0]


@pytest.mark.parametrize("choice", ["", "nan", "inf", "-1", "1e9", "lots", "1;exec rm", "1 2"])
def test_other_choices_are_refused(choice):
    with pytest.raises(HwdseError, match="give library, none, or fF"):
        parse_wires(choice, WIRED)
