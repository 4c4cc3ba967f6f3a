from __future__ import annotations

import math
from itertools import permutations

import pytest

from hwdse.errors import HwdseError
from hwdse.tech.scaling import Point, nominal_voltage, parse_node, scale, voltage_window

NODES = (180, 130, 90, 65, 45, 32, 20, 16, 14, 10, 7)


def point(node: str, voltage_v: float) -> Point:
    return Point(parse_node(node), voltage_v)


def middle(node: str) -> Point:
    low, high = voltage_window(parse_node(node))
    return point(node, (low + high) / 2)


def labels(flavour: str) -> list[str]:
    return [f"{n}{flavour if n <= 45 else ''}" for n in NODES]


def test_published_example() -> None:
    """The corrigendum's: 1 pJ at 65 nm and 1.3 V is 0.4571 / 2.604 pJ at 32 nm and 0.9 V."""
    factor = scale(point("65", 1.3), point("32hp", 0.9)).energy
    assert factor.value == pytest.approx(0.1755, abs=2e-4)
    assert factor.low < factor.value < factor.high


def test_identity() -> None:
    same = scale(point("45hp", 1.0), point("45hp", 1.0))
    for factor in (same.area, same.delay, same.energy, same.power):
        assert (factor.low, factor.value, factor.high) == (1, 1, 1)


def test_area_of_steps_lies_in_the_direct_interval() -> None:
    for a, b, c in permutations(("45hp", "32hp", "7hp"), 3):
        steps = scale(middle(a), middle(b)).area.value * scale(middle(b), middle(c)).area.value
        direct = scale(middle(a), middle(c)).area
        assert direct.low <= steps <= direct.high
        assert steps == pytest.approx(direct.value, rel=0.08)


def test_polynomials_are_transitive() -> None:
    a, b, c = point("45hp", 1.0), point("16hp", 0.85), point("7hp", 0.7)
    for what in ("delay", "energy", "power"):
        steps = getattr(scale(a, b), what).value * getattr(scale(b, c), what).value
        assert steps == pytest.approx(getattr(scale(a, c), what).value, rel=1e-12)


@pytest.mark.parametrize("flavour", ["hp", "lp"])
def test_smaller_nodes_take_less(flavour: str) -> None:
    for larger, smaller in zip(labels(flavour), labels(flavour)[1:], strict=False):
        factors = scale(middle(larger), middle(smaller))
        assert factors.area.high < 1
        assert factors.energy.value < 1


@pytest.mark.parametrize("node", [*labels("hp"), *labels("lp")[4:]])
def test_window_keeps_to_voltages_where_circuits_behave(node: str) -> None:
    low, high = voltage_window(parse_node(node))
    assert 0.3 <= low < high <= 2.0
    # The ends are rounded outwards to 10 mV.
    low, high = low + 0.01, high - 0.01
    steps = [low + (high - low) * n / 40 for n in range(41)]
    energies = [scale(point(node, low), point(node, v)).energy.value for v in steps[1:]]
    assert energies == sorted(energies)
    # Delay falls, but for the residual that the published R2 allows.
    delays = [scale(point(node, low), point(node, v)).delay.value for v in steps[1:]]
    assert all(d <= min(delays[: n + 1]) * (1 + math.sqrt(0.05)) for n, d in enumerate(delays))


@pytest.mark.parametrize("node", ["45hp", "16hp", "14hp", "10hp", "7hp"])
def test_nominal_voltage_is_inside_its_window(node: str) -> None:
    low, high = voltage_window(parse_node(node))
    assert low <= nominal_voltage(parse_node(node)) <= high


def test_interval_holds_where_the_delay_fit_rises() -> None:
    """At 1.1 V the 45 nm fit is above its least: a lower delay at 45 nm is as likely."""
    there, back = (
        scale(point("7hp", 0.7), point("45hp", 1.1)),
        scale(point("45hp", 1.1), point("7hp", 0.7)),
    )
    assert there.delay.low < 0.93 * there.delay.value
    assert back.delay.high > 1.1 * back.delay.value


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (("45hp", 1.0), ("7lp", 0.8), "different transistors"),
        (("45lp", 1.1), ("32hp", 0.9), "different transistors"),
        (("130", 1.8), ("45hp", 1.0), "1.8 V is outside"),
        (("45hp", 1.0), ("7hp", 1.2), "1.2 V is outside 0.52 to 0.90 V"),
        (("45hp", 1.0), ("7hp", 0.3), "outside"),
        (("45hp", 1.0), ("7hp", math.nan), "outside"),
    ],
)
def test_refusals(start: tuple[str, float], end: tuple[str, float], message: str) -> None:
    with pytest.raises(HwdseError, match=message):
        scale(point(*start), point(*end))


@pytest.mark.parametrize("text", ["5hp", "250", "45", "130hp", "", "7hp; rm -rf /", "٧hp"])
def test_unknown_nodes(text: str) -> None:
    with pytest.raises(HwdseError, match="no node"):
        parse_node(text)


def test_no_nominal_voltage_is_invented() -> None:
    with pytest.raises(HwdseError, match="--voltage"):
        nominal_voltage(parse_node("7lp"))
