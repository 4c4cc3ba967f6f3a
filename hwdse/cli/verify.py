"""`hwdse verify`: one unit on one target, or the catalogue as a table of what is proven and how."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hwdse import pe
from hwdse.cli.output import note, print_json, print_table, progress
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError

if TYPE_CHECKING:
    from hwdse.verify.check import Verification

__all__ = ["verify_catalogue", "verify_unit"]


def verify_unit(
    spec: str,
    *,
    vectors: int,
    netlist: str | None,
    exhaustive: bool,
    seed: int,
    formal_seconds: float | None,
    jobs: int | None,
    json: bool,
) -> int:
    """Verify one unit; exit code 1 where something is wrong, 4 where a proof did not end."""
    from hwdse.verify.check import verify
    from hwdse.verify.targets import RTL, Target

    unit = pe.parse(spec)
    target = Target.named(netlist or RTL)
    bits = _enumerable_bits(unit, exhaustive=exhaustive)
    announce_compilation()
    with progress(100) as step:
        shown = 0

        def advance(fraction: float) -> None:
            nonlocal shown
            for _ in range(int(100 * fraction) - shown):
                step("% of the elements compared")
            shown = int(100 * fraction)

        result = verify(
            unit,
            target=target,
            vectors=vectors,
            seed=seed,
            enumerable_bits=bits,
            formal_seconds=formal_seconds,
            jobs=jobs or os.cpu_count() or 1,
            on_progress=advance,
        )
    if json:
        print_json(result.to_json())
    else:
        _print([result])
    return _exit_code([result])


def verify_catalogue(
    *,
    vectors: int,
    netlist: str | None,
    full: bool,
    seed: int,
    formal_seconds: float | None,
    jobs: int | None,
    json: bool,
) -> int:
    """Verify a unit of every kind, and list the parts that are proven by themselves."""
    from hwdse.verify.campaign import Run, plan_runs, verify_runs
    from hwdse.verify.catalogue import CATALOGUE
    from hwdse.verify.parts import PARTS
    from hwdse.verify.stimulus import ENUMERABLE_BITS
    from hwdse.verify.targets import Target

    units = [pe.parse(spec) for spec in CATALOGUE]
    if netlist is None:
        runs = plan_runs(units, full=full)
    else:
        runs = [Run(unit, Target.named(netlist)) for unit in units]
    announce_compilation()
    with progress(len(runs)) as step:
        results = verify_runs(
            runs,
            vectors=vectors,
            seed=seed,
            enumerable_bits=ENUMERABLE_BITS,
            formal_seconds=formal_seconds,
            jobs=jobs or os.cpu_count() or 1,
            on_done=lambda result: step(f"{result.spec} on {result.target}"),
        )
    if json:
        print_json([result.to_json() for result in results])
    else:
        _print(results)
        print()
        print_table(
            ["part that is proven by itself", "how", "where"],
            [[part.name, part.method, part.test] for part in PARTS],
        )
    return _exit_code(results)


def _enumerable_bits(unit: pe.Design, *, exhaustive: bool) -> int:
    from hwdse.verify.check import EXHAUSTIVE_BITS
    from hwdse.verify.stimulus import ENUMERABLE_BITS, operand_bits

    if not exhaustive:
        return ENUMERABLE_BITS
    bits = operand_bits(unit)
    if not unit.enumerable:
        raise HwdseError(
            f"{unit.canonical} has results that one element alone does not decide, so enumerating "
            "elements proves nothing; leave --exhaustive out for corners and random sequences"
        )
    if bits > EXHAUSTIVE_BITS:
        raise HwdseError(
            f"{unit.canonical} has {bits} operand bits, and --exhaustive goes up to "
            f"{EXHAUSTIVE_BITS}; leave it out for corners and random sequences"
        )
    return EXHAUSTIVE_BITS


def _print(results: list[Verification]) -> None:
    """Specs come last: they are long, and of any length."""
    print_table(
        ["target", "bits", "vectors", "mismatches", "seconds", "how", "spec"],
        [
            [r.target, r.input_bits, r.vectors, r.mismatches, r.seconds, r.method, r.spec]
            for r in results
        ],
    )
    for spec, parts in {r.spec: r.parts for r in results if r.parts}.items():
        print()
        rows = [["proven" if p.test else "tested", p.part, p.size] for p in parts]
        print_table(["evidence", "part", f"as it is in {spec}"], rows)


def _exit_code(results: list[Verification]) -> int:
    for result in results:
        if result.mismatches:
            note(f"{result.spec} on {result.target}: {result.first_mismatch}")
        for claim in result.claims:
            verdict = {True: "proven", False: "DISPROVEN", None: "not decided in time"}
            shown = f": {claim.counterexample}" if claim.counterexample else ""
            note(f"{result.spec}: {claim.claim}: {verdict[claim.proved]} ({claim.method}){shown}")
        for name, why in result.untried.items():
            note(f"{result.spec}: {name}: no proof tried, tested only: {why}")
    if any(result.disproved for result in results):
        return 1
    undecided = any(claim.proved is None for result in results for claim in result.claims)
    return 4 if undecided else 0
