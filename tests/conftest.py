"""One store for all tests of a run, away from the user's own; parallel workers share it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def store_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    directory = base / "hwdse_store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWDSE_CACHE_DIR", str(directory))
        yield directory
