"""`hwdse memory`, `hwdse tech derive` and `hwdse cost --source table`."""

from __future__ import annotations

from pathlib import Path

import pytest

from .command import Hwdse

INT8 = "mac:w=int8,a=int8"


def test_memory_as_json(hwdse: Hwdse) -> None:
    found = hwdse("memory", "--kib", 32, "--node", 45, "--json")
    assert found.code == 0
    (sram,) = found.document["sram"]
    assert sram["read_pj"] == pytest.approx(17.0)
    assert sram["read_pj_per_bit"] == pytest.approx(17.0 / 64)
    assert sram["read_pj_low"] < sram["read_pj"] < sram["read_pj_high"]
    assert {kind["type"] for kind in found.document["dram"]} == {"dram45", "gddr6"}


def test_memory_tables_and_pictures(hwdse: Hwdse, tmp_path: Path) -> None:
    shown = hwdse("memory")
    assert shown.code == 0
    assert "RM_IHPSG13_1P_1024x64_c2_bm_bist" in shown.out
    for node in ("45", "sg13g2"):
        picture = tmp_path / f"{node}.png"
        assert hwdse("memory", "--node", node, "-o", picture).code == 0
        assert picture.read_bytes().startswith(b"\x89PNG")
    # Of all technologies those that reach so far: the macros end at 16 KiB.
    assert "beyond the macros" in hwdse("memory", "--kib", 64).err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--node", "5"], "no memories for node '5'"),
        (["--kib", "nan"], "give a capacity"),
        (["--kib", "1e9"], "give a capacity"),
        (["--kib", "0.01"], "not a whole number"),
        (["--kib", "100000"], "no technology has memories"),
        (["--kib", "1", "--width", "77"], "multiple of the width"),
        (["-o", "x.gif"], "pictures end in"),
    ],
)
def test_memory_mistakes(arguments: list[str], message: str, hwdse: Hwdse) -> None:
    assert message in hwdse("memory", *arguments).complaint


def test_derive_and_use(hwdse: Hwdse, tmp_path: Path) -> None:
    own = tmp_path / "scaled7.yaml"
    done = hwdse("tech", "derive", "nangate45", "--from", "45hp", "--to", "7hp", "-o", own)
    assert done.code == 0
    assert "not characterised" in done.err
    assert own.read_text().startswith("# Written by `hwdse tech derive`")
    shown = hwdse("tech", own, "--json").document
    assert shown["corner"]["voltage_v"] == 0.7
    assert "Derived from nangate45" in shown["description"]
    (row,) = hwdse("cost", "mac:w=int2,a=int2", "--tech", own, "--json").document
    assert row["area_um2_low"] < row["area_um2"] < row["area_um2_high"]
    assert (
        "derive from its base"
        in hwdse(
            "tech", "derive", own, "--from", "7hp", "--to", "10hp", "-o", tmp_path / "x.yaml"
        ).complaint
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "45hp", "--to", "7lp"], "different transistors"),
        (["--from", "45hp", "--to", "5hp"], "no node '5hp'"),
        (["--from", "45hp", "--to", "7hp", "--voltage", "1.2"], "outside 0.52 to 0.90 V"),
        (["--from", "45hp", "--to", "20hp"], "give one with --voltage"),
        (["--from", "45hp"], "give --from and --to"),
        ([], "give --from and --to"),
        (["--from", "45hp", "--to", "7hp", "--relative", "ffet-over-cfet"], "give --from and --to"),
        (["--relative", "ffet"], "unknown relative record"),
        (["--relative", "ffet-over-cfet", "--voltage", "0.8"], "--voltage belongs to --to"),
    ],
)
def test_derive_mistakes(arguments: list[str], message: str, hwdse: Hwdse, tmp_path: Path) -> None:
    output = tmp_path / "x.yaml"
    assert message in hwdse("tech", "derive", "nangate45", *arguments, "-o", output).complaint
    assert not output.exists()


def test_published_table(hwdse: Hwdse) -> None:
    (row,) = hwdse("cost", INT8, "--tech", "horowitz45", "--source", "table", "--json").document
    assert row["energy_pj_per_mac"] == pytest.approx(0.3)
    assert row["area_um2"] == 419
    assert row["delay_ps"] is None
    plain = hwdse("cost", INT8, "--tech", "horowitz45", "--source", "table")
    assert plain.code == 0
    assert "ISSCC 2014" in plain.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tech", "nangate45", "--source", "table"], "known: aladdin40, horowitz45"),
        (["--tech", "jouppi7", "--source", "table"], "no addition of int32"),
        (["--tech", "horowitz45"], "use --source table"),
    ],
)
def test_published_table_mistakes(arguments: list[str], message: str, hwdse: Hwdse) -> None:
    assert message in hwdse("cost", INT8, *arguments).complaint
