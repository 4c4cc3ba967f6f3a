"""Cost without synthesis: operators as gates, and a model fitted to syntheses."""

from __future__ import annotations

from pathlib import Path

__all__ = ["data_folder"]


def data_folder() -> Path:
    """Where shipped characterisations are."""
    return Path(__file__).parent / "data"
