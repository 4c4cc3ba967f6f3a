"""YAML from users: one line for everything that PyYAML may raise."""

from __future__ import annotations

import pytest

from hwdse.errors import HwdseError
from hwdse.files.yaml_input import parse_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, 2.5]", {"a": 1, "b": ["x", 2.5]}),
        ("base: &b {x: 1}\nuse: *b", {"base": {"x": 1}, "use": {"x": 1}}),
        ("base: &b {x: 1}\nuse: {<<: *b, y: 2}", {"base": {"x": 1}, "use": {"x": 1, "y": 2}}),
        ("", None),
        ("\ufeffa: 1", {"a": 1}),
    ],
)
def test_documents(text, value):
    assert parse_yaml(text, where="f") == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: ]", 2),
        ("a: 1\nb: 2\na: 3", 3),
        ("a:\n  b: 1\n  b: 2", 3),
        ("x: 1\ny: *nowhere", 2),
        ("!!python/object/apply:os.system [ls]", 1),
        ("a: b\n---\nc: d", 2),
        ("<<: 3", 1),
        ('a: "\\ud800"', 1),
    ],
)
def test_the_line_is_named(text, line):
    with pytest.raises(HwdseError, match=rf"^f:{line}: not YAML: ") as caught:
        parse_yaml(text, where="f")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '!!int ""',
        '!!timestamp "x"',
        '!!bool "maybe"',
        '!!float "x"',
        "!!map [1]",
        "? [1, 2]\n: 3",
        "2020-99-99",
        "1" + "9" * 5000,
        "a: \x00",
        "[" * 3000,
        "{a: " * 3000,
    ],
)
def test_anything_else_is_one_line(text):
    with pytest.raises(HwdseError, match=r"^f(:\d+)?: not YAML: ") as caught:
        parse_yaml(text, where="f")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_aliases_do_not_grow():
    text = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [*{old}, *{old}, *{old}]\n"
        for old, new in zip("abcdefghijklmno", "bcdefghijklmnop", strict=True)
    )
    assert len(parse_yaml(text, where="f")) == 16
