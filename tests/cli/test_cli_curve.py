"""`hwdse curve` as users call it."""

import csv

import pytest

SPEC = "mac:w=int2,a=int2,acc=exact,terms=4"


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_targets_that_are_met_and_one_that_is_not(tmp_path, hwdse):
    out = tmp_path / "curve"
    call = ["curve", SPEC, "--tech", "nangate45", "-o", str(out), "--json", "--jobs", "1"]
    done = hwdse(*call, "--clock-ns", "100", "--clock-ns", "0.001", "--clock-ns", "0.6")
    assert done.code == 0, done.err
    document = done.document
    points = document["points"]
    assert [p["clock_ps"] for p in points] == [1, 600, 100_000]
    missed, _, slow = points
    assert (missed["met"], slow["met"], slow["recipe"]) == (False, True, "area")
    assert "1 of 3 targets were not met" in done.err
    fastest = min(m["delay_ps"] for m in document["mappings"])
    assert missed["delay_ps"] == fastest > 1
    assert missed["fmax_mhz"] == pytest.approx(1e6 / fastest)
    for point in points:
        assert point["met"] == (point["delay_ps"] <= point["clock_ps"])
    best = [m for m in document["mappings"] if m["pareto"]]
    assert [m["delay_ps"] for m in best] == sorted(m["delay_ps"] for m in best)
    assert [m["area_um2"] for m in best] == sorted((m["area_um2"] for m in best), reverse=True)
    assert min(m["area_um2"] for m in document["mappings"]) == best[-1]["area_um2"]
    assert "5K_hvratio_1_1" in document["provenance"]["wires"]
    rows = read(out / "curve.csv")
    assert [float(r["area_um2"]) for r in rows] == [p["area_um2"] for p in points]
    assert len(read(out / "mappings.csv")) == len(document["mappings"])
    assert (out / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (out / "curve.svg").read_text()

    # Again: from the store, the same to the byte.
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    again = hwdse(*call, "--clock-ns", "100", "--clock-ns", "0.001", "--clock-ns", "0.6")
    assert again.out == done.out
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--clock-ns", "0"], "more than 0 ns"),
        (["--clock-ns", "nan"], "finite"),
        (["--clock-ns", "1e9"], "clock target"),
        (["--points", "1"], "points"),
        (["--wire-load", "heavy"], "give library, none, or fF"),
        (["--tech", "nangate46"], "nangate45"),
    ],
)
def test_bad_requests_are_one_line(tmp_path, hwdse, more, message):
    done = hwdse("curve", SPEC, "--tech", "nangate45", "-o", str(tmp_path / "c"), *more)
    assert done.code == 2
    assert message in done.complaint
    assert done.out == ""
