"""Every mistake in a study file is one line that names the file and the place."""

from __future__ import annotations

import pytest

from hwdse.errors import HwdseError
from hwdse.study.schema import read_study

from . import tiny


def _message(path):
    with pytest.raises(HwdseError) as caught:
        read_study(path)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 2
    assert len(message) < 500
    return message


def test_a_sound_study(tmp_path):
    study = read_study(tiny.write(tmp_path))
    assert [layer.name for layer in study.layers] == list(tiny.LAYERS)
    assert {label: unit.w.name for label, unit in study.units.items()} == tiny.FORMATS
    assert study.profile.metric == "made-up loss"
    assert set(study.inputs) == {"study.yaml", "layers.csv", "losses.csv"}
    assert study.budgets[1].at_most == {"size_mib": 2.5}


def test_tables_of_the_same_name_are_both_inputs(tmp_path):
    text = tiny.STUDY.replace("layers.csv", "a/t.csv").replace("losses.csv", "b/t.csv")
    path = tiny.write(tmp_path, text)
    for folder, content in (("a", tiny.workload_text()), ("b", tiny.losses_text())):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_text(content)
    before = read_study(path).inputs
    assert set(before) == {"study.yaml", "a/t.csv", "b/t.csv"}
    (tmp_path / "a" / "t.csv").write_text(tiny.workload_text() + "\n")
    assert read_study(path).inputs != before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("operands: uniform", "operands: uniform\noperand: normal", "'operand': unknown key"),
        ("technology: nangate45\n", "", "'technology': Field required"),
        ("name: a tiny study", "name: [a]", "'name': Input should be a valid string"),
        ("name: a tiny study", 'name: ""', "'name': String should have at least 1 character"),
        ("frontier_points: 200", "frontier_points: many", "'frontier_points'"),
        ("frontier_points: 200", "frontier_points: 1", "greater than or equal to 2"),
        ("frontier_points: 200", "frontier_points: 2.5", "'frontier_points'"),
        ("frontier_points: 200", "clock_ns: .inf", "'clock_ns'"),
        ("frontier_points: 200", "clock_ns: -1", "'clock_ns': Input should be greater than 0"),
        (
            "{size_mib: 0.5}",
            "{size_mb: 0.5}",
            "'size_mb'; did you mean 'size_mib'",
        ),
        ("{size_mib: 0.5}", "{size_mib: 1.5}", "less than or equal to 1"),
        ("{size_mib: 0.5}", "{size_mib: .nan}", "budgets.0.fraction.size_mib"),
        ("at_most: {size_mib: 2.5}", "at_most: {size_mib: .nan}", "should be a finite number"),
        ("at_most: {size_mib: 2.5}", "at_most: {size_mib: .inf}", "should be a finite number"),
        ("at_most: {size_mib: 2.5}", "at_most: {size_mib: much}", "should be a valid number"),
        (", fraction: {size_mib: 0.5}", "", "a budget needs 'fraction' or 'at_most'"),
        ("name: both", "name: half", "budget 'half' occurs twice"),
        ("name: both", 'name: "a\\nb"', "'budgets.1.name'"),
        ("  two: mac", '  "a=b": mac', "units.a=b"),
        ("  two: mac", "  2: mac", "'units.2'"),
        ("two: mac:w=int2,a=int2", "two: mac:w=int2", "key 'a' is missing; add a="),
        ("two: mac:w=int2,a=int2", "two: mca:w=int2,a=int2", "units.two: unknown unit family"),
        ("two: mac:w=int2,a=int2", "two: mac:w=itn2,a=int2", "did you mean 'int2'"),
        ("two: mac:w=int2,a=int2", "two: mac:w=int4,a=int4", "unit 'two' (int4 x int4) serves no"),
        ("units:\n", "units: {}\nunit:\n", "units"),
        ("workload: layers.csv", "workload: missing.csv", "missing.csv: cannot be read"),
        ("sensitivity: losses.csv", "sensitivity: .", "cannot be read: Is a directory"),
        ("workload: layers.csv", 'workload: "a\\0b"', "cannot be read"),
    ],
)
def test_mistakes_in_the_study(old, new, said, tmp_path):
    assert old in tiny.STUDY
    message = _message(tiny.write(tmp_path, tiny.STUDY.replace(old, new, 1)))
    assert message.startswith(str(tmp_path))
    assert said in message


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("name: [1\n", 2, "not YAML"),
        ("name: a\nsource: 'b\n", 3, "not YAML"),
        ("name: a\nname: b\n", 2, "key 'name' occurs twice"),
        ("name: a\nunits:\n  x: 1\n  y: 2\n  x: 3\n", 5, "key 'x' occurs twice"),
        ("name: a\n\tb: c\n", 2, "not YAML"),
        ("name: !!python/object/apply:os.getcwd []\n", 1, "could not determine a constructor"),
        ("a: *nowhere\n", 1, "undefined alias"),
        ("a: b\n---\nc: d\n", 2, "another document"),
    ],
)
def test_malformed_yaml_names_its_line(text, line, said, tmp_path):
    path = tiny.write(tmp_path, text)
    message = _message(path)
    assert message.startswith(f"{path}:{line}: ")
    assert said in message


@pytest.mark.parametrize("text", ["", "just text", "[a, b]", "3", "null"])
def test_no_mapping_is_no_study(text, tmp_path):
    assert "not a study" in _message(tiny.write(tmp_path, text))


def test_a_missing_study_and_one_in_another_encoding(tmp_path):
    assert "No such file" in _message(tmp_path / "none.yaml")
    assert "directory" in _message(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    assert "not UTF-8" in _message(tmp_path / "latin.yaml")


def test_several_mistakes_are_counted(tmp_path):
    text = tiny.STUDY.replace("technology: nangate45\n", "").replace("operands: ", "operand: ")
    assert "(and 1 more)" in _message(tiny.write(tmp_path, text))


def test_a_layer_without_an_option(tmp_path):
    losses = "".join(line for line in tiny.losses_text().splitlines(True) if "second" not in line)
    message = _message(tiny.write(tmp_path, losses_csv=losses))
    assert "layer 'second' has no option" in message


def test_tied_layers_need_a_unit_in_common(tmp_path):
    rows = tiny.workload_text().splitlines()
    tied = "\n".join([rows[0] + ",tie", rows[1] + ",t", rows[2] + ",t", rows[3] + ","]) + "\n"
    kept = [line for line in tiny.losses_text().splitlines(True) if "first,int3" not in line]
    kept = [line for line in kept if "second,int2" not in line]
    message = _message(tiny.write(tmp_path, layers_csv=tied, losses_csv="".join(kept)))
    assert "the layers of tie 't' have no unit in common" in message
    read_study(tiny.write(tmp_path, losses_csv="".join(kept)))


def test_a_profile_of_another_network(tmp_path):
    losses = tiny.losses_text().replace("third", "thrid")
    message = _message(tiny.write(tmp_path, losses_csv=losses))
    assert "has layer 'thrid', the workload has not; did you mean 'third'" in message


@pytest.mark.parametrize("loss", ["nan", "", "inf", "a lot"])
def test_a_loss_that_is_no_number_names_its_line(loss, tmp_path):
    losses = tiny.losses_text().replace("third,int2,int2,0.45", f"third,int2,int2,{loss}")
    message = _message(tiny.write(tmp_path, losses_csv=losses))
    assert f"losses.csv: line 4: loss is {loss!r}, not a finite number" in message
