"""Technologies as validated data: load, import from Liberty, and hand to a technology mapper."""

from hwdse.tech.full_adder import FullAdder, full_adder
from hwdse.tech.importer import ImportResult, import_liberty
from hwdse.tech.library import load, names, write
from hwdse.tech.mapping_liberty import mapping_liberty
from hwdse.tech.model import (
    Arc,
    Cell,
    Constraint,
    ConstraintTable,
    Corner,
    FlipFlop,
    InternalPower,
    Pin,
    Source,
    Table,
    Technology,
    WireLoad,
)
from hwdse.tech.summary import summarise

__all__ = ["Arc", "Cell", "Constraint", "ConstraintTable", "Corner", "FlipFlop", "FullAdder"]
__all__ += [
    "ImportResult",
    "InternalPower",
    "Pin",
    "Source",
    "Table",
    "Technology",
    "WireLoad",
    "full_adder",
    "import_liberty",
    "load",
    "mapping_liberty",
    "names",
    "summarise",
    "write",
]
