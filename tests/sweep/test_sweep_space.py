"""Space files: what they multiply out to, and one line for every mistake."""

import itertools

import pytest

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
        ("{from: 0, to: 2}", "{from: 3, to: 2}", r"designs\.0\.pipeline: the range from 3 to 2 is empty$"),
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
