"""`hwdse explore` from its command line."""

from __future__ import annotations

import pytest

STUDY = """\
name: tiny
source: made up
technology: nangate45
operands: uniform
workload: layers.csv
sensitivity: losses.csv
units: {two: "mac:w=int2,a=int2", three: "mac:w=int3,a=int3"}
frontier_points: 5
budgets:
  - {name: small, fraction: {size_mib: 0.5}}
"""


@pytest.fixture
def study(study_tables):
    (study_tables / "study.yaml").write_text(STUDY)
    return study_tables / "study.yaml"


def test_explore_and_resume(hwdse, study, tmp_path):
    out = tmp_path / "out"
    found = hwdse("explore", study, "-o", out, "--jobs", 1)
    assert found.code == 0
    assert "small" in found.out
    assert "results in" in found.err
    before = (out / "run.json").stat().st_mtime_ns
    again = hwdse("explore", study, "-o", out, "--resume")
    assert (again.code, again.out) == (0, "")
    assert "nothing to do" in again.err
    assert (out / "run.json").stat().st_mtime_ns == before
    study.write_text(STUDY + "# changed\n")
    changed = hwdse("explore", study, "-o", out, "--resume")
    assert changed.code == 0
    assert "results in" in changed.err
    assert (out / "run.json").stat().st_mtime_ns != before


def test_an_infeasible_budget_is_exit_code_3_also_when_resumed(hwdse, study, tmp_path):
    study.write_text(STUDY.replace("fraction: {size_mib: 0.5}", "at_most: {size_mib: 1.0e-9}"))
    for resume in ([], ["--resume"]):
        found = hwdse("explore", study, "-o", tmp_path / "out", *resume)
        assert found.code == 3
        assert "budget 'small'" in found.complaint
        assert "the least reachable size_mib is" in found.complaint
        assert (tmp_path / "out" / "frontier.csv").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nangate45", "nangate54", "did you mean 'nangate45'"),
        ("operands: uniform", "operands: uniforn", "operands 'uniforn'"),
        ("operands: uniform", "operands: none.npz", "none.npz: not a readable .npz file"),
        ("name: tiny", "name: [", "study.yaml:"),
        ("int2,a=int2", "int2,a=int99", "unknown format"),
    ],
)
def test_mistakes_are_exit_code_2(old, new, said, hwdse, study, tmp_path):
    study.write_text(STUDY.replace(old, new))
    found = hwdse("explore", study, "-o", tmp_path / "out")
    assert found.code == 2
    assert said in found.complaint


def test_an_output_that_is_a_file(hwdse, study, tmp_path):
    (tmp_path / "out").write_text("")
    found = hwdse("explore", study, "-o", tmp_path / "out")
    assert found.code == 2
    assert "cannot write to" in found.complaint
