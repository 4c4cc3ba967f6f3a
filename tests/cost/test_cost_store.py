"""The store: nothing twice, nothing stale, and no accident that it does not survive."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

import rtl
from hwdse import cost, pe
from hwdse.cost import Store, analysis, designs, figures
from hwdse.cost.store import default_path
from hwdse.errors import ExternalToolError, HwdseError
from hwdse.formats.codebook import Codebook
from hwdse.synth import flow

SPEC = "mac:w=int2,a=int2"
WRITER = """
import sys
from pathlib import Path
from hwdse.cost.store import Store
store = Store(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    store.put("kind", f"{sys.argv[2]}{number}", {"number": number, "text": "x" * 2000})
    print(number, flush=True)
"""


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store.sqlite")


@pytest.fixture
def filled(costed, tmp_path):
    """A store of its own that holds SPEC's mapping and figures."""
    costed(SPEC)
    shared = default_path()
    own = tmp_path / "own.sqlite"
    with contextlib.closing(sqlite3.connect(shared)) as source:  # a consistent copy
        source.execute("vacuum into ?", (str(own),))
    return Store(own)


@pytest.fixture
def no_synthesis(monkeypatch):
    def fail(*_, **__):
        raise AssertionError("synthesised again")

    monkeypatch.setattr(flow, "map_to_cells", fail)


def test_documents_come_back(store):
    assert store.get("kind", "key") is None
    store.put("kind", "key", {"b": [1, 2.5], "a": {"µ": None}})
    assert Store(store.path).get("kind", "key") == {"b": [1, 2.5], "a": {"µ": None}}
    assert store.get("other", "key") is None
    store.put("kind", "key", {})
    assert store.get("kind", "key") == {}


def test_a_second_evaluation_computes_nothing(filled, nangate45, no_synthesis, monkeypatch):
    monkeypatch.setattr(analysis, "measure_energy", None)
    monkeypatch.setattr(analysis, "check_program", None)
    monkeypatch.setattr(rtl, "to_rtlil", None)
    first = cost.evaluate([SPEC], nangate45, store=filled)
    assert first.equals(cost.evaluate([SPEC], nangate45, store=filled))


def test_other_operands_and_clocks_use_the_same_mapping(filled, nangate45, no_synthesis, tmp_path):
    np.savez(tmp_path / "z.npz", w=np.zeros(2, dtype=int), a=np.zeros(2, dtype=int))
    options = [
        {},
        {"distribution": "normal"},
        {"distribution": str(tmp_path / "z.npz")},
        {"clock_ns": 3.0},
        {"activity": "unit-delay"},
        {"activity": "zero-delay"},
        {"confidence": 0.005},
    ]
    found = [cost.evaluate([SPEC], nangate45, store=filled, **o).iloc[0] for o in options]
    assert len({row["energy_pj_per_mac"] for row in found}) == len(options)
    assert len({row["area_um2"] for row in found}) == 1


def test_another_technology_is_another_entry(filled, no_synthesis):
    with pytest.raises(AssertionError, match="synthesised again"):
        cost.evaluate([SPEC], "asap7", store=filled)


def test_another_recipe_or_yosys_is_another_entry(filled, nangate45, no_synthesis, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(flow, "MAPPING_RECIPE", flow.MAPPING_RECIPE + "\n")
        with pytest.raises(AssertionError, match="synthesised again"):
            cost.evaluate([SPEC], nangate45, store=filled)
    with monkeypatch.context() as patch:
        patch.setattr(flow, "yosys_version", lambda: "yosys 99")
        with pytest.raises(AssertionError, match="synthesised again"):
            cost.evaluate([SPEC], nangate45, store=filled)
    cost.evaluate([SPEC], nangate45, store=filled)


def test_the_rtl_is_known_by_the_code_that_makes_it(filled, nangate45, monkeypatch):
    calls = []
    real = rtl.to_rtlil
    monkeypatch.setattr(rtl, "to_rtlil", lambda unit: calls.append(1) or real(unit))
    unit = pe.parse(SPEC)
    known = designs.rtlil_sha256(unit, filled)
    assert known[1] is None
    monkeypatch.setattr(designs, "_known", {})
    assert designs.rtlil_sha256(unit, filled) == known
    assert not calls
    # Another version of the code is another key; so is another field of the spec.
    monkeypatch.setattr(designs, "_sources_sha256", lambda: "other")
    again, text = designs.rtlil_sha256(unit, filled)
    assert (again, calls) == (known[0], [1])
    assert hashlib.sha256(text.encode()).hexdigest() == again
    other = designs.rtlil_sha256(pe.parse("mac:w=int2,a=int2,acc=exact,terms=7"), filled)
    assert other[0] != again


def test_formats_of_one_name_are_told_apart_by_their_values():
    def key(values):
        book = Codebook(name="mine", bits=2, values=values)
        common = replace(pe.parse(SPEC).common, w=book)
        return designs._design_key(replace(pe.parse(SPEC), common=common))

    assert key((0.0, 1.0, 2.0, 3.0)) == key((0.0, 1.0, 2.0, 3.0))
    assert key((0.0, 1.0, 2.0, 3.0)) != key((0.0, 1.0, 2.0, 4.0))


def test_every_source_file_is_in_the_key(monkeypatch):
    files = dict(designs._python_files(designs.resources.files("rtl"), "rtl"))
    assert {"rtl/__init__.py", "rtl/mac.py", "rtl/parts/bits.py"} <= files.keys()
    before = designs._sources_sha256.__wrapped__()
    real = designs._python_files

    def edited(folder, name):
        return [(p, d + b"#" * (p == "rtl/parts/bits.py")) for p, d in real(folder, name)]

    monkeypatch.setattr(designs, "_python_files", edited)
    assert designs._sources_sha256.__wrapped__() != before


def test_other_models_are_another_entry(filled, nangate45, no_synthesis, monkeypatch):
    calls = []
    real = analysis.measure_energy
    monkeypatch.setattr(analysis, "measure_energy", lambda *a: calls.append(1) or real(*a))
    monkeypatch.setattr(figures, "FIGURES_VERSION", figures.FIGURES_VERSION + 1)
    cost.evaluate([SPEC], nangate45, store=filled)
    assert calls


def test_a_damaged_row_is_computed_again(filled, nangate45, no_synthesis):
    sound = cost.evaluate([SPEC], nangate45, store=filled)
    with contextlib.closing(sqlite3.connect(filled.path)) as database, database:
        database.execute("update entry set body = substr(body, 2) where kind = 'cost'")
    assert cost.evaluate([SPEC], nangate45, store=filled).equals(sound)
    with contextlib.closing(sqlite3.connect(filled.path)) as database, database:
        database.execute("update entry set body = x'00'")
    with pytest.raises(AssertionError, match="synthesised again"):
        cost.evaluate([SPEC], nangate45, store=filled)


def test_a_flipped_bit_is_never_believed(tmp_path):
    """Wherever it is in the file: an entry comes back whole, or not at all."""
    path = tmp_path / "store.sqlite"
    store = Store(path)
    for number in range(30):
        store.put("kind", str(number), {"number": number, "text": os.urandom(60).hex()})
    sound = [store.get("kind", str(number)) for number in range(30)]
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode = delete")
    data = path.read_bytes()
    rng = np.random.default_rng(1)
    lost = 0
    for place in rng.integers(0, 8 * len(data), size=120).tolist():
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        store = Store(path)
        for number in range(30):
            found = store.get("kind", str(number))
            assert found in (sound[number], None)
            lost += found is None
        store.put("kind", "5", {"again": 1})
        assert store.get("kind", "5") == {"again": 1}
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    assert lost > 30


def test_a_body_under_another_key_is_not_believed(store):
    store.put("kind", "mine", {"a": 1})
    store.put("kind", "yours", {"a": 2})
    with contextlib.closing(sqlite3.connect(store.path)) as database, database:
        database.execute(
            "update entry set (sha256, body) = "
            "(select sha256, body from entry where key = 'yours') where key = 'mine'"
        )
    assert store.get("kind", "mine") is None
    assert store.get("kind", "yours") == {"a": 2}


def test_a_file_that_is_no_database_is_set_aside(tmp_path):
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"not a database at all, " * 400)
    (tmp_path / "store.sqlite-wal").write_bytes(b"old log")
    store = Store(path)
    store.put("kind", "key", {"a": 1})
    assert store.get("kind", "key") == {"a": 1}
    assert (tmp_path / "store.damaged").read_bytes().startswith(b"not a database")
    Store(path)


def test_damage_behind_a_sound_header_is_set_aside_too(tmp_path):
    path = tmp_path / "store.sqlite"
    store = Store(path)
    for number in range(200):
        store.put("kind", str(number), {"text": os.urandom(500).hex()})
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("pragma wal_checkpoint(truncate)")
        database.execute("pragma journal_mode = delete")
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = os.urandom(len(data) - 4096 * 2)
    data[4096 + 8 : 4096 * 2] = bytes(4096 - 8)
    path.write_bytes(data)
    store = Store(path)
    assert store.get("kind", "7") is None
    for number in range(50):
        store.put("kind", str(number), {"a": number})
    assert Store(path).get("kind", "7") == {"a": 7}


def _writer(path, name, count):
    argv = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def test_processes_that_write_at_once(tmp_path):
    path = tmp_path / "store.sqlite"
    writers = [_writer(path, name, 40) for name in "abc"]
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    store = Store(path)
    for name in "abc":
        assert [store.get("kind", f"{name}{n}")["number"] for n in range(40)] == list(range(40))


def test_processes_that_hammer_the_same_entries_of_a_damaged_file(tmp_path):
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"damaged " * 2000)
    writers = [_writer(path, "same", 60) for _ in range(2)]
    for writer in writers:
        writer.communicate(timeout=120)
    assert [writer.returncode for writer in writers] == [0, 0]
    store = Store(path)
    found = [store.get("kind", f"same{n}") for n in range(60)]
    # Whoever came second may have set aside what the first had just written.
    assert found[-1] is not None
    assert all(one is None or one["number"] == n for n, one in enumerate(found))


