"""Sums that go on from arbitrary register contents: the high bits of a wide accumulator.

Few sums of a check grow to all bits of their accumulator. But a program starts from random contents
(see :mod:`hwdse.verify.drive`), and without a ``clear`` what a fixed-point accumulator holds is the
content that was seen at first and the terms since. Float accumulators are left out: their random
contents are mostly far too large or small for any term to matter. Where a result takes several
elements, contents are drawn behind the first one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hwdse.pe import Design, Unit
from hwdse.pe.accumulate import FixedAccumulator
from hwdse.synth.simulate import Program, Simulator, pack, unpack
from hwdse.verify.drive import Batch, Words, batches, drive, started
from hwdse.verify.stimulus import Sequence, hard_sequences

__all__ = ["run_from_any_contents"]

_ACCUMULATORS = 1 << 11
_STEPS = 24


def run_from_any_contents(unit: Design, program: Program, seed: int) -> tuple[int, int, str | None]:
    """Elements compared, elements wrong, and a description of the first mismatch."""
    if not isinstance(unit, Unit) or not isinstance(unit.accumulator, FixedAccumulator):
        return 0, 0, None
    (batch,) = batches(unit, [_sequence(unit, seed)])
    rng = np.random.default_rng(seed)
    simulator = started(unit, program, batch.words, rng)
    begun = {}
    if unit.elements_per_result > 1:
        # What a result is made of is counted from a clear on: the first ones come before.
        until = int(np.flatnonzero(batch.completes)[0]) + 1
        bad, message = drive(unit, simulator, _part(batch, slice(0, until)), rng)
        if bad:
            return batch.vectors, bad, message
        begun = {name: planes[:, until - 1] for name, planes in batch.expected.items()}
        batch = _part(batch, slice(until, None))
    idle = np.zeros((1, batch.words), dtype=np.uint64)
    simulator.evaluate({"in_valid": idle, "rst": idle})
    # The reset's edge has already passed the contents on, perhaps wrongly: those that are read at
    # the output are drawn anew.
    held = _registers_of(simulator, "acc")
    simulator.values[held] = rng.integers(0, 1 << 64, (len(held), batch.words), dtype=np.uint64)
    simulator.evaluate({})

    width = unit.accumulator.width
    sums = [slice(first, first + width) for first in range(0, unit.sums * width, width)]
    planes = [
        _continued(
            batch.expected["acc"][at],
            simulator.output("acc")[at],
            begun["acc"][at] if begun else None,
        )
        for at in sums
    ]
    expected = {"acc": np.concatenate(planes)}
    if unit.accumulator.special:
        raised = simulator.output("acc_special")[:, None]
        expected["acc_special"] = batch.expected["acc_special"] | raised
    bad, message = drive(unit, simulator, replace(batch, expected=expected), rng)
    return batch.vectors, bad, message and "from random register contents, " + message


def _part(batch: Batch, steps: slice) -> Batch:
    """Some of the elements."""
    return replace(
        batch,
        clear=batch.clear[steps],
        completes=batch.completes[steps],
        inputs={name: planes[:, steps] for name, planes in batch.inputs.items()},
        expected={name: planes[:, steps] for name, planes in batch.expected.items()},
    )


def _continued(sums: Words, before: Words, begun: Words | None) -> Words:
    """Planes of sums that go on from a content, shape (width, steps, words).

    Args:
        sums: As they would be, shape (width, steps, words).
        before: The content, shape (width, words).
        begun: In its place, what they would have gone on from; 0 by default.
    """
    lanes = before.shape[1] * 64
    start = unpack(before, lanes)
    if begun is not None:
        start = start - unpack(begun, lanes)
    each = (unpack(planes, lanes) + start for planes in sums.swapaxes(0, 1))
    return np.stack([pack(total, len(before)) for total in each], axis=1)


def _registers_of(simulator: Simulator, output: str) -> list[int]:
    """Rows of the registers that hold an output, told by their contents; inverted ones too."""
    # Bits that are always 0, as of sums of even terms, have no register and look like any at rest.
    planes = [plane for plane in simulator.output(output) if plane.any() and (~plane).any()]
    wanted = {plane.tobytes() for plane in planes}
    states = [state for state, _ in simulator.program.registers]
    either = [(state, simulator.values[state]) for state in states]
    return [s for s, row in either if {row.tobytes(), (~row).tobytes()} & wanted]


def _sequence(unit: Design, seed: int) -> Sequence:
    """The beginning of hard sequences, with gaps and without a ``clear`` after the first result."""
    whole = next(hard_sequences(unit, _ACCUMULATORS * 64, seed))
    steps = max(_STEPS, 4 * unit.elements_per_result)
    codes = {name: codes[:steps] for name, codes in whole.codes.items()}
    clear = np.zeros(steps, dtype=np.bool_)
    clear[0] = unit.elements_per_result > 1
    return replace(whole, codes=codes, clear=clear)
