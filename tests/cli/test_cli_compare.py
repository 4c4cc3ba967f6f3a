"""`hwdse compare` as users call it."""

import csv

import pytest

SMALL = "mac:w=int2,a=int2,acc=exact,terms=4"
FLOAT = "mac:w=e2m1,a=e2m1,acc=exact,terms=4"
FILE = f"""\
name: small units
technology: nangate45
dot_length: 8
units:
  INT2: {SMALL}
  E2M1: {FLOAT}
claims:
  - claim: floats cost twice
    source: nobody
    column: area_um2_per_mac
    of: E2M1
    over: INT2
    published: [1.5, 2.5]
"""


STUDY = """\
name: small study
description: why it was made
technology: nangate45
operands: uniform
units:
  "W{w}":
    spec: mac:w=int{w},a=int2,acc=exact,terms=4
    for: {w: [2, 3]}
  decoder: convert:from=e2m1,to=e3m2
rows:
  "W2, decoded for {n}": {sum: {W2: 1, decoder: "1/{n}"}, for: {n: [2, 4]}}
chart:
  kind: lines
  columns: [area_um2_per_mac, energy_pj_per_mac]
  x: n
  series: {decoded: "W2, decoded for {n}", as it is: W2}
claims:
  - {kind: best, claim: narrow is best, source: nobody, column: area_um2_per_mac, of: "W{w}",
     axis: w, published: 3}
"""


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_figures_as_cost_and_what_they_divide_into(tmp_path, hwdse):
    done = hwdse("compare", SMALL, FLOAT, "--tech", "nangate45", "-o", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    cost = hwdse("cost", SMALL, FLOAT, "--tech", "nangate45", "--json").document
    units = done.document["units"]
    assert [u["label"] for u in units] == [u["spec"] for u in units] == [c["spec"] for c in cost]
    for unit, known in zip(units, cost, strict=True):
        assert unit["area_um2"] == known["area_um2"]
        assert unit["area_um2_per_gmac_s"] == pytest.approx(
            known["area_um2"] * known["delay_ps"] / 1e3
        )
        assert unit["energy_pj_per_dot"] == pytest.approx(32 * known["energy_pj_per_mac"])
        roles = [
            v for k, v in unit.items() if k.endswith("_um2_per_mac") and k != "area_um2_per_mac"
        ]
        assert sum(roles) == pytest.approx(unit["area_um2_per_mac"])
        assert unit["registers_um2_per_mac"] > 0
    integer, floating = units
    assert integer["alignment_um2_per_mac"] == 0 < floating["alignment_um2_per_mac"]
    assert done.document["claims"] == []
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"compare.csv", "compare.png", "compare.svg"}
    table = rows_of(tmp_path / "out" / "compare.csv")
    assert [float(row["area_um2"]) for row in table] == [c["area_um2"] for c in cost]


def test_a_file_with_claims(tmp_path, hwdse):
    path = tmp_path / "small.yaml"
    path.write_text(FILE)
    done = hwdse("compare", path, "--operands", "uniform", "--json", "-o", tmp_path)
    integer, floating = done.document["units"]
    assert (integer["label"], floating["label"]) == ("INT2", "E2M1")
    assert integer["energy_pj_per_dot"] == pytest.approx(8 * integer["energy_pj_per_mac"])
    (claim,) = done.document["claims"]
    assert (claim["published_low"], claim["published_high"]) == (1.5, 2.5)
    assert claim["measured"] == floating["area_um2_per_mac"] / integer["area_um2_per_mac"]
    assert len(rows_of(tmp_path / "claims.csv")) == 1
    text = hwdse("compare", path, "--operands", "uniform").out
    assert "floats cost twice" in text
    assert "1.5 to 2.5" in text


