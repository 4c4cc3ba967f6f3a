"""How `hwdse pareto` and `hwdse plot` name the rows of tables."""

import pytest

TABLES = [
    # A spec is name enough, and what all rows share is none.
    ("area,spec,lab,rate\n1,a,x,1\n2,b,x,2\n3,c,x,1\n", "spec", ["a", "b"]),
    # Rows of one spec differ by their technology.
    (
        "area,spec,tech,clock_ns,rate\n1,a,t1,1,1\n2,a,t2,1,2\n3,a,t3,1,1\n",
        "spec tech",
        ["a t1", "a t2"],
    ),
    # Rows without a spec have their label.
    ("area,spec,label,rate\n1,a,L1,1\n2,,L2,2\n3,,L3,1\n", "spec label", ["a L1", "L2"]),
    # Words that tell rows apart, wherever they stand.
    (
        "area,layer,kind,unit,rate\n1,l1,k,u1,1\n2,l1,k,u2,2\n3,l2,k,u1,1\n",
        "layer unit",
        ["l1 u1", "l1 u2"],
    ),
    # No words at all, or too few.
    ("area,rate\n1,1\n1,0\n2,2\n", "row_number", ["1", "3"]),
    ("area,kind,rate\n1,k,1\n1,m,0\n2,k,2\n", "kind row_number", ["k 1", "k 3"]),
    # Too many words for a name.
    (
        "area,p,q,r,s,t,rate\n"
        "1,b,a,a,a,a,1\n2,a,b,a,a,a,2\n3,a,a,b,a,a,3\n4,a,a,a,b,a,4\n5,a,a,a,a,b,5\n6,a,a,a,a,a,0\n",
        "p row_number",
        ["b 1", "a 2", "a 3", "a 4", "a 5"],
    ),
]


@pytest.mark.parametrize(("text", "columns", "names"), TABLES)
def test_rows_have_names(tmp_path, hwdse, text, columns, names):
    table = tmp_path / "t.csv"
    table.write_text(text)
    picture = tmp_path / "p.svg"
    options = ["--x", "area", "--y", "rate", "--maximize", "rate", "-o", picture]
    drawn = hwdse("plot", table, *options)
    assert drawn.code == 0, drawn.err
    lines = [line.split() for line in drawn.out.splitlines()[1:]]
    assert [" ".join(line[1:-2]) for line in lines] == names
    printed = hwdse("pareto", table, "--minimize", "area", "--maximize", "rate")
    assert printed.code == 0, printed.err
    head, *rows = [line.split() for line in printed.out.splitlines()]
    count = len(columns.split())
    assert " ".join(head[:count]) == columns
    firsts = [" ".join(cell for cell in row[:count] if cell != "-") for row in rows]
    assert firsts == names


def test_a_single_row_has_a_name(tmp_path, hwdse):
    table = tmp_path / "t.csv"
    table.write_text("area,rate,spec\n1,1,a\n")
    drawn = hwdse("plot", table, "--x", "area", "--y", "rate", "-o", tmp_path / "p.svg")
    assert drawn.out.splitlines()[1].split() == ["1", "a", "1", "1"]
