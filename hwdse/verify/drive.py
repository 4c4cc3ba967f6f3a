"""Reference against program: every output, every cycle, every lane.

A program starts from random contents of all its registers and a cycle of reset; from then on
``out_valid`` is compared in every cycle, and the results from the first ``clear``, in every cycle
too where the design holds them. Between sums, in sequences with gaps, reset comes again while
elements are on their way: none of them may come out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.pe import Design, Operand
from hwdse.synth.simulate import Program, Simulator, pack
from hwdse.verify.stimulus import Sequence

__all__ = ["Batch", "Words", "batches", "drive", "operand_planes", "run_sequences", "started"]

Words = NDArray[np.uint64]

_GAP_PROBABILITY = 0.2
_RESET_PROBABILITY = 0.5
# At most so many lanes side by side, and bits of all planes: a few tens of megabytes.
_COLUMNS = 1 << 17
_PLANE_BITS = 1 << 29


@dataclass(frozen=True)
class _Cycle:
    """What goes in at one rising edge: the codes of an element, which gives a result or not."""

    shown: int
    completes: bool
    valid: bool
    clear: bool
    reset: bool


@dataclass(frozen=True, eq=False)
class Batch:
    """Sequences side by side, as bit planes of shape (width, steps, words).

    Attributes:
        clear: Shape (steps,).
        completes: Shape (steps,): which elements complete a result.
        gaps: Whether idle cycles and resets are mixed in.
        accumulators: Lanes in use; only in the last word some may not be.
        inputs: By operand.
        expected: By output, after each step.
    """

    clear: NDArray[np.bool_]
    completes: NDArray[np.bool_]
    gaps: bool
    accumulators: int
    inputs: dict[str, Words]
    expected: dict[str, Words]

    @property
    def words(self) -> int:
        """Machine words for a bit of every lane."""
        return -(-self.accumulators // 64)

    @property
    def vectors(self) -> int:
        """Elements in all."""
        return len(self.clear) * self.accumulators

    @property
    def columns(self) -> int:
        """Lanes up to which batches are put together."""
        planes = sum(len(each) for each in (self.inputs | self.expected).values())
        return min(_COLUMNS, _PLANE_BITS // (planes * len(self.clear)))

    def goes_with(self, other: Batch) -> bool:
        """Whether another can stand behind it: its sums start together, in whole words."""
        return (
            self.accumulators % 64 == 0
            and self.gaps == other.gaps
            and np.array_equal(self.clear, other.clear)
        )


def run_sequences(
    unit: Design, program: Program, plan: Iterable[Sequence], seed: int
) -> tuple[int, int, str | None]:
    """Elements compared, elements wrong, and a description of the first mismatch."""
    rng = np.random.default_rng(seed)
    compared, wrong, first = 0, 0, None
    simulator: Simulator | None = None
    for batch in batches(unit, plan):
        if simulator is None or simulator.values.shape[1] != batch.words:
            simulator = started(unit, program, batch.words, rng)
        bad, message = drive(unit, simulator, batch, rng)
        compared += batch.vectors
        wrong += bad
        first = first or message
    return compared, wrong, first


def operand_planes(operand: Operand, codes: NDArray[np.int64]) -> Words:
    """Planes of an operand's port: codes of shape (accumulators,) or (accumulators, lanes)."""
    if codes.ndim == 1:
        return pack(codes, operand.format.bits)
    return np.concatenate([pack(lane, operand.format.bits) for lane in codes.T])


def batches(unit: Design, plan: Iterable[Sequence]) -> Iterator[Batch]:
    """Sequences with what their reference says, side by side where their sums start together.

    A simulator's operation costs little more on many words than on few.
    """
    waiting: list[Batch] = []
    for sequence in plan:
        batch = _packed(unit, sequence)
        lanes = sum(each.accumulators for each in waiting) + batch.accumulators
        if waiting and (lanes > batch.columns or not waiting[-1].goes_with(batch)):
            yield _beside(waiting)
            waiting = []
        waiting.append(batch)
    if waiting:
        yield _beside(waiting)


def _packed(unit: Design, sequence: Sequence) -> Batch:
    outputs = unit.outputs(sequence.codes, sequence.clear)
    return Batch(
        clear=sequence.clear,
        completes=unit.completes(sequence.clear),
        gaps=sequence.gaps,
        accumulators=sequence.shape[1],
        inputs={
            operand.name: _planes(sequence.codes[operand.name], operand.format.bits)
            for operand in unit.operands
        },
        expected={
            result.name: _planes(outputs[result.name], result.bits) for result in unit.results
        },
    )


def _planes(codes: NDArray[Any], width: int) -> Words:
    """Codes of shape (steps, columns), or (steps, columns, lanes), as planes of all their bits."""
    if codes.ndim == 2:
        return _steps(codes, width)
    return np.concatenate([_steps(lane, width) for lane in np.moveaxis(codes, -1, 0)])


def _steps(codes: NDArray[Any], width: int) -> Words:
    """Codes of shape (steps, columns) as planes of shape (width, steps, words)."""
    steps, columns = codes.shape
    if columns % 64:
        codes = np.pad(codes, ((0, 0), (0, -columns % 64)))
    return pack(codes.reshape(-1), width).reshape(width, steps, -1)


def _beside(several: list[Batch]) -> Batch:
    if len(several) == 1:
        return several[0]

    def joined(parts: list[dict[str, Words]]) -> dict[str, Words]:
        return {name: np.concatenate([p[name] for p in parts], axis=2) for name in parts[0]}

    return replace(
        several[0],
        accumulators=sum(batch.accumulators for batch in several),
        inputs=joined([batch.inputs for batch in several]),
        expected=joined([batch.expected for batch in several]),
    )


