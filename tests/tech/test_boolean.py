from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwdse.errors import HwdseError
from hwdse.tech.boolean import Ast, parse, to_text, variables

NAMES = ("A", "B1", "C[0]", "d.e$")
LEAVES = st.sampled_from([("var", n) for n in NAMES] + [("const", 0), ("const", 1)])


def _grow(children: st.SearchStrategy[Ast]) -> st.SearchStrategy[Ast]:
    many = st.lists(children, min_size=2, max_size=4)
    nary = st.builds(lambda k, xs: (k, *xs), st.sampled_from(["and", "or", "xor"]), many)
    return nary | st.builds(lambda x: ("not", x), children)


TREES = st.recursive(LEAVES, _grow, max_leaves=12)


def python_value(text: str, row: dict[str, int]) -> int:
    """An evaluator that shares nothing with the parser: Python's own, on fully bracketed text."""
    names = {n: f"v{i}" for i, n in enumerate(row)}
    text = re.sub(r"[A-Za-z][A-Za-z0-9.$\[\]]*", lambda m: names[m[0]], text)
    scope = {names[n]: v for n, v in row.items()}
    return eval(text.replace("!", " 1 ^ 1 & ~"), {"__builtins__": {}}, scope) & 1  # noqa: S307


def tree_value(tree: Ast, row: dict[str, int]) -> int:
    kind, *rest = tree
    if kind == "const":
        return int(rest[0])
    if kind == "var":
        return row[rest[0]]
    bits = [tree_value(x, row) for x in rest]
    if kind == "not":
        return 1 - bits[0]
    return {"and": all(bits), "or": any(bits), "xor": sum(bits) % 2 == 1}[kind] + 0


def table_of(text: str, names: str) -> list[int]:
    tree = parse(text)
    rows = product((0, 1), repeat=len(names))
    return [tree_value(tree, dict(zip(names, bits, strict=True))) for bits in rows]


@given(TREES)
def test_text_gives_the_same_tree_back(tree: Ast) -> None:
    assert parse(to_text(tree)) == tree


@given(TREES)
def test_text_means_the_tree_on_every_assignment(tree: Ast) -> None:
    # Bracket every negation so that Python's precedence cannot differ.
    text = re.sub(r"!", "!", to_text(_bracketed(tree)))
    for bits in product((0, 1), repeat=len(NAMES)):
        row = dict(zip(NAMES, bits, strict=True))
        assert python_value(text.replace("!", "(1)^"), row) == tree_value(tree, row)


def _bracketed(tree: Ast) -> Ast:
    """Rewrite ``!x`` as ``x ^ 1``, which Python writes the same way."""
    if tree[0] in ("var", "const"):
        return tree
    parts = [_bracketed(x) for x in tree[1:]]
    return ("xor", *parts, ("const", 1)) if tree[0] == "not" else (tree[0], *parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A' B", "!A & B"),
        ("(A*B)'+!C", "!(A & B) | !C"),
        ("A B + C D", "(A & B) | (C & D)"),
        ("A ^ B & C", "(A ^ B) & C"),
        ("A + B ^ C'", "A | (B ^ !C)"),
        ("A''", "!!A"),
        ("!(A | 0) 1", "!(A | 0) & 1"),
        (" IQ ", "IQ"),
        ("A(B+C)", "A & (B | C)"),
    ],
)
def test_liberty_syntax_is_normalised(text: str, expected: str) -> None:
    assert to_text(parse(text)) == expected


def test_liberty_precedence_on_truth_tables() -> None:
    assert table_of("A^B*C", "ABC") == [((a ^ b) & c) for a, b, c in product((0, 1), repeat=3)]
    assert table_of("A+B*C", "ABC") == [(a | (b & c)) for a, b, c in product((0, 1), repeat=3)]
    assert table_of("!A B'", "AB") == [1, 0, 0, 0]


def test_variables_in_order_of_appearance() -> None:
    assert variables(parse("(B + A) * !B ^ C + 1")) == ("B", "A", "C")


@pytest.mark.parametrize(
    "text",
    ["", "  ", "A +", "(A", "A)", "A ; B", "A @ B", "'", "A && B", "!", "2", "A\n;rm", "é", "A==B"],
)
def test_what_is_no_expression_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(HwdseError) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["(" * 5000 + "A" + ")" * 5000, "!" * 5000 + "A", "A" + "'" * 999])
def test_hostile_nesting_is_an_error_not_a_crash(text: str) -> None:
    with pytest.raises(HwdseError):
        parse(text)
