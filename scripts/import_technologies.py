"""Regenerate the shipped technologies from the Liberty files they name.

Usage: python scripts/import_technologies.py LIBERTY_DIR

Names, licences, descriptions and patterns of cells to leave out are those that the present files
state; derived technologies are left alone. An unchanged importer on unchanged Liberty files gives
the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hwdse import tech

TECH_LIBS = Path(__file__).parent.parent / "tech_libs"


def main(directory: Path) -> None:
    for path in sorted(TECH_LIBS.glob("*.yaml")):
        known = tech.load(path)
        if known.derived is not None:
            continue
        files = [find(directory, name) for name, _ in known.source.files]
        result = tech.import_liberty(
            files,
            name=known.name,
            licence=known.source.licence,
            url=known.source.url,
            description=known.description,
            dont_use=known.source.dont_use,
        )
        same = result.yaml_text == path.read_text(encoding="utf-8")
        tech.write(result, path)
        print(f"{path.name}: {'unchanged' if same else 'CHANGED'}")


def find(directory: Path, name: str) -> Path:
    for candidate in (directory / name, directory / f"{name}.gz"):
        if candidate.exists():
            return candidate
    sys.exit(f"error: {directory} has neither {name} nor {name}.gz")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