def test_a_killed_writer_leaves_all_that_it_had_finished(tmp_path):
    path = tmp_path / "store.sqlite"
    for round_ in range(4):
        with _writer(path, f"r{round_}-", 100_000) as writer:
            seen = [writer.stdout.readline() for _ in range(25)]
            time.sleep(0.01 * round_)
            writer.send_signal(signal.SIGKILL)
        last = int(seen[-1])
        store = Store(path)
        for number in range(last + 1):
            assert store.get("kind", f"r{round_}-{number}")["number"] == number
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
    store.put("kind", "after", {"a": 1})
    assert store.get("kind", "after") == {"a": 1}


def test_a_place_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HWDSE_CACHE_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(HwdseError, match="set HWDSE_CACHE_DIR to a writable directory") as caught:
        cost.evaluate([SPEC], "nangate45")
    assert "\n" not in str(caught.value)


def test_a_directory_in_its_place_is_one_line(tmp_path):
    (tmp_path / "store.sqlite").mkdir()
    with pytest.raises(HwdseError, match="set HWDSE_CACHE_DIR"):
        Store(tmp_path / "store.sqlite")


def test_a_store_that_vanishes_is_one_line(store):
    shutil.rmtree(store.path.parent)
    assert store.get("kind", "key") is None
    with pytest.raises(HwdseError, match="cannot write"):
        store.put("kind", "key", {})


