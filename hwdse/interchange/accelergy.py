"""Tables for Accelergy 0.4 and Timeloop: energies in pJ, areas in um2.

Two ways in. ``ERT.yaml`` and ``ART.yaml`` are finished tables, as Accelergy writes them and
Timeloop reads them; Accelergy takes the first, with ``architecture.yaml`` and counts of actions, to
estimate energy. For architectures of one's own, ``hwdse.lib.yaml`` has every unit as a class of
primitive components and ``tables`` is a set for Accelergy's table-based plug-ins, which finds the
figures by the class and the attributes ``technology`` and ``global_cycle_seconds``.

The formats are those that the sources of Accelergy 0.4 and of accelergy-table-based-plug-ins read,
both at github.com/Accelergy-Project. An action ``compute`` is one multiply-accumulate, however many
the unit does in a cycle, ``convert`` one converted value, and ``leak`` one cycle of the whole unit.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import yaml

from hwdse import __version__
from hwdse.interchange.component import Component, header

__all__ = ["accelergy_files"]

# As Accelergy writes it in tables, and as users write it in what they describe.
_TABLES = "0.4"
_DESCRIPTIONS = 0.4
# Which plug-in answers where several could; nothing else knows these classes.
_PLUG_IN_RANK = 100
_S_PER_PS = 1e-12


class _Text(str):
    """A text that YAML writes in quotes: Accelergy evaluates values of attributes without."""


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, and quotes."""


_Dumper.add_representer(
    _Text,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"'),
)


def accelergy_files(components: Sequence[Component]) -> dict[str, str]:
    """Texts of the files, by their paths within a directory.

    Args:
        components: At least one, of one technology.
    """
    head = header(
        components,
        [
            f"Written by hwdse {__version__} for Accelergy 0.4: pJ, um^2",
            "leak is one cycle of the whole unit, busy or not; no other action has leakage in it",
        ],
    )
    technology = components[0].technology
    ert = [{"name": each.name, "actions": _actions(each)} for each in components]
    art = [{"name": each.name, "area": each.area_um2} for each in components]
    parts = [
        {"name": each.name, "class": each.name, "attributes": _attributes(each)}
        for each in components
    ]
    classes = [
        {
            "name": each.name,
            "attributes": _attributes(each),
            "actions": [{"name": action["name"]} for action in _actions(each)],
        }
        for each in components
    ]
    # Of the design as a whole, which must have a cycle; every component has its own besides.
    slowest = max(components, key=lambda each: each.period_ps)
    tables = {
        "name": f"hwdse_{technology}",
        "technology": technology,
        "accuracy": _PLUG_IN_RANK,
        "path_to_data_dir": "./data",
    }
    documents = {
        "ERT.yaml": {"ERT": {"version": _TABLES, "tables": ert}},
        "ART.yaml": {"ART": {"version": _TABLES, "tables": art}},
        "architecture.yaml": {
            "variables": {"version": _DESCRIPTIONS} | _attributes(slowest),
            "architecture": {"version": _DESCRIPTIONS, "local": parts},
        },
        "hwdse.lib.yaml": {"version": _DESCRIPTIONS, "classes": classes},
        "tables/hwdse.table.yaml": tables,
    }
    files = {
        path: head + yaml.dump(document, Dumper=_Dumper, sort_keys=False)
        for path, document in documents.items()
    }
    return files | {f"tables/data/{each.name}.csv": _csv(each) for each in components}


def _actions(component: Component) -> list[dict[str, Any]]:
    return [
        {"name": component.action, "arguments": {}, "energy": component.energy_pj},
        {"name": "leak", "arguments": {}, "energy": component.leak_pj},
    ]


def _attributes(component: Component) -> dict[str, Any]:
    return {
        "technology": _Text(component.technology),
        "global_cycle_seconds": component.period_ps * _S_PER_PS,
    }


def _csv(component: Component) -> str:
    """Rows for the plug-in, which compares attributes as texts: the cycle as Python writes it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    # Accelergy has both of these, the second always 1, among arguments of actions as well.
    attributes = _attributes(component) | {"action_latency_cycles": 1}
    writer.writerow([*attributes, "action", "energy", "area"])
    for action in _actions(component):
        row = [*attributes.values(), action["name"], action["energy"], component.area_um2]
        writer.writerow(row)
    return text.getvalue()
