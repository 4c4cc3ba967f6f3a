"""`hwdse mutate` and `hwdse verify --formal`."""

import shutil

import pytest

from hwdse.synth import sby

SMALL = "mac:w=int3,a=uint3,acc=exact,terms=32"


def test_mutate_counts_what_the_checks_find(hwdse):
    outcome = hwdse("mutate", SMALL, "--mutants", "20", "--json")
    assert outcome.code == 0
    found = outcome.document
    assert found["mutants"] == 20
    assert found["rate"] >= 0.95
    assert found["caught"] + found["equivalent"] + len(found["survivors"]) == 20
    assert found["enumerated"] is True
    text = hwdse("mutate", SMALL, "--mutants", "20")
    assert f"{found['caught']} of {20 - found['equivalent']} faults caught" in text.out
    assert "kind of fault" in text.out


def test_mutate_changes_cells(hwdse):
    outcome = hwdse("mutate", SMALL, "--mutants", "10", "--netlist", "nangate45", "--json")
    assert outcome.document["target"] == "nangate45"
    assert outcome.code == 0


def test_checks_that_find_too_little_fail(hwdse, monkeypatch):
    from hwdse.verify.mutation import Checks

    monkeypatch.setattr(Checks, "catch", lambda self, program: False)
    outcome = hwdse("mutate", SMALL, "--mutants", "10")
    assert outcome.code == 1
    assert "survived: " in outcome.err
    assert "less than 95% of the faults" in outcome.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--level", "netlist"], "name it with --netlist"),
        (["--level", "rtl", "--netlist", "asap7"], "drop --netlist asap7"),
        (["--level", "gates"], "level 'gates' is unknown"),
        (["--netlist", "nangate4"], "did you mean 'nangate45'"),
        (["--mutants", "0"], "--mutants"),
    ],
)
def test_mutate_says_what_is_wrong(hwdse, options, words):
    outcome = hwdse("mutate", SMALL, *options)
    assert outcome.code == 2
    assert words in outcome.complaint


@pytest.mark.skipif(
    shutil.which("z3", path=sby.search_path()) is None,
    reason="proofs by induction need z3: pip install 'hwdse[formal]'",
)
def test_formal_proves_all_sequences(hwdse):
    outcome = hwdse("verify", SMALL, "--vectors", "1000", "--formal", "--json")
    assert outcome.code == 0
    assert outcome.document["proved"] is True
    assert outcome.document["complete"] is True
    assert "accumulation by SAT" in outcome.document["method"]


def test_formal_without_the_solver_says_how_to_get_it(hwdse, monkeypatch):
    monkeypatch.setattr(sby, "search_path", lambda: "")
    outcome = hwdse("verify", SMALL, "--vectors", "1000", "--formal")
    assert outcome.code == 5
    assert "pip install 'hwdse[formal]'" in outcome.complaint
