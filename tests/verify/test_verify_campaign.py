"""Targets by name, and what is run on which of them."""

import pytest

from hwdse.errors import HwdseError
from hwdse.pe import FAMILIES, parse
from hwdse.synth.fpga import FPGAS
from hwdse.verify import campaign
from hwdse.verify.catalogue import CATALOGUE
from hwdse.verify.check import verify
from hwdse.verify.targets import NETLISTS, RTL, Target

SPECS = ["mac:w=int2,a=int2", "mac:w=int3,a=int2", "lmul:w=e2m1,a=e2m1"]


@pytest.mark.parametrize("name", ["rtl", "asap7", "nangate45", *FPGAS])
def test_known_targets(name):
    assert Target.named(name).name == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ice4", "ice40"),
        ("asap", "asap7"),
        ("gowinn", "gowin"),
        ("RTL", "unknown"),
        ("nofile.yaml", "cannot read"),
    ],
)
def test_unknown_targets(name, hint):
    with pytest.raises(HwdseError, match=hint) as caught:
        Target.named(name)
    assert "\n" not in str(caught.value)


def test_every_family_is_in_the_catalogue_with_rtl_and_netlists():
    """Two technologies and one FPGA, at least once for each family."""
    units = [parse(spec) for spec in CATALOGUE]
    assert len({unit.canonical for unit in units}) == len(CATALOGUE)
    assert {unit.family for unit in units} == set(FAMILIES)
    runs = campaign.plan_runs(units)
    assert {run.unit.canonical for run in runs if run.target.name == RTL} == {
        unit.canonical for unit in units
    }
    for family in FAMILIES:
        targets = {run.target.name for run in runs if run.unit.family == family}
        assert targets == {RTL, *NETLISTS}
    assert len(set(NETLISTS) & set(FPGAS)) == 1
    assert len(campaign.plan_runs(units, full=True)) == len(units) * (1 + len(NETLISTS))


def test_results_come_in_order_whatever_the_processes(monkeypatch):
    monkeypatch.setattr(campaign, "NETLISTS", ())
    runs = campaign.plan_runs([parse(spec) for spec in SPECS])
    found = {}
    for jobs in (1, 2):
        done = []
        results = campaign.verify_runs(
            runs,
            vectors=512,
            seed=1,
            enumerable_bits=24,
            formal_seconds=None,
            jobs=jobs,
            on_done=done.append,
        )
        assert [(r.spec, r.target) for r in results] == [
            (run.unit.canonical, run.target.name) for run in runs
        ]
        assert len(done) == len(runs) == 3
        found[jobs] = [(r.vectors, r.mismatches, r.method) for r in results]
    assert found[1] == found[2]
    assert all(wrong == 0 for _, wrong, _ in found[1])


def test_numbers_out_of_range():
    with pytest.raises(HwdseError, match="vectors must be at least 1"):
        verify(parse(SPECS[0]), vectors=0)
    with pytest.raises(HwdseError, match="not ice40"):
        verify(parse(SPECS[0]), target=Target.named("ice40"), formal_seconds=1.0)


def test_a_unit_without_hardware_says_so():
    with pytest.raises(HwdseError, match="no RTL") as caught:
        verify(parse("dot:w=abfp8_32,a=abfp8_32,lanes=32"), target=Target.named("asap7"))
    assert "\n" not in str(caught.value)
