"""Golden vectors: what goes into a unit cycle by cycle, and what its reference says comes out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hwdse import __version__
from hwdse.errors import HwdseError
from hwdse.export.array_vectors import ARRAY_SEMANTICS, array_cycles
from hwdse.export.elements import element_sequences, enumerates
from hwdse.pe import Design, Port, Unit
from hwdse.pe.accumulate import FixedAccumulator
from hwdse.pe.array import Array
from hwdse.verify.stimulus import Sequence

__all__ = ["MAX_VECTORS", "Field", "Vectors", "golden_vectors"]

MAX_VECTORS = 1_000_000
_GAP_PROBABILITY = 0.2
# Idle cycles behind the last element show that the outputs hold.
_TRAILING_GAPS = 3

_SEMANTICS = (
    "One line per clock cycle, a hexadecimal word with the fields from the most significant bits "
    "down; each field starts at a hexadecimal digit, and underscores part them.",
    "A line with in_valid=1 is an element, whose operands stay in the `initiation_interval` - 1 "
    "lines behind it; in those, and in idle cycles, clear means nothing.",
    "Stimulus fields are applied before a rising edge of clk. Expected fields are due `latency` "
    "rising edges later, counting that edge.",
    "Where out_valid is 0, expected fields repeat the last result; before the first one, and "
    "everywhere if `holds` is false, they mean nothing there. The first line is an element with "
    "clear=1.",
)


@dataclass(frozen=True)
class Field:
    """One field of a word.

    Attributes:
        name: The port's name.
        role: Whether it is applied or compared.
        bits: Width.
        bit_offset: Of its least significant bit; a multiple of 4.
        lanes: Equal parts, lane 0 in the least significant bits.
        meaning: What its bits are, in one phrase.
    """

    name: str
    role: Literal["stimulus", "expected"]
    bits: int
    bit_offset: int
    lanes: int
    meaning: str

    @property
    def digits(self) -> int:
        """Hexadecimal digits."""
        return -(-self.bits // 4)


@dataclass(frozen=True)
class Vectors:
    """Golden vectors of a unit.

    Attributes:
        unit: The unit.
        seed: Of the random choices.
        fields: Layout of a word, most significant field first.
        words: One per clock cycle.
        elements: Words with ``in_valid`` high.
        completed: Words with ``out_valid`` high.
        exhaustive: Whether every operand combination is among the elements, as the first of a sum.
    """

    unit: Design
    seed: int
    fields: tuple[Field, ...]
    words: tuple[int, ...]
    elements: int
    completed: int
    exhaustive: bool

    @property
    def word_bits(self) -> int:
        """Bits of a word, padding included."""
        return sum(4 * field.digits for field in self.fields)

    @property
    def file_name(self) -> str:
        """Name of the ``$readmemh`` file."""
        return f"{self.unit.module_name}_vectors.hex"

    def hex_text(self) -> str:
        """The ``$readmemh`` file: one word per line."""
        return "".join(
            "_".join(
                f"{(word >> f.bit_offset) & ((1 << f.bits) - 1):0{f.digits}x}" for f in self.fields
            )
            + "\n"
            for word in self.words
        )

    def sidecar(self) -> dict[str, Any]:
        """Everything needed to read the ``$readmemh`` file, as JSON-ready values."""
        return {
            "writer": f"hwdse {__version__}",
            "spec": self.unit.canonical,
            "module": self.unit.module_name,
            "file": self.file_name,
            "sha256": hashlib.sha256(self.hex_text().encode()).hexdigest(),
            "seed": self.seed,
            "latency": self.unit.latency,
            "initiation_interval": self.unit.initiation_interval,
            "holds": self.unit.holds,
            "lines": len(self.words),
            "elements": self.elements,
            "completed": self.completed,
            "exhaustive": self.exhaustive,
            "word_bits": self.word_bits,
            "fields": [
                {
                    "name": f.name,
                    "role": f.role,
                    "bits": f.bits,
                    "bit_offset": f.bit_offset,
                    "lanes": f.lanes,
                    "meaning": f.meaning,
                }
                for f in self.fields
            ],
            "accumulator": _accumulator(self.unit),
            "semantics": list(ARRAY_SEMANTICS if isinstance(self.unit, Array) else _SEMANTICS),
        }

    def sidecar_text(self) -> str:
        """The sidecar as JSON."""
        return json.dumps(self.sidecar(), indent=2) + "\n"


def _accumulator(design: Design) -> dict[str, Any] | None:
    """What the bits of ``acc`` are; None where there is none."""
    if isinstance(design, Array):
        design = design.pe
    if not isinstance(design, Unit):
        return None
    accumulator = design.accumulator
    lsb = accumulator.lsb_exponent if isinstance(accumulator, FixedAccumulator) else None
    return {
        "kind": "float" if lsb is None else "fixed",
        "name": accumulator.name,
        "bits": accumulator.width,
        "lsb_exponent": lsb,
    }


def golden_vectors(unit: Design, *, vectors: int, seed: int) -> Vectors:
    """Vectors of corner values and hard sequences, with idle cycles strewn in.

    Args:
        unit: The unit.
        vectors: Elements, 1 to ``MAX_VECTORS``.
        seed: Of the random choices, not negative.

    Raises:
        HwdseError: A number out of range.
    """
    if not 1 <= vectors <= MAX_VECTORS:
        raise HwdseError(f"number of vectors must be 1 to {MAX_VECTORS}, not {vectors!r}")
    if seed < 0:
        raise HwdseError(f"seed must not be negative, not {seed!r}")
    fields = _layout(unit)
    if isinstance(unit, Array):
        lines, elements, completed = array_cycles(unit, vectors, seed)
        words = tuple(sum(line[f.name] << f.bit_offset for f in fields) for line in lines)
        return Vectors(unit, seed, fields, words, elements, completed, exhaustive=False)
    columns: dict[str, list[int]] = {}
    for sequence in element_sequences(unit, vectors=vectors, seed=seed):
        for name, codes in _in_time(unit, sequence, fields).items():
            columns.setdefault(name, []).extend(codes)
    columns = {name: codes[:vectors] for name, codes in columns.items()}
    words = tuple(
        sum(code << f.bit_offset for f, code in zip(fields, cycle, strict=True))
        for cycle in _cycles(unit, fields, columns, seed)
    )
    completed = sum(columns["out_valid"])
    if completed == 0:
        least = unit.elements_per_result
        raise HwdseError(
            f"{unit.canonical}: {vectors} vectors complete no result, which takes {least}; ask for "
            f"{4 * least} or more"
        )
    return Vectors(unit, seed, fields, words, vectors, completed, enumerates(unit, vectors))


def _layout(unit: Design) -> tuple[Field, ...]:
    fields: list[Field] = []
    offset = 0
    for port in reversed(unit.ports):
        fields.insert(0, _field(port, offset))
        offset += 4 * fields[0].digits
    return tuple(fields)


def _field(port: Port, offset: int) -> Field:
    role: Literal["stimulus", "expected"] = "stimulus" if port.direction == "input" else "expected"
    return Field(port.name, role, port.width, offset, port.lanes, port.meaning)


def _in_time(unit: Design, sequence: Sequence, fields: tuple[Field, ...]) -> dict[str, list[int]]:
    """Codes of every field, one accumulator's elements after another's, as for a single unit."""
    steps, columns = sequence.shape
    values: dict[str, NDArray[Any]] = {
        "in_valid": np.ones((steps, columns), dtype=np.int64),
        # Each accumulator's first element starts a sum, so running on from the last is no matter.
        "clear": np.broadcast_to(sequence.clear[:, None], (steps, columns)),
        "out_valid": np.broadcast_to(unit.completes(sequence.clear)[:, None], (steps, columns)),
        **sequence.codes,
        **unit.outputs(sequence.codes, sequence.clear),
    }
    return {f.name: _codes(values[f.name], f) for f in fields}


def _codes(values: NDArray[Any], field: Field) -> list[int]:
    """Bit patterns in time order; lanes packed, negative numbers in two's complement."""
    steps, columns = values.shape[:2]
    lanes = values.swapaxes(0, 1).reshape(steps * columns, field.lanes).tolist()
    bits = field.bits // field.lanes
    mask = (1 << bits) - 1
    return [sum((int(c) & mask) << (bits * i) for i, c in enumerate(lane)) for lane in lanes]


