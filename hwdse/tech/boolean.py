"""Boolean functions of standard cells: Liberty's expression syntax to a small tuple tree and back.

A tree is one of ``('const', 0 | 1)``, ``('var', name)``, ``('not', x)``, ``('and', x, y, ...)``,
``('or', x, y, ...)`` and ``('xor', x, y, ...)``, the last three with two or more operands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

from hwdse.errors import HwdseError

__all__ = ["Ast", "parse", "sense", "to_text", "truth_table", "value", "variables"]

Ast: TypeAlias = tuple[Any, ...]

_TOKEN = re.compile(r"\s*(?:([A-Za-z_][A-Za-z0-9_.$\[\]<>]*)|([01])|([!'&*|+^()]))")
_SYMBOLS = {"and": " & ", "or": " | ", "xor": " ^ "}
_MAX_DEPTH = 100
_MAX_CHARS = 20_000
_MAX_SENSE_VARIABLES = 9


def parse(text: str) -> Ast:
    """Parse a Liberty Boolean expression.

    Operators, tightest first: postfix ``'`` and prefix ``!`` (not), ``^`` (xor), ``&`` or ``*`` or
    mere juxtaposition (and), ``|`` or ``+`` (or). Parentheses keep the nesting that was written.

    Args:
        text: The expression, such as ``(A1 * A2)' + !B``.

    Raises:
        HwdseError: The text is not an expression, or nests deeper than 100 levels.
    """
    parser = _Parser(text)
    tree = parser.or_(0)
    if parser.peek() is not None:
        raise parser.error(f"unexpected {parser.peek()!r}")
    return tree


def variables(ast: Ast) -> tuple[str, ...]:
    """Names that a tree depends on syntactically, each once, in order of first appearance."""
    return tuple(dict.fromkeys(_names(ast)))


def to_text(ast: Ast) -> str:
    """Write a tree with ``! & | ^ ( ) 0 1``, every nested operation in parentheses.

    ``parse(to_text(ast)) == ast`` for every well-formed tree: nothing rests on precedence, on
    which tools that read Liberty do not agree.
    """
    kind = ast[0]
    if kind in ("var", "const"):
        return str(ast[1])
    if kind == "not":
        return "!" + _operand(ast[1])
    return str(_SYMBOLS[kind].join(_operand(x) for x in ast[1:]))


def value(ast: Ast, row: Mapping[str, int]) -> int:
    """0 or 1: what a tree gives for values of its variables."""
    kind = ast[0]
    if kind == "const":
        return int(ast[1])
    if kind == "var":
        return row[ast[1]]
    bits = [value(child, row) for child in ast[1:]]
    if kind == "not":
        return 1 - bits[0]
    if kind == "xor":
        return sum(bits) % 2
    return min(bits) if kind == "and" else max(bits)


def truth_table(ast: Ast, names: Sequence[str]) -> tuple[int, ...]:
    """Values over all rows of these variables, the first name the slowest to change."""
    rows = product((0, 1), repeat=len(names))
    return tuple(value(ast, dict(zip(names, bits, strict=True))) for bits in rows)


def sense(ast: Ast, name: str) -> str:
    """``positive_unate``, ``negative_unate`` or ``non_unate`` in one of its variables.

    Trees of more than ten variables are taken for non-unate.
    """
    others = [v for v in variables(ast) if v != name]
    if len(others) > _MAX_SENSE_VARIABLES:
        return "non_unate"
    table = truth_table(ast, [name, *others])
    pairs = list(zip(table[: len(table) // 2], table[len(table) // 2 :], strict=True))
    if all(low <= high for low, high in pairs):
        return "positive_unate"
    return "negative_unate" if all(low >= high for low, high in pairs) else "non_unate"


def _operand(ast: Ast) -> str:
    text = to_text(ast)
    return f"({text})" if ast[0] in _SYMBOLS else text


def _names(ast: Ast) -> Iterator[str]:
    if ast[0] == "var":
        yield ast[1]
    elif ast[0] != "const":
        for child in ast[1:]:
            yield from _names(child)


class _Parser:
    """Recursive descent over a symbol list; ``depth`` bounds Python's own recursion."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        self.at = 0
        if len(text) > _MAX_CHARS:
            raise HwdseError(
                f"Boolean expression of {len(text)} characters: at most {_MAX_CHARS} are read"
            )
        pos, end = 0, len(text.rstrip())
        while pos < end:
            match = _TOKEN.match(text, pos)
            if match is None:
                raise self.error(f"unexpected character {text[pos:].strip()[0]!r}")
            self.tokens.append(match[0].strip())
            pos = match.end()

    def error(self, what: str) -> HwdseError:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return HwdseError(f"bad Boolean expression {shown!r}: {what}")

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> str | None:
        symbol = self.peek()
        self.at += 1
        return symbol

    def or_(self, depth: int) -> Ast:
        operands = [self.and_(depth)]
        while self.peek() in ("|", "+"):
            self.take()
            operands.append(self.and_(depth))
        return operands[0] if len(operands) == 1 else ("or", *operands)

    def and_(self, depth: int) -> Ast:
        operands = [self.xor(depth)]
        while (symbol := self.peek()) is not None and symbol not in ("|", "+", ")", "'", "^"):
            if symbol in ("&", "*"):
                self.take()
            operands.append(self.xor(depth))
        return operands[0] if len(operands) == 1 else ("and", *operands)

    def xor(self, depth: int) -> Ast:
        operands = [self.unary(depth)]
        while self.peek() == "^":
            self.take()
            operands.append(self.unary(depth))
        return operands[0] if len(operands) == 1 else ("xor", *operands)

    def unary(self, depth: int) -> Ast:
        if depth > _MAX_DEPTH:
            raise self.error(f"more than {_MAX_DEPTH} levels deep")
        symbol = self.take()
        if symbol is None:
            raise self.error("it ends too early" if self.tokens else "it is empty")
        if symbol == "!":
            return ("not", self.unary(depth + 1))
        if symbol == "(":
            tree = self.or_(depth + 1)
            if self.take() != ")":
                raise self.error("a parenthesis is not closed")
        elif symbol in ("0", "1"):
            tree = ("const", int(symbol))
        elif symbol[0].isalpha() or symbol[0] == "_":
            tree = ("var", symbol)
        else:
            raise self.error(f"unexpected {symbol!r}")
        for _ in range(_MAX_DEPTH):
            if self.peek() != "'":
                return tree
            self.take()
            tree = ("not", tree)
        raise self.error(f"more than {_MAX_DEPTH} inversions in a row")
