"""Reading and checking option tables and budgets: one line, naming row and column."""

from __future__ import annotations

import importlib.util
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from hwdse.allocate import Budget, build_problem, parse_budget, read_table, solve
from hwdse.allocate.budget import as_budgets
from hwdse.allocate.cells import names_of
from hwdse.allocate.numbers import bound_to_float, exact, show_reachable
from hwdse.errors import HwdseError

GOOD = "layer,option,loss,size\na,int4,1.5,4\na,int8,0.5,8\nb,int4,1e-6,4\n"


def write(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def one_line(caught) -> str:
    text = str(caught.value)
    assert "\n" not in text
    assert caught.value.exit_code == 2
    return text


def test_reads_a_table(tmp_path):
    table = read_table(write(tmp_path, GOOD))
    assert table["loss"].tolist() == [1.5, 0.5, 1e-6]
    assert table.index.tolist() == [2, 3, 4]
    assert solve(table, "size<=8").assignment == {"a": "int4", "b": "int4"}


def test_names_stay_text(tmp_path):
    text = "layer,option,loss,tie\n1,08,1,\nNA,08,2,2\nnan,08,3,2\n1.0,null,4,\n"
    table = read_table(write(tmp_path, text))
    assert table["layer"].tolist() == ["1", "NA", "nan", "1.0"]
    assert table["option"].tolist() == ["08", "08", "08", "null"]
    assert table["tie"].tolist() == ["", "2", "2", ""]
    assert list(solve(table).assignment) == ["1", "NA", "nan", "1.0"]


def test_bom_crlf_blank_lines_quotes_and_blanks(tmp_path):
    text = b'\xef\xbb\xbflayer, option, loss\r\n\r\n"a, b", x , 1\r\n"c\r\nd",x,2\r\n'
    table = read_table(write(tmp_path, text))
    assert table["layer"].tolist() == ["a, b", "c\r\nd"]
    assert table["option"].tolist() == ["x", "x"]
    assert table.index.tolist() == [3, 5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the table is empty"),
        ("layer,option,loss\n", "no rows"),
        ("layer,option,los\na,b,1\n", "no column 'loss'.*did you mean 'los'"),
        ("name,option,loss\na,b,1\n", "no column 'layer'"),
        ("layer,option,loss,loss\na,b,1,2\n", "column 'loss' twice"),
        ("layer,option,loss,\na,b,1,2\n", "without a name"),
        ("layer,option,loss\na,b\n", "line 2: 2 cells where the header has 3"),
        ("layer,option,loss\na,b,1\na,c,1,2\n", "line 3: 4 cells"),
        ("layer,option,loss\n,b,1\n", "line 2: the layer has no name"),
        ("layer,option,loss\na, ,1\n", "line 2: the option has no name"),
        ("layer,option,loss\na,b,\n", "line 2, column 'loss': the number is missing"),
        ("layer,option,loss\na,b,nan\n", "line 2, column 'loss': 'nan' is not a finite"),
        ("layer,option,loss\n\na,b,1\na,c,-inf\n", "line 4, column 'loss': '-inf'"),
        ("layer,option,loss\na,b,1e999\n", "line 2, column 'loss': '1e999'"),
        ("layer,option,loss,size\na,b,1,4 MB\n", "line 2, column 'size': '4 MB'"),
        ("layer,option,loss,size\na,b,1,1_000\n", "line 2, column 'size': '1_000'"),
        (
            "layer,option,loss\na,b,1\nc,b,1\na,b,2\n",
            r"line 4: layer 'a' has option 'b' already.*2",
        ),
        ('layer,option,loss\na,"b,1\n', "line 2: malformed CSV"),
        ('layer,option,loss\na,"b"x,1\n', "line 2: malformed CSV"),
        ("layer,option,loss\n,,\n", "line 2: all cells are empty"),
        ("layer,option,loss,tie\na,b,1,x\na,c,1,\n", "line 3: layer 'a' has tie '' here and 'x'"),
        (
            "layer,option,loss,tie\na,b,1,x\nc,d,1,x\n",
            r"tie 'x': its layers \(a, c\) have no option",
        ),
        (b"layer,option,loss\n\xff,b,1\n", "not UTF-8"),
    ],
)
def test_bad_tables(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(HwdseError, match=message) as caught:
        solve(read_table(path))
    one_line(caught)


def test_unreadable_files(tmp_path):
    with pytest.raises(HwdseError, match="cannot be read") as caught:
        read_table(tmp_path / "absent.csv")
    one_line(caught)
    with pytest.raises(HwdseError, match="cannot be read"):
        read_table(tmp_path)


def test_parquet(tmp_path):
    table = pd.DataFrame({"layer": ["1", "b"], "option": ["x", "x"], "loss": [1.0, 2.0]})
    path = tmp_path / "t.parquet"
    if importlib.util.find_spec("pyarrow") is None:
        with pytest.raises(HwdseError, match="needs pyarrow"):
            read_table(path)
        return
    table.to_parquet(path)
    assert read_table(path)["layer"].tolist() == ["1", "b"]
    path.write_bytes(b"no parquet")
    with pytest.raises(HwdseError, match="cannot be read as Parquet"):
        read_table(path)


def test_frames_need_not_come_from_a_file():
    frame = pd.DataFrame(
        {"layer": [1, 2, 3], "option": [4, 4, 4], "loss": [1, 2, 3], "tie": [7.0, np.nan, 7.0]}
    )
    found = solve(frame)
    assert found.assignment == {"1": "4", "2": "4", "3": "4"}
    assert found.to_frame()["tie"].tolist() == ["7", "", "7"]
    assert frame["layer"].tolist() == [1, 2, 3]  # untouched


@pytest.mark.parametrize("bad", [np.nan, None, np.inf, "x", True, 1j, 10**400])
def test_bad_numbers_in_frames(bad):
    frame = pd.DataFrame(
        {"layer": ["a", "b"], "option": ["x", "x"], "loss": pd.Series([1.0, bad], dtype=object)}
    )
    with pytest.raises(HwdseError, match="row 1, column 'loss'") as caught:
        build_problem(frame)
    one_line(caught)


def test_missing_names_in_frames():
    frame = pd.DataFrame({"layer": ["a", None], "option": ["x", "x"], "loss": [1.0, 2.0]})
    with pytest.raises(HwdseError, match="row 1: the layer has no name"):
        build_problem(frame)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, 1.0, "1", " b"], ["1", "1", "1", " b"]),
        ([None, "a", np.nan, "a"], ["", "a", "", "a"]),
        (["b", "b", "b", "a", "a", "a", "b", "b"], ["b", "b", "b", "a", "a", "a", "b", "b"]),
        ([["x"], ["x"]], ["['x']", "['x']"]),
        ([None, None, None, None, None, "z"], ["", "", "", "", "", "z"]),
    ],
)
def test_names_of_any_cells(cells, expected):
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    found = names_of(array, str, "tie", may_be_empty=True)
    assert found.cells().tolist() == expected
    assert found.kinds.tolist() == list(dict.fromkeys(expected))
    if "" in expected:
        with pytest.raises(HwdseError, match=f"^{expected.index('')}: the tie has no name"):
            names_of(array, str, "tie", may_be_empty=False)


