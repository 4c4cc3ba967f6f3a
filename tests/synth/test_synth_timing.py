"""Arrival times worked out by hand on a technology with linear tables."""

import pytest

from hwdse.synth.timing import analyse_timing, net_loads

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


def test_nothing_to_time():
    timing = analyse({"x": (2,)}, {"y": (2,)}, [])
    assert timing.delay_ps == 0
    assert timing.path == ()
