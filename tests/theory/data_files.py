"""The published figures, each file with its source in its first lines."""

import csv
from pathlib import Path

DIRECTORY = Path(__file__).parent / "data"


def rows(name):
    """Rows of a file as dictionaries of strings."""
    lines = (DIRECTORY / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))