def test_problem_is_frozen_and_canonical():
    frame = pd.DataFrame(
        {
            "layer": ["c", "a", "b", "a", "c"],
            "option": ["y", "x", "x", "y", "x"],
            "loss": [1.0, 2.0, 3.0, 4.0, 5.0],
            "tie": ["t", "t", "", "t", "t"],
        }
    )
    problem = build_problem(frame)
    assert problem.layers == ("c", "a", "b")
    assert problem.layer_group.tolist() == [0, 0, 1]
    assert problem.first.tolist() == [0, 2, 3]
    assert [problem.options[i] for i in problem.entry_option] == ["x", "y", "x"]
    # The rows of each entry, by name of the layer: a then c.
    rows = [
        problem.rows[a:b].tolist()
        for a, b in zip(problem.entry_start, problem.entry_start[1:], strict=False)
    ]
    assert rows == [[1, 4], [3, 0], [2]]
    with pytest.raises(ValueError, match="read-only"):
        problem.values[0, 0] = 9.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("energy_pj<=12.5", Budget("energy_pj", "<=", "12.5")),
        ("  snr db  >=  -1e-3 ", Budget("snr db", ">=", "-1e-3")),
        ("x<=.5", Budget("x", "<=", ".5")),
    ],
)
def test_parse_budget(text, expected):
    assert parse_budget(text) == expected
    assert parse_budget(str(expected)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "x", "x=3", "x<3", "x<=", "<=3", "x<=nan", "x<=inf", "x<=3 MB", "x<=1e9999", "x<=1<=2"],
)
def test_bad_budgets(text):
    with pytest.raises(HwdseError, match="budget") as caught:
        parse_budget(text)
    one_line(caught)


def test_budget_values():
    assert Budget("x", "<=", 0.1).limit == Fraction(1, 10)
    assert Budget("x", "<=", np.float64(0.1)).limit == Fraction(1, 10)
    assert Budget("x", "<=", np.int64(3)).limit == 3
    assert Budget("x", "<=", Decimal("0.1")).limit == Fraction(1, 10)
    assert Budget("x", "<=", Fraction(1, 3)).limit == Fraction(1, 3)
    for value in (float("nan"), float("inf"), True, None, "x", Decimal("NaN")):
        with pytest.raises(HwdseError, match="not a finite number"):
            Budget("x", "<=", value)
    with pytest.raises(HwdseError, match="neither"):
        Budget("x", "<", 1.0)
    with pytest.raises(HwdseError, match="without a column"):
        Budget("", "<=", 1.0)


def test_forms_of_budgets():
    expected = (Budget("x", "<=", 3),)
    assert as_budgets({"x": 3}) == as_budgets(expected[0]) == as_budgets(expected) == expected
    assert as_budgets("x<=3") == as_budgets(["x<=3"]) == (Budget("x", "<=", "3"),)
    with pytest.raises(HwdseError, match="neither text"):
        as_budgets([3])


def test_unknown_budget_column(tmp_path):
    table = read_table(write(tmp_path, GOOD))
    with pytest.raises(HwdseError, match=r"no numeric column 'sise'; did you mean 'size'"):
        solve(table, "sise<=3")
    with pytest.raises(HwdseError, match="no numeric column 'layer'"):
        solve(table, "layer<=3")


def test_exact_numbers():
    assert exact(0.1) == Fraction(1, 10)
    third = Fraction(1, 3)
    assert (
        exact(bound_to_float(third, upper=False))
        <= third
        <= exact(bound_to_float(third, upper=True))
    )
    assert show_reachable(Fraction(9), upper=True) == "9"
    assert show_reachable(Fraction("5.5078125"), upper=True) == "5.5078125"
    assert Fraction(show_reachable(third, upper=True)) >= third
    assert Fraction(show_reachable(third, upper=False)) <= third
