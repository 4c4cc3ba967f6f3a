"""A whole study on three layers, against all eight assignments enumerated."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import shutil
import types
from fractions import Fraction

import pandas as pd
import pytest

from hwdse import allocate, pe
from hwdse.errors import HwdseError, InfeasibleError
from hwdse.study.run import is_finished, run_study, steps_of
from hwdse.study.schema import RESOURCES, read_study
from hwdse.synth import flow

from . import tiny

COLUMNS = ("loss", *RESOURCES)
FILES = ("frontier.csv", "allocation.json", "pareto.png", "pareto.svg", "report.html", "run.json")


def _run(path, out):
    steps = []
    study = read_study(path)
    result = run_study(study, out, on_done=steps.append)
    assert len(steps) == steps_of(study)
    return result


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The tiny study, run once; do not write in there."""
    base = tmp_path_factory.mktemp("tiny")
    path = tiny.write(base / "study")
    result = _run(path, base / "out")
    with (base / "out" / "frontier.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return types.SimpleNamespace(
        path=path,
        out=base / "out",
        result=result,
        rows=rows,
        allocation=json.loads((base / "out" / "allocation.json").read_text(encoding="utf-8")),
        run=json.loads((base / "out" / "run.json").read_text(encoding="utf-8")),
        table=allocate.read_table(base / "out" / "options.csv"),
    )


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished study and its results, to spoil."""
    shutil.copytree(finished.path.parent, tmp_path / "study")
    shutil.copytree(finished.out, tmp_path / "out")
    return tmp_path / "study" / "study.yaml", tmp_path / "out"


@pytest.fixture
def no_synthesis(monkeypatch):
    def fail(*_):
        raise AssertionError("synthesised again")

    monkeypatch.setattr(flow, "map_to_cells", fail)


def _every_assignment(table):
    """Options by layer and exact totals of all eight."""
    figures = {(r.layer, r.option): r._asdict() for r in table.itertuples()}
    found = []
    for options in itertools.product(tiny.UNITS, repeat=3):
        rows = [figures[pair] for pair in zip(tiny.LAYERS, options, strict=True)]
        totals = {c: sum(Fraction(repr(float(row[c]))) for row in rows) for c in COLUMNS}
        found.append((options, totals))
    return found


def _options(row):
    return tuple(row[f"layer:{layer}"] for layer in tiny.LAYERS)


def test_everything_is_there(finished):
    for name in (*FILES, "options.csv", "units.csv"):
        assert (finished.out / name).stat().st_size > 0, name
    assert (finished.out / "pareto.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (finished.out / "pareto.svg").read_text(encoding="utf-8")
    assert "<html" in (finished.out / "report.html").read_text(encoding="utf-8")
    assert not list(finished.out.rglob("*.part"))


def test_options_hold_what_units_cost(finished):
    units = pd.read_csv(finished.out / "units.csv").set_index("label")
    for row in finished.table.itertuples():
        unit, at = units.loc[row.option], tiny.LAYERS.index(row.layer)
        assert row.loss == tiny.LOSS[tiny.FORMATS[row.option]][at]
        assert row.energy_uj == pytest.approx(tiny.MACS[at] * unit["energy_pj_per_mac"] / 1e6)
        time_ms = tiny.MACS[at] * unit["period_ps"] / 1e9
        assert row.area_time_mm2_ms == pytest.approx(time_ms * unit["area_um2"] / 1e6)
        bits = {"two": 2, "three": 3}[row.option]
        assert row.size_mib == pytest.approx(tiny.PARAMS[at] * bits / 8 / 2**20)


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_frontier_is_all_that_nothing_dominates(resource, finished):
    points = {o: (t["loss"], t[resource]) for o, t in _every_assignment(finished.table)}
    best = {
        options
        for options, (loss, spent) in points.items()
        if not any(x <= loss and y <= spent and (x, y) != (loss, spent) for x, y in points.values())
    }
    rows = [r for r in finished.rows if r["kind"] == "frontier" and r["resource"] == resource]
    assert {_options(row) for row in rows} == best
    assert len(rows) == len(best) >= 3
    assert all(row["status"] == "optimal" and float(row["gap"]) == 0 for row in rows)


def test_every_row_says_its_own_totals(finished):
    totals = dict(_every_assignment(finished.table))
    assert {row["kind"] for row in finished.rows} == {"frontier", "uniform", "budget"}
    for row in finished.rows:
        for column in COLUMNS:
            assert float(row[column]) == float(totals[_options(row)][column])


def test_uniform_rows(finished):
    rows = {r["label"]: r for r in finished.rows if r["kind"] == "uniform"}
    assert set(rows) == set(tiny.UNITS)
    for label, row in rows.items():
        assert _options(row) == (label,) * 3
        assert float(row["loss"]) == pytest.approx(sum(tiny.LOSS[tiny.FORMATS[label]]))


def test_budgets_are_met_and_none_does_better(finished):
    totals = dict(_every_assignment(finished.table))
    least = {c: min(t[c] for t in totals.values()) for c in RESOURCES}
    most = {c: max(t[c] for t in totals.values()) for c in RESOURCES}
    half = least["size_mib"] + (most["size_mib"] - least["size_mib"]) / 2
    energy = least["energy_uj"] + (most["energy_uj"] - least["energy_uj"]) * Fraction(3, 4)
    limits = {
        "half": {"size_mib": half},
        "both": {"size_mib": Fraction("2.5"), "energy_uj": energy},
    }
    for one in finished.allocation["allocations"]:
        wanted = limits.pop(one["name"])
        fits = [t for t in totals.values() if all(t[c] <= v for c, v in wanted.items())]
        chosen = totals[tuple(one["assignment"][layer] for layer in tiny.LAYERS)]
        assert chosen in fits
        assert chosen["loss"] == min(t["loss"] for t in fits)
        texts = {f"{column} <= {float(limit):.6g}" for column, limit in wanted.items()}
        assert set(one["budgets"]) == texts
        (row,) = [r for r in finished.rows if r["kind"] == "budget" and r["label"] == one["name"]]
        assert _options(row) == tuple(one["assignment"].values())
    assert not limits


def test_allocation_json_is_complete(finished):
    document = finished.allocation
    assert document["study"] == "a tiny study"
    assert document["technology"] == "nangate45"
    assert [one["name"] for one in document["allocations"]] == ["half", "both"]
    for one in document["allocations"]:
        assert one["status"] == "optimal"
        assert one["gap"] == 0
        assert one["bound"] == one["objective"] == one["totals"]["loss"]
        assert one["solver"]
        assert one["seconds"] >= 0
        assert list(one["assignment"]) == list(tiny.LAYERS)
        assert set(one["totals"]) >= set(COLUMNS)


def test_run_json_hashes_what_was_read(finished):
    run = finished.run
    assert run["complete"] is True
    assert set(run["inputs"]) == {"study.yaml", "layers.csv", "losses.csv"}
    for name, digest in run["inputs"].items():
        data = (finished.path.parent / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
    assert run["technology"]["name"] == "nangate45"
    assert len(run["technology"]["sha256"]) == 64
    assert run["units"] == {k: pe.parse(s).canonical for k, s in tiny.UNITS.items()}
    for key in ("hwdse", "python", "packages", "synthesis"):
        assert run[key]
    present = {str(p.relative_to(finished.out)) for p in finished.out.rglob("*") if p.is_file()}
    assert set(run["outputs"]) == present


def _modules(out):
    return {p.stem for p in (out / "rtl").glob("*.v") if not p.stem.endswith("_tb")}


def test_rtl_holds_the_units_in_use(finished):
    used: set[str] = set()
    for one in finished.allocation["allocations"]:
        used |= set(one["assignment"].values())
    names = {pe.parse(tiny.UNITS[label]).module_name for label in used}
    assert _modules(finished.out) == names
    for name in names:
        for suffix in (".v", "_tb.v", "_vectors.hex", "_vectors.json", ".sdc"):
            assert (finished.out / "rtl" / f"{name}{suffix}").stat().st_size > 0
        vectors = json.loads((finished.out / "rtl" / f"{name}_vectors.json").read_text())
        assert vectors


def test_a_second_run_synthesises_nothing_and_writes_the_same(finished, no_synthesis, tmp_path):
    _run(finished.path, tmp_path)
    for name in ("frontier.csv", "options.csv", "units.csv", "pareto.svg"):
        assert (tmp_path / name).read_bytes() == (finished.out / name).read_bytes(), name
    for path in (finished.out / "rtl").iterdir():
        assert (tmp_path / "rtl" / path.name).read_bytes() == path.read_bytes()


def test_an_earlier_runs_files_go_and_others_stay(copy):
    path, out = copy
    (out / "notes.txt").write_text("mine")
    (out / "rtl" / "mine.v").write_text("// mine")
    text = tiny.STUDY.replace("at_most: {size_mib: 2.5}, ", "").replace("0.5", "0.0")
    path.write_text(text.replace("0.75", "0.0"))
    _run(path, out)
    assert _modules(out) == {pe.parse(tiny.UNITS["two"]).module_name, "mine"}
    assert (out / "notes.txt").read_text() == "mine"


def test_a_list_of_outputs_cannot_reach_outside(copy, tmp_path):
    path, out = copy
    (tmp_path / "precious").write_text("keep")
    run = json.loads((out / "run.json").read_text())
    run["outputs"] += ["../precious", str(tmp_path / "precious"), "..", "", 7]
    (out / "run.json").write_text(json.dumps(run))
    _run(path, out)
    assert (tmp_path / "precious").read_text() == "keep"


@pytest.mark.parametrize("text", ["\x00", "[]", '{"outputs": {"a": 1}}'])
def test_a_spoilt_run_json_does_not_stop_anything(text, copy):
    path, out = copy
    (out / "run.json").write_text(text)
    assert not is_finished(read_study(path), out)
    _run(path, out)
    assert is_finished(read_study(path), out)


def test_fractions_of_zero_and_one_can_be_met(finished, tmp_path):
    budgets = [
        f"  - {{name: {column} {f}, fraction: {{{column}: {f}}}}}\n"
        for column in RESOURCES
        for f in (0.0, 1.0)
    ]
    text = tiny.STUDY[: tiny.STUDY.index("  - {name: half")] + "".join(budgets)
    # Awkward numbers: their float sums round both ways.
    layers = "layer,kind,macs,params\nfirst,c,1000003,333331\nsecond,c,7,77\nthird,c,99991,13\n"
    result = _run(tiny.write(tmp_path, text, layers_csv=layers), tmp_path / "out")
    assert result.failed is None
    assert len(result.allocations) == 6
    for one in result.allocations:
        wanted = "two" if one["name"].endswith("0.0") else "three"
        assert set(one["assignment"].values()) == {wanted}


def test_a_budget_out_of_reach_leaves_the_rest(finished, tmp_path):
    text = tiny.STUDY.replace("at_most: {size_mib: 2.5}", "at_most: {size_mib: 0.5}")
    path = tiny.write(tmp_path, text)
    out = tmp_path / "out"
    result = _run(path, out)
    assert isinstance(result.failed, InfeasibleError)
    message = str(result.failed)
    assert "budget 'both'" in message
    least = min(t["size_mib"] for _, t in _every_assignment(finished.table))
    named = float(message.rsplit(" ", 1)[1])
    assert float(least) <= named < float(least) * 1.00001
    assert [one["name"] for one in result.allocations] == ["half"]
    for name in FILES:
        assert (out / name).exists(), name
    assert json.loads((out / "run.json").read_text())["complete"] is False
    assert not is_finished(read_study(path), out)


def test_where_no_budget_can_be_met_the_frontiers_units_are_exported(tmp_path):
    text = tiny.STUDY[: tiny.STUDY.index("budgets:")]
    # A third unit that nothing should use: more loss at more cost.
    text = text.replace("  three:", "  wasteful: mac:w=int4,a=int4\n  three:")
    losses = [f"{layer},int4,int4,0.95,made-up loss\n" for layer in tiny.LAYERS]
    path = tiny.write(tmp_path, text, losses_csv=tiny.losses_text() + "".join(losses))
    result = _run(path, tmp_path / "out")
    assert "wasteful" in set(result.frontier["label"])
    assert result.allocations == ()
    names = {pe.parse(spec).module_name for spec in tiny.UNITS.values()}
    assert _modules(tmp_path / "out") == names


def test_one_unit_under_two_labels(tmp_path):
    text = tiny.STUDY.replace("  three:", "  twin: mac:a=int2,w=int2\n  three:")
    _run(tiny.write(tmp_path, text), tmp_path / "out")


def test_is_finished(finished, copy):
    path, out = copy
    assert is_finished(read_study(finished.path), finished.out)
    assert is_finished(read_study(path), out)
    assert not is_finished(read_study(path), out / "elsewhere")
    for name in ("study.yaml", "layers.csv", "losses.csv"):
        file = path.parent / name
        before = file.read_text()
        file.write_text(before + "\n")
        assert not is_finished(read_study(path), out), name
        file.write_text(before)
    assert is_finished(read_study(path), out)
    (out / "pareto.svg").unlink()
    assert not is_finished(read_study(path), out)


def test_a_mistake_leaves_an_earlier_run_alone(copy):
    path, out = copy
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    text = path.read_text()
    for old, new in (
        ("technology: nangate45", "technology: nangate54"),
        ("operands: uniform", "operands: uniforms"),
        ("frontier_points: 200", "clock_ns: 0.001"),
    ):
        path.write_text(text.replace(old, new))
        with pytest.raises(HwdseError):
            run_study(read_study(path), out, on_done=lambda _: None)
        assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_a_directory_that_cannot_be_written(finished, tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(HwdseError, match="cannot write to"):
            run_study(read_study(finished.path), out, on_done=lambda _: None)


@pytest.mark.parametrize("name", [*FILES, "options.csv"])
def test_a_directory_in_a_files_place(name, finished, tmp_path):
    (tmp_path / name / "x").mkdir(parents=True)
    with pytest.raises(HwdseError, match="cannot write"):
        run_study(read_study(finished.path), tmp_path, on_done=lambda _: None)
    assert not list(tmp_path.rglob("*.part"))
