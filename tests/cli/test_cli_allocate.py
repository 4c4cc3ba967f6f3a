"""`hwdse allocate` with problem files, and with what budgets and objectives can say."""

from __future__ import annotations

import pytest

TABLE = """layer,option,group,loss,bits,params,energy
a,int4,content,4,4,10,1
a,int8,content,1,8,10,2
b,int4,content,3,4,30,3
b,int8,content,1,8,30,6
c,int4,quality,9,4,20,2
c,int8,quality,2,8,20,4
"""

PROBLEM = """
table: t.csv
objectives:
  - minimize: loss
  - minimize: energy
budgets: ["avg(bits,params)<=6.5", "energy<=12"]
sets: {ends: [a, c]}
forbid: {b: [int8]}
couplings:
  - where: {layer: a, options: [int8]}
    then: {layer: c, options: [int8]}
conversions:
  edges: [[a, b], [b, c, 2]]
  costs:
    - {format: int4, next_format: int8, energy: 0.5}
    - {format: int8, next_format: int4, energy: 0.25}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "p.yaml").write_text(PROBLEM)
    return tmp_path


def test_problem_file(hwdse, folder):
    document = hwdse("allocate", folder / "p.yaml", "--json").document
    # b is int4; a and c at int8 take (80+120+160)/60 = 6 bits and 2+3+4 + 0.25+2*0.5 of energy.
    assert document["assignment"] == {"a": "int8", "b": "int4", "c": "int8"}
    assert document["objective"] == 6
    assert document["totals"]["energy"] == 10.25
    assert document["status"] == "optimal"
    assert [s["objective"] for s in document["stages"]] == ["minimize loss", "minimize energy"]
    values = {c["constraint"]: c["value"] for c in document["checks"]}
    assert values["avg(bits,params)<=6.5"] == 6
    assert values["energy<=12"] == 10.25
    tight = hwdse("allocate", folder / "p.yaml", "--budget", "energy<=7", "--json").document
    assert tight["assignment"] == {"a": "int4", "b": "int4", "c": "int4"}
    none = hwdse("allocate", folder / "p.yaml", "--budget", "energy<=5")
    assert none.code == 3
    assert "least reachable energy is 6" in none.complaint


def test_budgets_by_group_and_extremes(hwdse, folder):
    argv = ["allocate", folder / "t.csv", "--json", "--budget"]
    document = hwdse(*argv, "avg(bits,params)[content]<=5").document
    assert document["assignment"] == {"a": "int8", "b": "int4", "c": "int8"}
    document = hwdse(*argv, "max(energy)<=4").document
    assert document["assignment"] == {"a": "int8", "b": "int4", "c": "int8"}
    document = hwdse(*argv, "16<=bits<=16", "--maximize", "loss+0.5*energy").document
    assert document["totals"]["bits"] == 16
    document = hwdse(
        "allocate", folder / "t.csv", "--minimize", "max(energy)", "--then", "minimize loss",
        "--json",
    ).document  # fmt: skip
    assert [s["value"] for s in document["stages"]] == [3, 9 + 3 + 1]


def test_whole_frontier(hwdse, folder):
    found = hwdse("allocate", folder / "t.csv", "--frontier", "energy", "--exact", "--json")
    points = [(p["totals"]["energy"], p["objective"]) for p in found.document]
    assert points == [(6, 16), (7, 13), (8, 9), (9, 6), (12, 4)]
    hull = hwdse("allocate", folder / "t.csv", "--frontier", "energy", "--supported", "--json")
    assert [(p["totals"]["energy"], p["objective"]) for p in hull.document] == [
        (6, 16), (8, 9), (9, 6), (12, 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("table: t.csv\nbudget: []\n", "'budget': unknown key"),
        ("table: u.csv\n", "cannot be read"),
        ("table: t.csv\nforbid: {d: [int4]}\n", "no layer 'd'"),
        ("table: t.csv\nforce: {a: int2}\n", "no option 'int2'"),
        ("table: t.csv\nforce: {a: int4}\nforbid: {a: [int4]}\n", "left without an option"),
        ("table: t.csv\nforce: {a: int4, b: int8}\nties: [[a, b]]\n", "left without an option"),
        ("table: t.csv\nbudgets: ['bits[contents]<=3']\n", "did you mean 'content'"),
        ("table: t.csv\nobjectives: [{minimize: loss, maximize: bits}]\n", "give either"),
        (
            "table: t.csv\nconversions: {edges: [[a, b]], costs: []}\n",
            "nothing says what 'int4' to 'int8' costs",
        ),
    ],
)
def test_bad_problem_files(text, said, hwdse, folder):
    (folder / "p.yaml").write_text(text)
    found = hwdse("allocate", folder / "p.yaml", "--json")
    assert found.code == 2
    assert said in found.complaint
    assert found.complaint.count("\n") <= 1
