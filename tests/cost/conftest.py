from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

import rtl
from hwdse import cost, pe, tech
from hwdse.synth import flow


@pytest.fixture(scope="session")
def nangate45() -> tech.Technology:
    return tech.load("nangate45")


@pytest.fixture(scope="session")
def costed(nangate45) -> Callable[..., Any]:
    """The row of one spec on nangate45, as `hwdse cost` gives it."""

    @functools.cache
    def row(spec: str, **options: Any) -> Any:
        return cost.evaluate([spec], nangate45, **options).iloc[0]

    return row


@pytest.fixture(scope="session")
def mapped_module(costed, nangate45) -> Callable[[str], dict[str, Any]]:
    """The netlist that was costed: Yosys' JSON of the module."""

    def module(spec: str) -> dict[str, Any]:
        costed(spec)
        key = flow.mapping_key(rtl.to_rtlil(pe.parse(spec)), nangate45.sha256)
        return cost.Store().get("mapping", key)["netlist"]

    return module
