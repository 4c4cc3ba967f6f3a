"""Space files: what they multiply out to, and one line for every mistake."""

import itertools
from pathlib import Path

import pytest

from hwdse import pe
from hwdse.errors import HwdseError
from hwdse.sweep.space import read_space

GOOD = """
name: Some
technologies: [nangate45, asap7]
clocks_ns: [null, 1, 0.5]
designs:
  - family: mac
    w: [int4, int8]
    a: int8
    pipeline: {from: 0, to: 2}
    fused: no
  - family: dot
    w: int2
    a: int2
    lanes: {from: 2, to: 16, times: 2}
  - specs: ["lmul:w=e4m3,a=e4m3", "mac:w=int2,a=int2"]
"""


def space(tmp_path, text):
    path = tmp_path / "space.yaml"
    path.write_text(text)
    return read_space(path)


def test_every_combination_is_a_point_once(tmp_path):
    found = space(tmp_path, GOOD)
    points = list(found.points())
    assert [point.number for point in points] == list(range(found.size))
    designs = [
        *(
            f"mac:w={w},a=int8,pipeline={p},fused=no"
            for w, p in itertools.product(("int4", "int8"), range(3))
        ),
        *(f"dot:w=int2,a=int2,lanes={lanes}" for lanes in (2, 4, 8, 16)),
        "lmul:w=e4m3,a=e4m3,acc=fp32,pipeline=0",
        "mac:w=int2,a=int2,acc=int32,pipeline=0",
    ]
    expected = itertools.product(designs, ("nangate45", "asap7"), (None, 1.0, 0.5))
    assert [(p.spec, p.technology, p.clock_ns) for p in points] == list(expected)


def test_exclusions_leave_numbers_as_they_are(tmp_path):
    rules = """
exclude:
  - {family: mac, w: int8, pipeline: {from: 1, to: 2}}
  - {technology: asap7, clock_ns: [1, 0.5]}
"""
    whole, some = space(tmp_path, GOOD), space(tmp_path, GOOD + rules)
    expected = [
        point
        for point in whole.points()
        if not ("w=int8" in point.spec and "pipeline=0" not in point.spec and "mac" in point.spec)
        and not (point.technology == "asap7" and point.clock_ns is not None)
    ]
    assert list(some.points()) == expected
    assert some.size == whole.size