def started(unit: Design, program: Program, words: int, rng: np.random.Generator) -> Simulator:
    """A simulator with random registers, after one cycle of reset with random inputs."""
    simulator = Simulator(program, words)

    def noise(rows: int) -> Words:
        return rng.integers(0, 1 << 64, size=(rows, words), dtype=np.uint64)

    simulator.values[[state for state, _ in program.registers]] = noise(len(program.registers))
    inputs = {port.name: noise(port.width) for port in unit.ports if port.direction == "input"}
    simulator.evaluate(inputs | {"rst": _flag(True, words)})
    simulator.tick()
    return simulator


def drive(
    unit: Design,
    simulator: Simulator,
    batch: Batch,
    rng: np.random.Generator,
    *,
    stop: bool = False,
) -> tuple[int, str | None]:
    """Drive one batch through the house handshake and compare all outputs in all cycles.

    Args:
        unit: The unit.
        simulator: From :func:`started`, of as many words as the batch.
        batch: From :func:`batches`.
        rng: Places gaps and resets.
        stop: Whether to end with the first cycle that is wrong.

    Returns:
        Elements that were wrong, and a description of the first.
    """
    words = batch.words
    live = pack(np.ones(batch.accumulators, dtype=np.int64), 1)[0]
    wrong = np.zeros((len(batch.clear), words), dtype=np.uint64)
    first: str | None = None

    timeline = _timeline(batch, unit, rng)
    # The element whose result the outputs hold; None where they are undefined.
    held: int | None = None
    for cycle, now in enumerate(timeline):
        simulator.evaluate(
            {name: planes[:, now.shown] for name, planes in batch.inputs.items()}
            | {"in_valid": _flag(now.valid, words), "rst": _flag(now.reset, words)}
            | ({"clear": _flag(now.clear, words)} if unit.clears else {})
        )
        if (cycle and timeline[cycle - 1].reset) or not unit.holds:
            held = None
        arriving = timeline[cycle - unit.latency] if cycle >= unit.latency else None
        arrives = arriving is not None and arriving.completes
        if arriving is not None and arriving.completes:
            held = arriving.shown
        difference = _flag(arrives, words)[0] ^ simulator.rows("out_valid")[0]
        if held is not None:
            for name, planes in batch.expected.items():
                for row, plane in zip(simulator.rows(name), planes[:, held], strict=True):
                    difference |= row ^ plane
        difference &= live
        if difference.any():
            element = 0 if held is None else held
            wrong[element] |= difference
            first = first or _describe(unit, batch, element, difference)
            if stop:
                break
        simulator.tick()
    return int(np.bitwise_count(wrong).sum()), first


def _timeline(batch: Batch, unit: Design, rng: np.random.Generator) -> list[_Cycle]:
    """Cycle by cycle what goes in, until the last element has come out."""
    steps, each = len(batch.clear), unit.initiation_interval

    def idle() -> _Cycle:
        return _Cycle(int(rng.integers(steps)), False, False, bool(rng.integers(2)), False)

    def element(step: int, clear: bool, completes: bool) -> list[_Cycle]:
        """An element's cycles; in all but the first, `clear` means nothing."""
        rest = [_Cycle(step, False, False, bool(rng.integers(2)), False) for _ in range(each - 1)]
        return [_Cycle(step, completes, True, clear, False), *rest]

    timeline: list[_Cycle] = []
    for step, (clear, completes) in enumerate(zip(batch.clear, batch.completes, strict=True)):
        while batch.gaps and rng.random() < _GAP_PROBABILITY:
            timeline.append(idle())
        if batch.gaps and step and clear and rng.random() < _RESET_PROBABILITY:
            # Elements that would come out after the reset, which comes along with the last cycle:
            # in any cycle of an element.
            lost = [idle() for _ in range(int(rng.integers(each)))]
            while len(lost) < unit.latency:
                lost += element(int(rng.integers(steps)), bool(rng.integers(2)), False)
            lost = lost[: unit.latency]
            timeline += [*lost[:-1], replace(lost[-1], reset=True)]
        timeline += element(step, bool(clear), bool(completes))
    return timeline + [idle() for _ in range(unit.latency)]


def _flag(value: bool, words: int) -> Words:
    return np.full((1, words), ~np.uint64(0) if value else np.uint64(0))


def _describe(unit: Design, batch: Batch, step: int, difference: Words) -> str:
    word = int(np.flatnonzero(difference)[0])
    lane = np.uint64((int(difference[word]) & -int(difference[word])).bit_length() - 1)
    start = int(np.flatnonzero(batch.clear[: step + 1])[-1]) if batch.clear[0] else 0
    shown = []
    first = max(start, step - 3) if unit.clears else step
    for operand in unit.operands:
        planes = batch.inputs[operand.name][:, first : step + 1, word]
        bits = ((planes >> lane) & np.uint64(1)).astype(object).T
        weights = np.array([1 << bit for bit in range(operand.format.bits)], dtype=object)
        codes = bits.reshape(-1, operand.lanes, operand.format.bits) @ weights
        shown.append(f"{operand.name}={(codes if operand.trailing else codes[:, 0]).tolist()}")
    if not unit.clears:
        return f"of codes {', '.join(shown)}"
    return f"after element {step - start + 1} of a sum; last codes {', '.join(shown)}"
