"""Whole files or none."""

from __future__ import annotations

import pytest

from hwdse.errors import HwdseError
from hwdse.files.output import make_directory, write_bytes, write_text


def test_a_file_is_replaced(tmp_path):
    path = write_text(tmp_path / "f", "µ\n")
    assert path.read_bytes() == b"\xc2\xb5\n"
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("name", [".", "/", "dir", "none/f", "file/f", "x" * 300])
def test_places_that_take_no_file(name, tmp_path, monkeypatch):
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(HwdseError, match="cannot write"):
        write_bytes(Path(name), b"data")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dir", "file"]


def test_directories(tmp_path):
    assert make_directory(tmp_path / "a" / "b").is_dir()
    make_directory(tmp_path / "a" / "b")
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        with pytest.raises(HwdseError, match="choose another -o"):
            make_directory(path)
