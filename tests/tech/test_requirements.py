"""What must be there so that designs can be mapped, and the line that says what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hwdse.errors import HwdseError
from hwdse.tech import ImportResult, mapping_liberty
from hwdse.tech.requirements import lacking

from .library_text import FLOP, INVERTER, NAND, cell, library, pin_in, pin_out, timing

Import = Callable[..., ImportResult]

BUFFER = cell("BUF", pin_in("A") + pin_out("Y", "A", timing("A", 1)))


def gate(function: str) -> str:
    return cell("GATE", pin_in("A") + pin_in("B") + pin_out("Y", function, timing("A B", 1)))


ALL = {
    "an inverter": INVERTER,
    "a buffer": BUFFER,
    "a two-input NAND, NOR, AND or OR": NAND,
    "a D flip-flop": FLOP,
}


@pytest.mark.parametrize("kind", ALL)
def test_each_missing_kind_is_named(imported: Import, kind: str) -> None:
    result = imported(library(*(text for name, text in ALL.items() if name != kind)))
    assert lacking(result.technology) == (kind,)
    assert f"it lacks {kind}" in result.notes[-1]
    with pytest.raises(HwdseError, match="nothing can be mapped to it") as caught:
        mapping_liberty(result.technology)
    assert kind in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_missing(imported: Import) -> None:
    technology = imported(library(*ALL.values())).technology
    assert lacking(technology) == ()
    assert "library" in mapping_liberty(technology)


@pytest.mark.parametrize("function", ["A & B", "A | B", "!(A | B)", "A & !B", "!A | B"])
def test_any_gate_that_is_and_up_to_inversions_will_do(imported: Import, function: str) -> None:
    assert lacking(imported(library(INVERTER, BUFFER, FLOP, gate(function))).technology) == ()


@pytest.mark.parametrize("function", ["A ^ B", "!(A ^ B)", "A & !A & B", "A | !A | B"])
def test_an_exclusive_or_or_a_constant_will_not(imported: Import, function: str) -> None:
    result = imported(library(INVERTER, BUFFER, FLOP, gate(function)))
    assert lacking(result.technology) == ("a two-input NAND, NOR, AND or OR",)
