from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from hwdse.errors import HwdseError
from hwdse.tech.liberty import parse_liberty, read_liberty

from .library_text import INVERTER, library


def test_attributes_groups_comments_and_continuations() -> None:
    text = """/* head { ( " */
    // another
    library (lib) { /* a */ x : 1.5 ; y : "two words"; z : bare
      values ("1, 2", \\
              "3, 4");  define(a, b, string)
      cell ("C[0]") { area : 2 /* um2 */; pin (A) { direction : "input" } pin(B){} } }
    """
    lib = parse_liberty(text)
    assert (lib.kind, lib.args) == ("library", ("lib",))
    assert lib.simple == {"x": "1.5", "y": "two words", "z": "bare"}
    assert lib.numbers("values") == [1, 2, 3, 4]
    assert lib.list_of("define") == ("a", "b", "string")
    (cell,) = lib.all("cell")
    assert cell.label == "C[0]"
    assert cell.number("area") == 2
    assert [p.label for p in cell.all("pin")] == ["A", "B"]
    assert cell.all("pin")[0].simple["direction"] == "input"


def test_a_string_may_run_over_lines() -> None:
    lib = parse_liberty('library (l) { t : "a \\\n   b"; v ("1, \\\n 2") ; }')
    assert lib.simple["t"] == "a  b"
    assert lib.numbers("v") == [1, 2]


def test_windows_line_ends_read_the_same() -> None:
    text = library(INVERTER)
    crlf = parse_liberty(text.replace("\n", "\r\n"))
    assert crlf.groups[-1].at == parse_liberty(text).groups[-1].at


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("library (l) {\n  cell (A) {\n  area : 1;\n", 2, "truncated"),
        ("library (l) {\n}\n}\n", 3, "never opened"),
        ('library (l) {\n  a : "open;\n}\n', 2, "quote"),
        ("library (l) {\n  values (1, 2\n}\n", 2, "parenthesis"),
        ("library (l) {\n  include_file (other.lib);\n}\n", 2, "include"),
        ("cell (x) {\n}\n", 1, "not 'library'"),
        ("module top(input a);\nendmodule\n", 1, "not Liberty"),
        ("\x00\x01\x02", 1, "not Liberty"),
        ("library (l) {\n\n  @@@ }\n", 3, "not a Liberty statement"),
        ("library (l) {\n /* never closed\n }\n", 2, "truncated"),
        ("library (l) { }\nlibrary (m) { }\n", 2, "outside"),
    ],
)
def test_bad_text_names_file_and_line(text: str, line: int, words: str) -> None:
    with pytest.raises(HwdseError) as caught:
        parse_liberty(text, name="bad.lib")
    message = str(caught.value)
    assert message.startswith(f"bad.lib:{line}: ")
    assert words in message
    assert "\n" not in message


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(HwdseError, match="nest deeper"):
        parse_liberty("library (l) {" + "a () {" * 60 + "}" * 61)


def test_every_truncation_is_an_error() -> None:
    text = library(INVERTER).rstrip()
    for end in range(0, len(text), 7):
        with pytest.raises(HwdseError):
            parse_liberty(text[:end])


def test_empty_text_is_no_library() -> None:
    with pytest.raises(HwdseError, match="no library group"):
        parse_liberty("/* nothing */")


def test_numbers_must_be_finite_numbers() -> None:
    lib = parse_liberty('library (l) { a : nan; b : x; v ("1, q"); w ("1, inf"); }')
    for name in ("a", "b"):
        with pytest.raises(HwdseError, match="not a number"):
            lib.number(name)
    for name in ("v", "w"):
        with pytest.raises(HwdseError, match=name):
            lib.numbers(name)


def test_gzip_reads_as_the_plain_file_does(tmp_path: Path) -> None:
    text = library(INVERTER)
    plain, packed = tmp_path / "a.lib", tmp_path / "a.lib.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    one, two = read_liberty(plain).source, read_liberty(packed).source
    assert (one.name, one.sha256, one.text) == (two.name, two.sha256, two.text)


@pytest.mark.parametrize(
    "data", [b"not gzip", gzip.compress(b"x" * 99, mtime=0)[:-9]], ids=["foreign", "cut"]
)
def test_broken_gzip_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.lib.gz"
    path.write_bytes(data)
    with pytest.raises(HwdseError, match="cannot read"):
        read_liberty(path)


def test_missing_file_and_folder_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.lib", tmp_path):
        with pytest.raises(HwdseError, match="cannot read"):
            read_liberty(path)


def test_repeated_attributes_are_all_there_and_the_last_one_wins() -> None:
    lib = parse_liberty('library (l) { f (1, 2); f ("3", 4, 5); v ("1"); v ("2, 3"); }')
    assert lib.repeated("f") == [("1", "2"), ("3", "4", "5")]
    assert lib.repeated("g") == []
    assert lib.list_of("f") == ("3", "4", "5")
    assert lib.numbers("v") == [2, 3]


def test_byte_order_mark_and_hostile_file_names(tmp_path: Path) -> None:
    path = tmp_path / "a\nb.lib"
    path.write_bytes(b"\xef\xbb\xbf" + library(INVERTER).encode())
    assert read_liberty(path).source.name == "a?b.lib"


@pytest.mark.parametrize("tail", ["", "}", '} "', "} } }  /* }"])
def test_truncation_inside_what_is_passed_over(tail: str) -> None:
    text = "library (l) {\n cell (A) {\n  output_current_rise () { vector (v) { " + tail
    with pytest.raises(HwdseError, match=r"truncated|missing") as caught:
        parse_liberty(text, name="bad.lib")
    assert "\n" not in str(caught.value)


def test_include_is_refused_and_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.lib"
    secret.write_text("library (secret) { }")
    path = tmp_path / "a.lib"
    path.write_text(f'library (l) {{ include_file ("{secret}"); }}')
    with pytest.raises(HwdseError, match="include directives are not followed") as caught:
        read_liberty(path)
    assert "secret" not in str(caught.value)


def test_a_file_beyond_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwdse.tech.liberty._MAX_BYTES", 2**20)
    path = tmp_path / "a.lib.gz"
    # A small file that unpacks to more than the limit.
    path.write_bytes(gzip.compress(b" " * (2**20 + 1)))
    with pytest.raises(HwdseError, match="larger than 1 MB"):
        read_liberty(path)


def test_a_megabyte_takes_no_second() -> None:
    row = '"' + ", ".join(["0.0123456"] * 7) + '"'
    table = f"cell_rise (d) {{ values ({', '.join([row] * 7)}); }}\n"
    text = "library (l) {\n" + table * 1900 + "}"
    start = time.perf_counter()
    assert len(parse_liberty(text).groups) == 1900
    assert len(text) > 1e6
    # Ours reads about 15 MB a second; quadratic matching would take minutes.
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize("start", ["library (l) { a" + " " * 50_000, '"' * 50_001, "/*" * 50_000])
def test_hostile_text_does_not_make_matching_quadratic(start: str) -> None:
    began = time.perf_counter()
    with pytest.raises(HwdseError):
        parse_liberty(start)
    assert time.perf_counter() - began < 1.0
