from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from hwdse.errors import HwdseError
from hwdse.tech import ImportResult, Technology, load, names, write
from hwdse.tech.schema import technology_from_text
from hwdse.tech.yaml_text import to_yaml

from .library_text import FLOP, INVERTER, NAND, library

Import = Callable[..., ImportResult]


def same(a: Any, b: Any) -> bool:
    """Deep equality of dataclasses, dicts, tuples and arrays."""
    if dataclasses.is_dataclass(a):
        names_ = [f.name for f in dataclasses.fields(a)]
        return type(a) is type(b) and all(same(getattr(a, n), getattr(b, n)) for n in names_)
    if isinstance(a, np.ndarray):
        return bool(np.array_equal(a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


@pytest.fixture
def text(imported: Import) -> str:
    wire = """default_wire_load : w; wire_load (w) { capacitance : 1; resistance : 1;
      fanout_length (1, 1); fanout_length (3, 2); }"""
    given = library(INVERTER, NAND, FLOP).replace("delay_model", wire + "\n delay_model", 1)
    return imported(given).yaml_text


def test_written_file_loads_to_the_same_technology(imported: Import, tmp_path: Path) -> None:
    result = imported(library(INVERTER, NAND, FLOP))
    path = write(result, tmp_path / "toy.yaml")
    assert path.read_text() == result.yaml_text
    assert same(load(path), result.technology)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("name", ["nangate45", "asap7", "sky130hd", "gt2n"])
def test_shipped_file_is_a_fixed_point_of_load_and_write(
    name: str, request: pytest.FixtureRequest
) -> None:
    tech: Technology = request.getfixturevalue(name)
    again = technology_from_text(to_yaml(tech), where="again")
    assert same(again, tech)


def test_the_comparison_sees_a_changed_value(text: str) -> None:
    a, b = technology_from_text(text, where="a"), technology_from_text(text, where="b")
    assert same(a, b)
    b.cells["INV"].pins["Y"].arcs[0].rise_delay.values[0, 0] += 1
    assert not same(a, b)


def test_names_and_nearest_name() -> None:
    assert {"asap7", "gt2n", "nangate45", "sky130hd"} <= set(names())
    with pytest.raises(HwdseError, match="did you mean 'nangate45'"):
        load("nangate54")
    for hostile in ("../nangate45", "/etc/passwd", "", "a\nb"):
        with pytest.raises(HwdseError, match="unknown technology") as caught:
            load(hostile)
        assert "\n" not in str(caught.value)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(HwdseError, match="No such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(HwdseError, match="cannot read"):
        load(str(tmp_path) + "/.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(HwdseError, match="not UTF-8"):
        load(tmp_path / "binary.yaml")


def test_write_refuses_other_endings(imported: Import, tmp_path: Path) -> None:
    with pytest.raises(HwdseError, match=r"\.yaml"):
        write(imported(library(INVERTER)), tmp_path / "toy.lib")
    with pytest.raises(HwdseError, match="cannot write"):
        write(imported(library(INVERTER)), tmp_path / "no" / "toy.yaml")


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("area_um2: 1.5", "area_um2: -1.5", "cells.INV.area_um2"),
        ("area_um2: 1.5", "area_um2: .nan", "cells.INV.area_um2"),
        ("area_um2: 1.5", "area_um2: '1.5'", "cells.INV.area_um2"),
        ("area_um2: 1.5", "area: 1.5", "cells.INV.area"),
        ("leakage_nw: 2", "leakage_nw: 2\n    colour: 1", "cells.INV.colour"),
        ("leakage_nw: 2", "leakage_nw: -2", "cells.INV.leakage_nw"),
        ("capacitance_ff: 1", "capacitance_ff: 1.0e+9", "cells.INV.pins.A.capacitance_ff"),
        ("voltage_v: 1.1", "voltage_v: 11", "corner.voltage_v"),
        ("direction: input", "direction: sideways", "cells.INV.pins.A.direction"),
        ('function: "!A"', 'function: "!Q"', "cells.INV.pins.Y.function"),
        ('function: "!A"', 'function: "!A &"', "cells.INV.pins.Y.function"),
        ('related_pin: "A"', 'related_pin: "Q"', "cells.INV.pins.Y.arcs.0.related_pin"),
        ("sense: negative_unate", "sense: upbeat", "cells.INV.pins.Y.arcs.0.sense"),
        ('s0: "10 20"', 's0: "20 10"', "axes.slew_ps.s0"),
        ('s0: "10 20"', 's0: "nan 20"', "axes.slew_ps.s0"),
        (
            'rise_delay_ps: "s0 l0: ',
            'rise_delay_ps: "s9 l0: ',
            "cells.INV.pins.Y.arcs.0.rise_delay",
        ),
        ('rise_delay_ps: "s0 l0: 1000', 'rise_delay_ps: "s0 l0: x', "cells.INV.pins.Y.arcs.0"),
        ('rise_delay_ps: "s0 l0: 1000', 'rise_delay_ps: "s0 l0: nan', "cells.INV.pins.Y.arcs.0"),
        ('rise_delay_ps: "s0 l0: 1000', 'rise_delay_ps: "s0 l0: ', "cells.INV.pins.Y.arcs.0"),
        ('rise_delay_ps: "s0 l0: 1000', 'rise_delay_ps: "1000', "cells.INV.pins.Y.arcs.0"),
        ('  "INV":', '  "../INV":', "cells.../INV"),
        ('  "INV":', '  "IN\\nV":', "cells.IN"),
        ('name: "toy"', 'name: "../toy"', "name"),
        ("slew_lower_fraction: 0.3", "slew_lower_fraction: 0.8", "slew_lower_fraction"),
        ("schema: 1", "schema: 2", "schema"),
        ("schema: 1", "schema: &a [1, 1]", "schema"),
        ("sha256: ", "sha256: x", "source.files.0.sha256"),
        ('next_state: "!D"', 'next_state: "!Z"', "cells.DFF.ff.next_state"),
        (
            "setup:  # rows of a table: slews of the clock; columns: of this pin\n"
            '          - related_pin: "CK"',
            'setup:\n          - related_pin: "Q"',
            "cells.DFF.pins.D.setup.0.related_pin",
        ),
        ('  fanout: "1 3"', '  fanout: "2 3"', "wire_load.fanout"),
        ('  fanout: "1 3"', '  fanout: "1 3 4"', "wire_load.capacitance_ff"),
        ('  resistance_ohm: "', '  resistance_ohm: "-', "wire_load.resistance_ohm"),
    ],
)
def test_schema_error_is_one_line_with_the_key_path(
    text: str, old: str, new: str, path: str
) -> None:
    assert old in text
    with pytest.raises(HwdseError) as caught:
        technology_from_text(text.replace(old, new, 1), where="my.yaml")
    message = str(caught.value)
    assert message.startswith("my.yaml: ")
    assert path in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ("a: [1, 2\nb: 3\n", 2),
        ("a: 1\na: 2\n", 2),
        ("a: !!python/object/apply:os.system ['true']\n", 1),
        ("a: 'open\n\n", 3),
        ("? [1]\n: 2\n", 0),
        ("\x00", 0),
        ("[" * 3000, 0),
        ("just text", 0),
        ("", 0),
    ],
)
def test_malformed_yaml_is_one_line_with_file_and_line(bad: str, line: int) -> None:
    with pytest.raises(HwdseError) as caught:
        technology_from_text(bad, where="my.yaml")
    assert str(caught.value).startswith(f"my.yaml:{line}: " if line else "my.yaml")
    assert "\n" not in str(caught.value)


def test_alias_bomb_is_refused_quickly() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    start = time.perf_counter()
    for text in (bomb, bomb + "schema: *a11\n", bomb + "schema: 1\nname: *a11\n"):
        with pytest.raises(HwdseError):
            technology_from_text(text, where="bomb.yaml")
    assert time.perf_counter() - start < 2


def test_yaml_is_plain_yaml(text: str) -> None:
    raw = yaml.safe_load(text)
    assert raw["cells"]["INV"]["area_um2"] == 1.5
    assert raw["corner"] == {"process": "typ", "voltage_v": 1.1, "temperature_c": 25}


@pytest.mark.parametrize(
    ("name", "size"), [("nangate45", 1.0), ("asap7", 2.5), ("sky130hd", 3.5), ("gt2n", 0.6)]
)
def test_shipped_files_are_small(name: str, size: float) -> None:
    assert len(to_yaml(load(name)).encode()) < size * 2**20
