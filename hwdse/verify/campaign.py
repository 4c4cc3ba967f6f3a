"""Verification of many units on several targets, by all cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hwdse.pe import Design
from hwdse.synth.yosys import warm_up
from hwdse.verify.check import Verification, verify
from hwdse.verify.processes import in_processes
from hwdse.verify.targets import NETLISTS, RTL, Target

__all__ = ["Run", "plan_runs", "verify_runs"]


@dataclass(frozen=True)
class Run:
    """One unit on one target."""

    unit: Design
    target: Target


@dataclass(frozen=True)
class _Settings:
    vectors: int
    seed: int
    enumerable_bits: int
    formal_seconds: float | None


def plan_runs(units: Sequence[Design], *, full: bool = False) -> list[Run]:
    """What a catalogue is verified on: every unit as RTL, and netlists.

    Args:
        units: The catalogue.
        full: Netlists of all units; by default those of the first unit of each family.
    """
    targets = [Target.named(name) for name in NETLISTS]
    families: set[str] = set()
    runs = []
    for unit in units:
        runs.append(Run(unit, Target(RTL)))
        if full or unit.family not in families:
            runs += [Run(unit, target) for target in targets]
        families.add(unit.family)
    return runs


def verify_runs(
    runs: Sequence[Run],
    *,
    vectors: int,
    seed: int,
    enumerable_bits: int,
    formal_seconds: float | None,
    jobs: int,
    on_done: Callable[[Verification], None],
) -> list[Verification]:
    """Verify every unit on its target; results in the order of ``runs``.

    Args:
        runs: Units and targets.
        vectors, seed, enumerable_bits: As of :func:`hwdse.verify.check.verify`.
        formal_seconds: The same, of the RTL; netlists are compared only.
        jobs: Processes, each of which takes one run after another.
        on_done: Called with every result as it comes.
    """
    warm_up()
    settings = _Settings(vectors, seed, enumerable_bits, formal_seconds)
    results: dict[int, Verification] = {}
    for number, result in in_processes(_verify, list(enumerate(runs)), settings, jobs):
        results[number] = result
        on_done(result)
    return [results[number] for number in range(len(runs))]


def _verify(settings: _Settings, task: tuple[int, Run]) -> tuple[int, Verification]:
    number, run = task
    formal = settings.formal_seconds if run.target.name == RTL else None
    return number, verify(
        run.unit,
        target=run.target,
        vectors=settings.vectors,
        seed=settings.seed,
        enumerable_bits=settings.enumerable_bits,
        formal_seconds=formal,
    )