def test_a_study_with_sums_and_a_chart(tmp_path, hwdse):
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    done = hwdse("compare", path, "--json", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    document = done.document
    two, three, decoder = document["units"]
    assert [u["label"] for u in document["units"]] == ["W2", "W3", "decoder"]
    assert decoder["area_um2_per_mac"] is None
    assert decoder["macs_per_cycle"] == 0
    assert decoder["area_um2_per_value"] == decoder["area_um2"] > 0
    for n, row in zip((2, 4), document["rows"], strict=True):
        assert row["spec"] == f"1 x [W2] + 1/{n} x [decoder]"
        for figure in ("area_um2", "energy_pj"):
            whole = two[f"{figure}_per_mac"] + decoder[f"{figure}_per_value"] / n
            assert row[f"{figure}_per_mac"] == pytest.approx(whole, rel=1e-12)
        assert row["delay_ps"] == max(two["delay_ps"], decoder["delay_ps"])
    (claim,) = document["claims"]
    assert two["area_um2_per_mac"] < three["area_um2_per_mac"]
    assert (claim["published_low"], claim["measured"]) == (3, 2)
    written = {one.name for one in (tmp_path / "out").iterdir()}
    assert written == {
        *(f"{name}.{kind}" for name in ("compare", "chart") for kind in ("csv", "png", "svg")),
        "claims.csv",
    }
    rows = {row["label"]: row for row in rows_of(tmp_path / "out" / "compare.csv")}
    assert rows["decoder"]["area_um2_per_mac"] == ""
    table = rows_of(tmp_path / "out" / "chart.csv")
    assert len(table) == 8
    for row in table:
        label = "W2" if row["series"] == "as it is" else f"W2, decoded for {row['at']}"
        assert row["value"] == rows[label][row["column"]]
        assert document["chart"][row["column"]][row["series"]][row["at"]] == float(row["value"])
    text = hwdse("compare", path).out
    assert "Converters" in text
    assert "nan" not in text.split("Area by part")[1]


def test_lanes_count_as_throughput(hwdse):
    one, four = "dot:w=int2,a=int2,lanes=2", "dot:w=int2,a=int2,lanes=4"
    units = hwdse("compare", one, four, "--tech", "nangate45", "--json").document["units"]
    assert [u["macs_per_cycle"] for u in units] == [2, 4]
    assert all(u["area_um2_per_mac"] == u["area_um2"] / u["macs_per_cycle"] for u in units)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([SMALL], "add --tech"),
        ([SMALL, "none.yaml", "--tech", "nangate45"], "none.yaml is not alone"),
        (["none.yaml"], "cannot read comparison"),
        (["mac:w=int2", "--tech", "nangate45"], "key 'a' is missing"),
        ([SMALL, "--tech", "nangate46"], "nangate45"),
        ([SMALL, "--tech", "nangate45", "--clock-ns", "0"], "more than 0 ns"),
        ([SMALL, "--tech", "nangate45", "--dot-length", "0"], "dot-length"),
    ],
)
def test_bad_requests_are_one_line(hwdse, arguments, said):
    done = hwdse("compare", *arguments)
    assert done.code == 2
    assert said in done.complaint


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("column: area_um2_per_mac", "column: area_um_per_mac", "did you mean 'area_um2_per_mac'"),
        ("of: E2M1", "of: E2M2", "'E2M2', which is not there; did you mean 'E2M1'"),
        ("[1.5, 2.5]", "[2.5, 1.5]", "2.5 is more than 1.5"),
        ("[1.5, 2.5]", "[1.5]", "published"),
        ("[1.5, 2.5]", "-1", "greater than 0"),
        ("dot_length: 8", "dot_length: 0", "dot_length"),
        ("technology: nangate45\n", "", "'technology': Field required"),
        ("INT2: mac", "INT2: mca", "units.INT2: unknown unit family"),
    ],
)
def test_mistakes_in_the_file(tmp_path, hwdse, old, new, said):
    assert old in FILE
    path = tmp_path / "bad.yaml"
    path.write_text(FILE.replace(old, new, 1))
    done = hwdse("compare", path)
    assert done.code == 2
    assert said in done.complaint
    assert str(path) in done.complaint


def test_explore_says_what_a_comparison_is_for(tmp_path, hwdse):
    path = tmp_path / "small.yaml"
    path.write_text(FILE)
    done = hwdse("explore", path, "-o", tmp_path / "out")
    assert done.code == 2
    assert "use hwdse compare" in done.complaint
