"""What a check compares, in shares that processes can take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from hwdse.pe import Design
from hwdse.synth.simulate import Program
from hwdse.verify.contents import run_from_any_contents
from hwdse.verify.drive import run_sequences
from hwdse.verify.processes import in_processes
from hwdse.verify.stimulus import (
    Sequence,
    all_pairs,
    combinations,
    hard_sequences,
    steady_corners,
)

__all__ = ["compare"]

# Elements of one share: a second of work or less.
_SHARE = 1 << 22
# Starting processes takes about as long as so many shares.
_WORTH_PROCESSES = 8

Outcome = tuple[int, int, str | None]


@dataclass(frozen=True)
class _Share:
    """Elements ``first`` to ``last`` of one kind of stimulus."""

    kind: Literal["contents", "steady", "random", "all"]
    index: int
    first: int = 0
    last: int = 0


def compare(
    unit: Design,
    program: Program,
    *,
    vectors: int,
    exhaustive: bool,
    seed: int,
    jobs: int,
    on_progress: Callable[[float], None] | None = None,
) -> Outcome:
    """Elements compared, elements wrong, and the first mismatch; the same for any ``jobs``.

    Args:
        unit: The unit.
        program: Its hardware.
        vectors: Random elements.
        exhaustive: Whether all combinations of operands come first.
        seed: Of the random elements and of the registers' contents before the first element.
        jobs: Processes; short work takes only this one.
        on_progress: Called with the fraction done.
    """
    shares = [_Share("contents", 0), _Share("steady", 0)]
    shares += _split("random", vectors)
    if exhaustive:
        shares = _split("all", combinations(unit)) + shares
    tasks = list(enumerate(shares))
    if len(tasks) < _WORTH_PROCESSES:
        jobs = 1
    outcomes: dict[int, Outcome] = {}
    for number, outcome in in_processes(_compare, tasks, (unit, program, seed), jobs):
        outcomes[number] = outcome
        if on_progress is not None:
            on_progress(len(outcomes) / len(tasks))
    in_order = [outcomes[number] for number, _ in tasks]
    first = next((message for _, _, message in in_order if message), None)
    return sum(count for count, _, _ in in_order), sum(bad for _, bad, _ in in_order), first


def _split(kind: Literal["random", "all"], total: int) -> list[_Share]:
    return [
        _Share(kind, index, first, min(first + _SHARE, total))
        for index, first in enumerate(range(0, total, _SHARE))
    ]


def _compare(shared: tuple[Design, Program, int], task: tuple[int, _Share]) -> tuple[int, Outcome]:
    unit, program, seed = shared
    number, share = task
    if share.kind == "contents":
        return number, run_from_any_contents(unit, program, seed)
    return number, run_sequences(unit, program, _sequences(unit, share, seed), seed)


def _sequences(unit: Design, share: _Share, seed: int) -> Iterator[Sequence]:
    if share.kind == "steady":
        return steady_corners(unit, seed)
    if share.kind == "all":
        return all_pairs(unit, share.first, share.last)
    own = seed if share.index == 0 else (seed, share.index)
    return hard_sequences(unit, share.last - share.first, own)
