"""Arrival times worked out by hand on a technology with linear tables."""

import dataclasses

import numpy as np
import pytest

from hwdse.errors import ExternalToolError
from hwdse.synth.timing import analyse_timing, net_loads
from hwdse.tech.model import Constraint, ConstraintTable

from . import toy


def analyse(inputs, outputs, cells):
    return analyse_timing(toy.netlist(inputs, outputs, cells), toy.TECHNOLOGY)


def test_two_cells():
    timing = analyse(
        {"x": (2,)}, {"y": (4,)}, [("BUF", {"A": 3, "Y": 4}), ("INV", {"A": 2, "Y": 3})]
    )
    # Net 3 carries the buffer's 3 fF: rise 5 + 0.5 * 20 + 3 * 3, fall 4 + 0.25 * 20 + 2 * 3.
    rise, fall = 24.0, 15.0
    rise_slew, fall_slew = 6 + 2 * 3, 7 + 1 * 3
    assert timing.slew_ps[3].tolist() == [rise_slew, fall_slew]
    # Buffer without load, from the inverter's slews (12 and 10): extrapolated below 1 fF.
    buffer_rise = rise + 9 + 0.5 * rise_slew
    buffer_fall = fall + 8 + fall_slew
    assert timing.delay_ps == pytest.approx(max(buffer_rise, buffer_fall), abs=1e-9)
    assert buffer_rise > buffer_fall
    assert [(s.instance, s.cell, s.pin) for s in timing.path] == [
        ("u1", "INV", "Y"),
        ("u0", "BUF", "Y"),
    ]
    assert [s.arrival_ps for s in timing.path] == pytest.approx([rise, buffer_rise], abs=1e-9)
    assert timing.slew_ps[4].tolist() == pytest.approx([10.0, 12.0])


def test_loads_add_up():
    cells = [("INV", {"A": 2, "Y": n}) for n in (3, 4)] + [("XOR", {"A": 2, "B": 3, "Y": 5})]
    netlist = toy.netlist({"x": (2,)}, {"y": (4, 5)}, cells)
    assert net_loads(netlist, toy.TECHNOLOGY).tolist() == [0, 0, 2 + 2 + 1, 4, 0, 0]


def test_extrapolation_beyond_the_table():
    """Eight inverters' inputs are 16 fF, twice the largest load; the slope continues."""
    cells = [("INV", {"A": 2, "Y": 3})] + [("INV", {"A": 3, "Y": 4 + i}) for i in range(8)]
    timing = analyse({"x": (2,)}, {"y": (3,)}, cells)
    assert timing.load_ff[3] == 16
    assert timing.slew_ps[3].tolist() == pytest.approx([6 + 2 * 16, 7 + 16])
    # The end is net 3's rise; the eight inverters drive nothing.
    assert timing.delay_ps == pytest.approx(5 + 0.5 * 20 + 3 * 16)


def test_extrapolation_in_slew():
    """Slew 46 at an input table that ends at 40."""
    cells = [("INV", {"A": 2, "Y": 3}), ("XOR", {"A": 3, "B": 3, "Y": 4})]
    cells += [("BUF", {"A": 3, "Y": 5 + i}) for i in range(5)]
    timing = analyse({"x": (2,)}, {"y": (5,)}, cells)
    load = 5 + 5 * 3
    rise_slew = 6 + 2 * load
    assert rise_slew == 46
    arrival = 5 + 0.5 * 20 + 3 * load
    assert timing.delay_ps == pytest.approx(arrival + 9 + 0.5 * rise_slew)


def test_a_falling_input_makes_an_inverter_rise():
    """Unateness: two inverters pair the slow rise of one with the fall of the other."""
    cells = [("INV", {"A": 2, "Y": 3}), ("INV", {"A": 3, "Y": 4})]
    timing = analyse({"x": (2,)}, {"y": (4,)}, cells)
    rise, fall = 5 + 10 + 3 * 2, 4 + 5 + 2 * 2
    rise_slew, fall_slew = 6 + 2 * 2, 7 + 2
    second = (fall + 5 + 0.5 * fall_slew, rise + 4 + 0.25 * rise_slew)
    assert timing.delay_ps == pytest.approx(max(second))


