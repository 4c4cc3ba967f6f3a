"""What Accelergy 0.4 does with its tables, as its published sources do it, written anew.

Of tables as inputs: `ERT_input_parser`, `EnergyCalculator`; of sets of tables: `SetsOfTables` of
the table-based plug-ins. Neither can be installed from a package index.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import yaml


def load(path: Path) -> Any:
    """A YAML file; Accelergy takes it for a Jinja template first."""
    text = path.read_text(encoding="utf-8")
    assert "{{" not in text
    assert "{%" not in text
    assert "{#" not in text
    return yaml.safe_load(text)


def energies(path: Path) -> dict[str, dict[str, float]]:
    """Energies in pJ, by component and action."""
    document = load(path)["ERT"]
    assert str(document["version"]) == "0.4"
    found: dict[str, dict[str, float]] = {}
    for table in document["tables"]:
        assert table["name"] not in found
        actions = found[table["name"]] = {}
        for action in table["actions"]:
            assert set(action) == {"name", "arguments", "energy"}
            assert action["name"] not in actions
            actions[action["name"]] = action["energy"]
    return found


def estimated(path: Path, counts: dict[str, dict[str, float]]) -> float:
    """Energy of a design in pJ, from counts of actions by component."""
    table = energies(path)
    return sum(
        table[component][action] * count
        for component, actions in counts.items()
        for action, count in actions.items()
    )


def areas(path: Path) -> dict[str, float]:
    """Areas in um2, by component."""
    return {table["name"]: table["area"] for table in load(path)["ART"]["tables"]}


def looked_up(
    folder: Path, name: str, attributes: dict[str, Any], action: str | None
) -> float | None:
    """What a set of tables has of an action of a class, or of its area; None: it does not answer.

    Args:
        folder: Of the set.
        name: The class.
        attributes: Of a component; those that are columns must be there as the same text.
        action: None for the area.
    """
    (identifier,) = folder.glob("*table.yaml")
    known = load(identifier)
    assert known["accuracy"] > 0
    if str(attributes["technology"]) != str(known["technology"]):
        return None
    path = folder / known["path_to_data_dir"] / f"{name}.csv"
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if any(key in row and row[key] != str(v) for key, v in attributes.items()):
                continue
            if action is None:
                return float(row["area"])
            if row["action"] == action:
                return float(row["energy"])
    return None