def test_points_come_one_by_one(tmp_path):
    text = """
name: Huge
technologies: [nangate45]
designs:
  - family: mac
    w: int8
    a: int8
    terms: {from: 1, to: 1000000}
    pipeline: {from: 0, to: 999999}
"""
    found = space(tmp_path, text)
    assert found.size == 10**12
    first = list(itertools.islice(found.points(), 3))
    assert [point.spec for point in first] == [
        f"mac:w=int8,a=int8,terms=1,pipeline={n}" for n in range(3)
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("w: [int4, int8]", "w: []", r"designs\.0\.w: an empty list makes the product empty"),
        ("family: dot", "family: dott", r"designs\.1: family 'dott' is not known.*dot"),
        ("times: 2}", "times: 1}", r"designs\.1\.lanes: 'times'"),
        (
            "{from: 0, to: 2}",
            "{from: 3, to: 2}",
            r"designs\.0\.pipeline: the range from 3 to 2 is empty$",
        ),
        ("{from: 0, to: 2}", "{from: 0, to: 99999999}", "give a step"),
        ("a: int8", "a: in t8", r"designs\.0\.a: 'in t8' is no value"),
        ("name: Some", "nam: Some", "'name': Field required"),
        ("clocks_ns: [null, 1, 0.5]", "clocks_ns: [0]", r"clocks_ns\.0"),
        ("technologies: [nangate45, asap7]", "technologies: []", "technologies"),
        ('"lmul:w=e4m3,a=e4m3"', '"lmull:w=e4m3,a=e4m3"', r"designs\.2: unknown unit family"),
    ],
)
def test_mistakes_are_one_line(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(HwdseError, match=message) as caught:
        space(tmp_path, GOOD.replace(old, new, 1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "message"),
    [("{wheight: int4}", "no design has a key 'wheight'"), ("{}", "would exclude everything")],
)
def test_exclusions_that_exclude_nothing_or_all(tmp_path, rule, message):
    with pytest.raises(HwdseError, match=message):
        space(tmp_path, f"{GOOD}exclude:\n  - {rule}\n")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(HwdseError, match="cannot read space"):
        read_space(tmp_path / "none.yaml")


FPGAS = """
name: Mixed
technologies: [ice40, nangate45, ecp5-25k]
clocks_ns: [null, 1]
fpga: {dsp: [true, false], place: true}
designs:
  - family: mac
    w: [int4, int8]
    a: int8
    mul: [star, booth]
"""


def test_clocks_are_of_cells_and_dsp_blocks_of_fpgas(tmp_path):
    found = space(tmp_path, FPGAS)
    points = list(found.points())
    conditions = [
        *(("ice40", None, dsp, True) for dsp in (True, False)),
        *(("nangate45", clock, None, False) for clock in (None, 1.0)),
        *(("ecp5-25k", None, dsp, True) for dsp in (True, False)),
    ]
    assert found.size == len(points) == 4 * len(conditions)
    for n in range(4):
        some = points[n * 6 : n * 6 + 6]
        assert len({point.spec for point in some}) == 1
        assert [(p.technology, p.clock_ns, p.dsp, p.place) for p in some] == conditions


def test_without_a_word_about_fpgas_there_is_one_point_of_each(tmp_path):
    found = space(tmp_path, FPGAS.replace("fpga: {dsp: [true, false], place: true}\n", ""))
    on_fpgas = [point for point in found.points() if point.technology != "nangate45"]
    assert found.size == 4 * (1 + 2 + 1)
    assert {(point.dsp, point.place) for point in on_fpgas} == {(True, False)}


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ("{dsp: yes, mul: booth}", lambda p: p.dsp is not True or "mul=star" in p.spec),
        ("{dsp: no}", lambda p: p.dsp is not False),
        ("{dsp: [yes, no]}", lambda p: p.dsp is None),
        # FPGAs have no clock that a rule could name, cells no DSP blocks.
        ("{clock_ns: 1}", lambda p: p.clock_ns is None),
        ("{technology: ice40, dsp: no}", lambda p: p.technology != "ice40" or p.dsp),
        ("{technology: nangate45, dsp: no}", lambda p: True),
    ],
)
def test_exclusions_by_dsp_blocks(tmp_path, rule, left):
    whole, some = space(tmp_path, FPGAS), space(tmp_path, f"{FPGAS}exclude: [{rule}]\n")
    assert list(some.points()) == [point for point in whole.points() if left(point)]


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("{dsp: []}", r"'fpga\.dsp'"),
        ("{dsp: maybe}", r"'fpga\.dsp'"),
        ("{dsp: [1]}", r"'fpga\.dsp\.0'"),
        ("{place: [true, false]}", r"'fpga\.place'"),
        ("{dps: true}", r"'fpga\.dps'.*"),
        ("yes", "'fpga'"),
    ],
)
def test_mistakes_about_fpgas(tmp_path, new, message):
    text = FPGAS.replace("{dsp: [true, false], place: true}", new)
    with pytest.raises(HwdseError, match=message) as caught:
        space(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_one_value_of_dsp_needs_no_list_and_equal_ones_count_once(tmp_path):
    one = space(tmp_path, FPGAS.replace("dsp: [true, false]", "dsp: false"))
    again = space(tmp_path, FPGAS.replace("dsp: [true, false]", "dsp: [false, false]"))
    assert one.dsp == again.dsp == (False,)


SHIPPED = sorted((Path(__file__).parents[2] / "studies").glob("*macs.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_spaces_that_ship_read(path):
    found = read_space(path)
    points = list(found.points())
    assert 0 < len(points) <= found.size
    for point in points:
        assert pe.parse(point.spec)
