"""CSV from users, with the line of every mistake."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from hwdse.errors import HwdseError
from hwdse.files.csv_columns import numbers, require_columns, texts
from hwdse.files.csv_input import read_csv_text, row_name


def _read(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path, read_csv_text(path)


def test_cells_are_text_and_rows_know_their_line(tmp_path):
    text = '\ufeffa, b\r\n1, NA\r\n\r\n"x\ny", 2 \r\n'
    _, frame = _read(tmp_path, text)
    assert frame.to_numpy().tolist() == [["1", "NA"], ["x\ny", "2"]]
    assert list(frame.columns) == ["a", "b"]
    assert [row_name(frame, at) for at in (0, 1)] == ["line 2", "line 5"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the table is empty"),
        ("\n\n", "the table is empty"),
        ("a,b\n1\n", "line 2: 1 cells where the header has 2"),
        ("a,b\n1,2,3\n", "line 2: 3 cells where the header has 2"),
        ("a,b\n1,2\n,\n", "line 3: all cells are empty"),
        ('a,b\n1,"2\n', "malformed CSV"),
        ('a,b\n1,"2"x\n', "line 2: malformed CSV"),
        (b"a,b\n1,\xff\n", r"not UTF-8 text \(byte 6\)"),
    ],
)
def test_malformed_tables(text, said, tmp_path):
    with pytest.raises(HwdseError, match=said) as caught:
        _read(tmp_path, text)
    assert "t.csv" in str(caught.value)


@pytest.mark.parametrize("path", [Path("none.csv"), Path("."), Path("a\0b"), Path("x" * 300)])
def test_paths_without_a_table(path):
    with pytest.raises(HwdseError, match="cannot be read"):
        read_csv_text(path)


def test_columns(tmp_path):
    path, frame = _read(tmp_path, "layer,loss\na,1\n")
    require_columns(frame, ["loss"], path=path)
    with pytest.raises(HwdseError, match="column 'los' is missing; did you mean 'loss'"):
        require_columns(frame, ["los"], path=path)
    path, frame = _read(tmp_path, "layer,loss\n")
    with pytest.raises(HwdseError, match="has a header but no rows"):
        require_columns(frame, ["loss"], path=path)
    path, frame = _read(tmp_path, "layer,x,x\na,1,2\n")
    with pytest.raises(HwdseError, match="column 'x' occurs twice"):
        require_columns(frame, ["layer"], path=path)


def test_numbers_and_texts(tmp_path):
    path, frame = _read(tmp_path, "n,x\na,1e3\nb,-2\n,nan\n")
    with pytest.raises(HwdseError, match="line 4: x is 'nan', not a finite number"):
        numbers(frame, "x", path=path, least=-math.inf)
    with pytest.raises(HwdseError, match="line 3: x is '-2', not a number of at least 0"):
        numbers(frame, "x", path=path, least=0)
    assert numbers(frame.iloc[:2], "x", path=path, least=-math.inf) == [1000.0, -2.0]
    with pytest.raises(HwdseError, match="line 4: n is empty"):
        texts(frame, "n", path=path)