def test_where_the_store_is(monkeypatch, tmp_path):
    monkeypatch.setenv("HWDSE_CACHE_DIR", str(tmp_path))
    assert default_path() == tmp_path / "store.sqlite"
    monkeypatch.delenv("HWDSE_CACHE_DIR")
    assert default_path().name == "store.sqlite"
    assert "hwdse" in default_path().parts[-2]


@pytest.mark.parametrize("kinds", [("XOR2_X1", "XNOR2_X1"), ("INV_X1", "BUF_X1")])
def test_a_wrong_netlist_is_refused(kinds, filled, nangate45, no_synthesis):
    unit = pe.parse(SPEC)
    key = flow.mapping_key(rtl.to_rtlil(unit), nangate45.sha256)
    mapping = filled.get("mapping", key)
    pins = [set(nangate45.cells[kind].pins) for kind in kinds]
    cells = [
        c
        for c in mapping["netlist"]["cells"].values()
        if c["type"] == kinds[0] and not c["connections"].keys() - pins[1]
    ]
    if not cells:
        # Same function, other pin names: rename the output.
        cells = [c for c in mapping["netlist"]["cells"].values() if c["type"] == kinds[0]]
        (old,), (new,) = (p - q for p, q in (pins, pins[::-1]))
        cells[0]["connections"][new] = cells[0]["connections"].pop(old)
    cells[0]["type"] = kinds[1]
    filled.put("mapping", key, mapping)
    with contextlib.closing(sqlite3.connect(filled.path)) as database, database:
        database.execute("delete from entry where kind = 'cost'")
    with pytest.raises(ExternalToolError, match="differs from its reference") as caught:
        cost.evaluate([SPEC], nangate45, store=filled)
    assert caught.value.exit_code == 5
    # Nothing of it was kept.
    with pytest.raises(ExternalToolError, match="differs from its reference"):
        cost.evaluate([SPEC], nangate45, store=filled)


def test_a_netlist_of_unknown_cells_is_refused(filled, nangate45, no_synthesis):
    key = flow.mapping_key(rtl.to_rtlil(pe.parse(SPEC)), nangate45.sha256)
    mapping = filled.get("mapping", key)
    next(iter(mapping["netlist"]["cells"].values()))["type"] = "$_DFF_P_"
    filled.put("mapping", key, mapping)
    with contextlib.closing(sqlite3.connect(filled.path)) as database, database:
        database.execute("delete from entry where kind = 'cost'")
    with pytest.raises(ExternalToolError, match=r"uses '\$_DFF_P_', no cell of nangate45"):
        cost.evaluate([SPEC], nangate45, store=filled)
