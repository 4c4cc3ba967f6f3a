from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwdse.tech import ImportResult, Technology, import_liberty, load


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., ImportResult]:
    """Import Liberty texts as files of one technology."""

    def run(*texts: str) -> ImportResult:
        paths = []
        for n, text in enumerate(texts):
            paths.append(tmp_path / f"toy{n}.lib")
            paths[-1].write_text(text)
        return import_liberty(paths, name="toy", licence="none", url="", description="toy")

    return run


@pytest.fixture(scope="session")
def nangate45() -> Technology:
    return load("nangate45")


@pytest.fixture(scope="session")
def asap7() -> Technology:
    return load("asap7")


@pytest.fixture(scope="session")
def sky130hd() -> Technology:
    return load("sky130hd")


@pytest.fixture(scope="session")
def gt2n() -> Technology:
    return load("gt2n")
