"""Tables for Accelergy: read as it reads them, they give the same pJ and um2."""

from __future__ import annotations

import pytest

from hwdse import pe
from hwdse.errors import HwdseError
from hwdse.interchange.accelergy import accelergy_files
from hwdse.interchange.component import components

from .accelergy_reader import areas, energies, estimated, load, looked_up

SPECS = [
    "mac:w=int8,a=int8",
    "dot:w=e4m3,a=e4m3,lanes=4",
    "serial:w=int4,a=int8,lanes=4,radix=4",
    "array:pe=(mac:w=int2,a=int2),rows=2,cols=3,dataflow=ws",
    "convert:from=fp32,to=mxfp4",
]


@pytest.fixture
def rows(row):
    return [row(spec, seed) for seed, spec in enumerate(SPECS, 1)]


@pytest.fixture
def folder(rows, tmp_path):
    designs = [pe.parse(spec) for spec in SPECS]
    for name, text in accelergy_files(components(designs, rows)).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_busy_units_take_what_they_cost(folder, rows):
    table = folder / "ERT.yaml"
    for spec, row in zip(SPECS, rows, strict=True):
        name, cycles = pe.parse(spec).module_name, 1000
        done, energy, action = (
            ("values_per_cycle", "energy_pj_per_value", "convert")
            if spec.startswith("convert")
            else ("macs_per_cycle", "energy_pj_per_mac", "compute")
        )
        work = cycles * row[done]
        total = estimated(table, {name: {action: work, "leak": cycles}})
        assert total == pytest.approx(work * row[energy], rel=1e-12, abs=0)


def test_actions_are_the_parts_of_the_energy(folder, rows):
    table = energies(folder / "ERT.yaml")
    assert len(table) == len(SPECS)
    for spec, row in zip(SPECS[:-1], rows, strict=False):
        actions = table[pe.parse(spec).module_name]
        parts = ("switching", "internal", "glitch", "clock")
        dynamic = sum(row[f"{part}_pj_per_mac"] for part in parts)
        assert actions["compute"] == pytest.approx(dynamic, rel=1e-12, abs=0)
        leak = row["leakage_pj_per_mac"] * row["macs_per_cycle"]
        assert actions["leak"] == pytest.approx(leak, rel=1e-12, abs=0)


def test_areas_are_those_of_whole_units(folder, rows):
    names = [pe.parse(spec).module_name for spec in SPECS]
    assert areas(folder / "ART.yaml") == {
        name: row["area_um2"] for name, row in zip(names, rows, strict=True)
    }


def test_sets_of_tables_answer_for_the_classes(folder):
    table, area = energies(folder / "ERT.yaml"), areas(folder / "ART.yaml")
    parts = load(folder / "architecture.yaml")["architecture"]["local"]
    classes = {each["name"]: each for each in load(folder / "hwdse.lib.yaml")["classes"]}
    assert len(parts) == len(classes) == len(SPECS)
    for part in parts:
        known = classes[part["class"]]
        attributes = known["attributes"] | part["attributes"]
        for action in known["actions"]:
            # What Accelergy adds to attributes, and to arguments.
            added = attributes | {"action_latency_cycles": 1, "n_instances": 1}
            given = looked_up(folder / "tables", part["class"], added, action["name"])
            assert given == table[part["name"]][action["name"]]
        assert looked_up(folder / "tables", part["class"], attributes, None) == area[part["name"]]
        # Leakage of a cycle holds for no other cycle, figures for no other technology.
        other = attributes | {"global_cycle_seconds": 1e-9}
        assert looked_up(folder / "tables", part["class"], other, "leak") is None
        elsewhere = attributes | {"technology": "45nm"}
        assert looked_up(folder / "tables", part["class"], elsewhere, "leak") is None


def test_texts_among_attributes_are_quoted(folder):
    # Accelergy evaluates those that are not, as Python.
    for name, times in (("architecture.yaml", len(SPECS) + 1), ("hwdse.lib.yaml", len(SPECS))):
        lines = [line.strip() for line in (folder / name).read_text().splitlines()]
        stated = [line for line in lines if line.startswith("technology:")]
        assert stated == ['technology: "nangate45"'] * times


def test_the_architecture_has_a_cycle_for_all(folder, rows):
    variables = load(folder / "architecture.yaml")["variables"]
    assert variables["technology"] == "nangate45"
    slowest = max(row["period_ps"] for row in rows)
    assert variables["global_cycle_seconds"] == pytest.approx(slowest * 1e-12, rel=1e-12, abs=0)


def test_provenance_stays_in_comments(folder):
    text = (folder / "ERT.yaml").read_text()
    head = text[: text.index("ERT:\n")]
    assert all(line.startswith("# ") for line in head.splitlines())
    for said in ("hwdse", "nangate45", "typical, 1.1 V, 25 C", "synthesis: yosys", *SPECS[:1]):
        assert said in head


def test_missing_figures_are_named(row):
    design = pe.parse(SPECS[0])
    for name in ("area_um2", "leakage_uw", "period_ps", "energy_pj_per_mac"):
        for value in (None, float("nan"), float("inf")):
            with pytest.raises(HwdseError, match=f"has no {name} "):
                components([design], [row(SPECS[0], **{name: value})])


def test_units_of_one_name_are_refused(row):
    specs = [f"composite:modes=int8_int4_int2,mode={mode}" for mode in ("int8", "int4")]
    designs = [pe.parse(spec) for spec in specs]
    with pytest.raises(HwdseError, match="two directories"):
        components(designs, [row(spec) for spec in specs])
    assert len(components(designs[:1] * 2, [row(specs[0])] * 2)) == 1
