"""`hwdse verify --all` and its options, on a small catalogue."""

import pytest

from hwdse.verify import campaign, catalogue

SPECS = ("mac:w=int2,a=int2", "mac:w=int16,a=int12", "lmul:w=e2m1,a=e2m1")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(catalogue, "CATALOGUE", SPECS)
    monkeypatch.setattr(campaign, "NETLISTS", ("asap7",))


def test_the_table_says_what_is_proven_and_how(hwdse, small):
    found = hwdse("verify", "--all", "--vectors", 500, "--jobs", 1)
    assert found.code == 0
    lines = found.out.splitlines()
    assert lines[0].split() == ["target", "bits", "vectors", "mismatches", "seconds", "how", "spec"]
    rows = lines[1 : lines.index("")]
    assert [row.split()[0] for row in rows] == ["rtl", "asap7", "rtl", "rtl", "asap7"]
    assert ["enumerated" in row for row in rows] == [True, True, False, True, True]
    (heading,) = (i for i, line in enumerate(lines) if line.startswith("evidence"))
    assert "mac:w=int16,a=int12" in lines[heading]
    parts = [line.split()[0] for line in lines[heading + 1 : lines.index("", heading)]]
    assert parts == ["proven", "proven", "tested", "tested"]
    assert "tested: corners" in rows[2]
    assert any("test_every_content_with_every_term" in line for line in lines)


def test_documents_of_the_table(hwdse, small):
    found = hwdse("verify", "--all", "--full", "--vectors", 500, "--jobs", 1, "--json")
    assert found.code == 0
    assert len(found.document) == 2 * len(SPECS)
    for one in found.document:
        assert one["mismatches"] == 0
        assert one["exhaustive"] is (one["input_bits"] <= 24)
        assert one["vectors"] >= 500


def test_an_fpga_is_a_netlist_too(hwdse):
    found = hwdse("verify", SPECS[0], "--netlist", "ice40", "--vectors", 500, "--json")
    assert (found.code, found.document["target"]) == (0, "ice40")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mac:w=fp32,a=int8", "--exhaustive"], "40 operand bits, and --exhaustive goes up to 32"),
        ([SPECS[0], "--full"], "--full belongs to --all"),
        (["--all", "--exhaustive"], "--exhaustive takes one spec"),
        ([SPECS[0], "--netlist", "icee40"], "did you mean 'ice40'"),
        ([SPECS[0], "--netlist", "ice40", "--formal"], "not ice40's"),
        (["dot:w=abfp8_32,a=abfp8_32,lanes=32", "--netlist", "asap7"], "no RTL"),
        ([SPECS[0], "--jobs", "0"], "--jobs"),
    ],
)
def test_what_makes_no_sense_is_one_line(words, message, hwdse):
    found = hwdse("verify", *words)
    assert found.code == 2
    assert message in found.complaint