def _cycles(
    unit: Design, fields: tuple[Field, ...], columns: dict[str, list[int]], seed: int
) -> Iterator[list[int]]:
    """Codes of every cycle, in the order of ``fields``."""
    # The stimulus uses the plain seed.
    rng = np.random.default_rng([seed, 1])
    elements, held = len(columns["in_valid"]), 0
    for element in range(elements):
        if element > 0:
            while rng.random() < _GAP_PROBABILITY:
                yield _idle(fields, columns, int(rng.integers(elements)), held, rng)
        if columns["out_valid"][element]:
            held = element
        flags = {"out_valid": columns["out_valid"][element]}
        yield _cycle(fields, columns, element, held, flags)
        for _ in range(unit.initiation_interval - 1):
            yield _idle(fields, columns, element, held, rng)
    for _ in range(_TRAILING_GAPS):
        yield _idle(fields, columns, int(rng.integers(elements)), held, rng)


def _idle(
    fields: tuple[Field, ...],
    columns: dict[str, list[int]],
    shown: int,
    held: int,
    rng: np.random.Generator,
) -> list[int]:
    """Codes of a cycle that takes nothing."""
    flags = {"in_valid": 0, "clear": int(rng.integers(2)), "out_valid": 0}
    return _cycle(fields, columns, shown, held, flags)


def _cycle(
    fields: tuple[Field, ...],
    columns: dict[str, list[int]],
    shown: int,
    held: int,
    flags: dict[str, int],
) -> list[int]:
    """Codes of a cycle: operands of element ``shown``, results of element ``held``, and flags."""
    codes = {f.name: columns[f.name][shown if f.role == "stimulus" else held] for f in fields}
    codes |= flags
    return [codes[f.name] for f in fields]