def test_a_non_unate_arc_takes_the_later_edge():
    cells = [("INV", {"A": 2, "Y": 3}), ("XOR", {"A": 3, "B": 5, "Y": 4})]
    timing = analyse({"x": (2, 5)}, {"y": (4,)}, cells)
    rise, fall = 5 + 10 + 3 * 1, 4 + 5 + 2 * 1
    rise_slew, fall_slew = 6 + 2, 7 + 1
    assert timing.delay_ps == pytest.approx(max(rise + 30 + rise_slew, fall + 30 + fall_slew))
    # The slew is the worst over arcs, whichever is the latest: rise from B, fall from A.
    assert timing.slew_ps[4].tolist() == pytest.approx([35, 25])


def test_register_to_register():
    """Clock-to-q, an inverter, and setup; a clock net's own load delays nothing."""
    cells = [
        ("DFF", {"D": 2, "CK": 5, "Q": 3}),
        ("INV", {"A": 3, "Y": 4}),
        ("DFF", {"D": 4, "CK": 5, "Q": 6}),
    ]
    timing = analyse({"clk": (5,), "d": (2,)}, {"q": (6,)}, cells)
    load = 2.0
    launch = (50 + 0.5 * 20 + load, 60 + 0.5 * 20 + load)
    slew = (8 + load, 9 + load)
    rise = launch[1] + 5 + 0.5 * slew[1] + 3 * 1
    fall = launch[0] + 4 + 0.25 * slew[0] + 2 * 1
    assert timing.delay_ps == pytest.approx(max(rise, fall) + 11)
    assert [step.cell for step in timing.path] == ["DFF", "INV"]
    assert timing.load_ff[5] == 5.0


def test_input_to_register_counts_setup():
    timing = analyse({"clk": (5,), "d": (2,)}, {"q": (3,)}, [("DFF", {"D": 2, "CK": 5, "Q": 3})])
    # To the output: 60 + 0.5 * 20 + 0; to the data pin from the port: setup alone.
    assert timing.delay_ps == pytest.approx(70)
    timing = analyse({"clk": (5,), "d": (2,)}, {}, [("DFF", {"D": 2, "CK": 5, "Q": 3})])
    assert timing.delay_ps == pytest.approx(11)


def test_the_longest_of_two_branches():
    cells = [("INV", {"A": 2, "Y": 3}), ("BUF", {"A": 3, "Y": 4}), ("BUF", {"A": 4, "Y": 5})]
    cells += [("INV", {"A": 2, "Y": 6})]
    timing = analyse({"x": (2,)}, {"y": (5, 6)}, cells)
    assert [step.instance for step in timing.path] == ["u0", "u1", "u2"]


def test_the_path_step_by_step():
    """Input edge, load, fan-out, and where it starts and ends."""
    cells = [("INV", {"A": 2, "Y": 3}), ("BUF", {"A": 3, "Y": 4}), ("INV", {"A": 3, "Y": 5})]
    timing = analyse({"x": (6, 2)}, {"y": (4,)}, cells)
    first, second = timing.path
    assert (first.instance, first.input_pin, first.pin, first.edge) == ("u0", "A", "Y", "rise")
    assert (first.load_ff, first.fanout) == (3 + 2, 2)
    assert first.delay_ps == first.arrival_ps == pytest.approx(5 + 0.5 * 20 + 3 * 5)
    assert first.slew_ps == pytest.approx(6 + 2 * 5)
    assert (second.edge, second.load_ff, second.fanout) == ("rise", 0, 1)
    assert second.arrival_ps == pytest.approx(first.arrival_ps + second.delay_ps)
    assert (timing.start, timing.end, timing.setup_ps) == ("x[1]", "y", 0.0)
    assert timing.fmax_mhz == pytest.approx(1e6 / timing.delay_ps)


def test_groups_of_paths():
    """Each kind of path by hand; the input's path is the longest of all."""
    cells = [
        ("DFF", {"D": 4, "CK": 5, "Q": 3}),
        ("INV", {"A": 3, "Y": 4}),
        ("XOR", {"A": 2, "B": 3, "Y": 6}),
        ("DFF", {"D": 6, "CK": 5, "Q": 7}),
    ]
    timing = analyse({"clk": (5,), "x": (2,)}, {"z": (7, 6)}, cells)
    q_load = 2.0 + 4.0
    rise, fall = 50 + 10 + q_load, 60 + 10 + q_load
    rise_slew, fall_slew = 8 + q_load, 9 + q_load
    inverted = max(fall + 5 + 0.5 * fall_slew + 3, rise + 4 + 0.25 * rise_slew + 2)
    xor_rise = 20 + 20  # from the port at A; from B it is 2
    xor_fall = 30 + 20
    assert timing.groups == pytest.approx(
        {
            "input to output": max(xor_rise, xor_fall),
            "input to register": xor_fall + 11,
            "register to output": max(rise, fall) + 2,
            "register to register": inverted + 11,
        }
    )
    assert timing.delay_ps == pytest.approx(max(timing.groups.values()))
    assert (timing.start, timing.end, timing.setup_ps) == ("u0/CK", "u0/D", 11)


