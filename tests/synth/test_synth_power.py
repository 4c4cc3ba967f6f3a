"""Energy of toggles worked out by hand on a technology with linear tables."""

import numpy as np
import pytest

from hwdse.synth.power import energy_weights, leakage_uw
from hwdse.synth.timing import analyse_timing

from . import toy


def weights(inputs, outputs, cells, toggles=None):
    netlist = toy.netlist(inputs, outputs, cells)
    timing = analyse_timing(netlist, toy.TECHNOLOGY)
    return energy_weights(netlist, toy.TECHNOLOGY, timing, toggles)


def test_switching_is_half_c_v_squared():
    cells = [
        ("INV", {"A": 2, "Y": 3}),
        ("BUF", {"A": 3, "Y": 4}),
        ("XOR", {"A": 3, "B": 3, "Y": 5}),
    ]
    energy = weights({"x": (2,)}, {"y": (4, 5)}, cells)
    assert energy.switching_fj.tolist() == pytest.approx([0, 0, 2 * 2.0, 2 * (3.0 + 5.0), 0, 0])
    assert energy.clock_fj == 0


def test_internal_energy_is_the_mean_of_rise_and_fall():
    cells = [("INV", {"A": 2, "Y": 3}), ("BUF", {"A": 3, "Y": 4})]
    energy = weights({"x": (2,)}, {"y": (4,)}, cells)
    slew, load = 20, 3
    rise, fall = 3 + 0.1 * slew + 0.5 * load, 1 + 0.3 * slew + 0.1 * load
    assert energy.internal_fj[3] == pytest.approx((rise + fall) / 2)
    # The buffer's library states none.
    assert energy.internal_fj[4] == 0


def test_internal_energy_is_the_mean_over_inputs():
    energy = weights({"x": (2, 3)}, {"y": (4,)}, [("XOR", {"A": 2, "B": 3, "Y": 4})])
    assert energy.internal_fj[4] == pytest.approx(((2 + 4) / 2 + (6 + 12) / 2) / 2)


@pytest.mark.parametrize(("a", "b", "share"), [(3.0, 1.0, 0.25), (0.0, 0.5, 1.0), (0.0, 0.0, 0.5)])
def test_inputs_that_toggle_more_count_for_more(a, b, share):
    toggles = np.array([0, 0, a, b, 1.0])
    cells = [("XOR", {"A": 2, "B": 3, "Y": 4})]
    energy = weights({"x": (2, 3)}, {"y": (4,)}, cells, toggles)
    assert energy.internal_fj[4] == pytest.approx((2 + 4) / 2 * (1 - share) + (6 + 12) / 2 * share)


def test_energy_is_held_at_the_edge_of_a_table():
    """Without load the value at 1 fF holds; with 16 fF that at 8."""
    energy = weights({"x": (2,)}, {"y": (3,)}, [("INV", {"A": 2, "Y": 3})])
    assert energy.internal_fj[3] == pytest.approx((3 + 2 + 0.5 + 1 + 6 + 0.1) / 2)
    cells = [("INV", {"A": 2, "Y": 3})] + [("INV", {"A": 3, "Y": 4 + i}) for i in range(8)]
    energy = weights({"x": (2,)}, {"y": (4,)}, cells)
    assert energy.internal_fj[3] == pytest.approx((3 + 2 + 4 + 1 + 6 + 0.8) / 2)


def test_clock_and_data_pins():
    cells = [("DFF", {"D": 2, "CK": 5, "Q": 3}), ("DFF", {"D": 3, "CK": 5, "Q": 4})]
    energy = weights({"clk": (5,), "d": (2,)}, {"q": (4,)}, cells)
    # Two flip-flops: each clock pin 5 + 3 fJ a cycle; 5 fF of clock net, charged and discharged.
    assert energy.clock_fj == pytest.approx(2 * (5 + 3) + 2 * 0.5 * 5.0 * toy.VOLTAGE**2)
    assert energy.switching_fj[5] == energy.internal_fj[5] == 0
    # Data pins' hidden energy; slews are held in the table's range: 20 at the port, 10 at net 3.
    assert energy.internal_fj[2] == pytest.approx((0.5 + 0.1 * 20 + 1.5) / 2)
    assert energy.internal_fj[3] == pytest.approx((0.5 + 0.1 * 10 + 1.5) / 2)
    assert energy.switching_fj[3] == pytest.approx(0.5 * 1.0 * toy.VOLTAGE**2)


def test_leakage_is_in_microwatts():
    cells = [("INV", {"A": 2, "Y": 3}), ("XOR", {"A": 2, "B": 3, "Y": 4})]
    netlist = toy.netlist({"x": (2,)}, {"y": (4,)}, cells)
    assert leakage_uw(netlist, toy.TECHNOLOGY) == pytest.approx(0.040)
