"""One sweep over standard cells and an FPGA."""

import math

import pandas as pd
import pytest

DESIGNS = ("mac:w=int2,a=int2,acc=exact,terms=4", "mac:w=e2m0,a=e2m0,acc=exact,terms=4")
SPACE = f"""
name: Mixed
technologies: [ice40, nangate45]
clocks_ns: [null, 5]
fpga: {{dsp: [true, false]}}
designs:
  - specs: ["{DESIGNS[0]}", "{DESIGNS[1]}"]
exclude:
  - {{clock_ns: 5}}
"""


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    path = tmp_path_factory.mktemp("mixed") / "space.yaml"
    path.write_text(SPACE)
    return path


@pytest.fixture
def table(space, hwdse):
    """What the sweep gives; run once, then resumed."""
    out = space.parent / "out"
    done = hwdse("sweep", space, "-o", out, "--jobs", "1", "--resume", "--json")
    assert done.code == 0, done.err
    assert done.document["rows"] == 2 * (2 + 1)
    return out / "results.parquet"


def test_rows_of_either_have_the_figures_of_either(table, hwdse):
    frame = pd.read_parquet(table)
    assert list(frame["tech"]) == ["ice40-hx8k", "ice40-hx8k", "nangate45"] * 2
    fpga, cells = frame[frame["tech"] == "ice40-hx8k"], frame[frame["tech"] == "nangate45"]
    assert cells["luts"].isna().all()
    assert fpga["area_um2"].isna().all()
    assert (cells["area_um2"] > 0).all()
    for spec, rows in fpga.groupby("spec"):
        (row,) = hwdse("cost", spec, "--tech", "ice40", "--no-place", "--json").document
        # The device has no DSP blocks: both values of the axis are the same design.
        assert list(rows["dsp_blocks"]) == [False, False]
        for name in ("luts", "carries", "ffs", "dsps", "macs_per_cycle"):
            assert list(rows[name]) == [row[name]] * 2
        assert all(value is None or math.isnan(value) for value in rows["fmax_mhz"])


def test_plots_leave_out_what_has_no_such_figure(table, tmp_path, hwdse):
    done = hwdse(
        "plot", table, "--x", "luts", "--y", "ffs", "--colour", "tech", "-o", tmp_path / "p.png"
    )
    assert done.code == 0, done.err
    assert "2 of 6 rows have no luts or no ffs and are left out" in done.err
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    front = hwdse("pareto", table, "--minimize", "luts", "--json").document
    assert len(front) == 2
    assert {row["tech"] for row in front} == {"ice40-hx8k"}


FITTED = """
name: From the model
technologies: [nangate45, ice40]
source: fit
fpga: {dsp: false}
designs:
  - {family: mac, w: [int3, int6], a: int5}
  - {family: array, pe: ["(mac:w=int3,a=int5)"], rows: 2, cols: 2}
"""


def test_figures_may_come_from_the_fitted_model(tmp_path, hwdse):
    space, out = tmp_path / "space.yaml", tmp_path / "out"
    space.write_text(FITTED)
    done = hwdse("sweep", space, "-o", out, "--jobs", "1", "--json")
    assert done.code == 0, done.err
    assert (done.document["rows"], done.document["refused"]) == (4, 2)
    frame = pd.read_parquet(out / "results.parquet")
    assert set(frame["source"]) == {"fit"}
    narrow, wide = (frame[frame["w"] == w].set_index("tech") for w in ("int3", "int6"))
    assert narrow.loc["nangate45", "area_um2"] < wide.loc["nangate45", "area_um2"]
    assert narrow.loc["ice40-hx8k", "luts"] < wide.loc["ice40-hx8k", "luts"]
    reasons = (out / "without_figures.csv").read_text()
    assert reasons.count("the fitted model knows no arrays") == 2


def test_the_model_has_no_dsp_blocks(tmp_path, hwdse):
    space = tmp_path / "space.yaml"
    space.write_text(FITTED.replace("dsp: false", "dsp: [true, false]"))
    done = hwdse("sweep", space, "-o", tmp_path / "out")
    assert done.code == 2
    assert "the fitted model knows FPGAs without DSP blocks" in done.err