def test_setup_from_the_tables():
    """Setup times depend on the data's slew and edge, and on the clock's slew."""

    def constraint(base, per_clock, per_data):
        axis = np.array([10.0, 30.0])
        values = base + per_clock * axis[:, None] + per_data * axis[None, :]
        return ConstraintTable(axis, axis, values)

    setup = (
        Constraint("CK", constraint(10, 0.5, 1.0), constraint(-40, 0.5, 2.0)),
        Constraint("CK", constraint(9, 0.5, 1.0), constraint(-41, 0.5, 2.0)),
    )
    pins = dict(toy.FLOP.pins)
    pins["D"] = dataclasses.replace(pins["D"], setup=setup)
    flop = dataclasses.replace(toy.FLOP, pins=pins)
    technology = dataclasses.replace(toy.TECHNOLOGY, cells=toy.TECHNOLOGY.cells | {flop.name: flop})
    cells = [("INV", {"A": 2, "Y": 3}), ("DFF", {"D": 3, "CK": 5, "Q": 4})]
    timing = analyse_timing(toy.netlist({"clk": (5,), "x": (2,)}, {}, cells), technology)
    rise, fall = 5 + 10 + 3, 4 + 5 + 2
    rise_slew, fall_slew = 6 + 2, 7 + 1
    at_rise = rise + 10 + 0.5 * 20 + rise_slew
    at_fall = fall - 40 + 0.5 * 20 + 2 * fall_slew
    assert at_rise > at_fall
    assert timing.delay_ps == pytest.approx(at_rise)
    assert timing.setup_ps == pytest.approx(10 + 10 + 8)

    # With the tables changed about, the fall decides.
    swapped = tuple(Constraint(c.related_pin, c.fall, c.rise) for c in setup)
    pins["D"] = dataclasses.replace(pins["D"], setup=swapped)
    cells_of = toy.TECHNOLOGY.cells | {"DFF": dataclasses.replace(toy.FLOP, pins=pins)}
    technology = dataclasses.replace(toy.TECHNOLOGY, cells=cells_of)
    timing = analyse_timing(toy.netlist({"clk": (5,), "x": (2,)}, {}, cells), technology)
    assert timing.delay_ps == pytest.approx(fall + 10 + 0.5 * 20 + fall_slew)
    assert timing.path[-1].edge == "fall"


def test_constants_launch_nothing():
    """The slow arc from a tied pin counts neither for the delay nor for the slew."""
    tied = analyse({"x": (2,)}, {"y": (3,)}, [("XOR", {"A": 1, "B": 2, "Y": 3})])
    assert tied.delay_ps == pytest.approx(2)
    assert tied.slew_ps[3].tolist() == [35, 5]
    both = analyse({"x": (2,)}, {"y": (3,)}, [("XOR", {"A": 0, "B": 1, "Y": 3})])
    assert both.delay_ps == 0
    assert np.isneginf(both.arrival_ps[3]).all()
    # What follows from constants alone launches nothing either.
    cells = [("INV", {"A": 1, "Y": 4}), ("XOR", {"A": 4, "B": 2, "Y": 3})]
    after = analyse({"x": (2,)}, {"y": (3,)}, cells)
    assert after.delay_ps == pytest.approx(2)
    assert after.slew_ps[3].tolist() == [35, 5]


def test_a_combinational_loop_is_refused():
    cells = [("INV", {"A": 3, "Y": 2}), ("BUF", {"A": 2, "Y": 3})]
    with pytest.raises(ExternalToolError, match="combinational loop"):
        analyse({}, {"y": (3,)}, cells)


def test_nothing_to_time():
    timing = analyse({"x": (2,)}, {"y": (2,)}, [])
    assert timing.delay_ps == 0
    assert timing.path == ()
    assert timing.fmax_mhz is None
