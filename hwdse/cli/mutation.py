"""`hwdse mutate`."""

from __future__ import annotations

from hwdse import pe
from hwdse.cli.output import note, print_json, print_table
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError, nearest_hint

__all__ = ["LEAST_RATE", "LEVELS", "mutate_unit"]

LEVELS = ("rtl", "netlist")
# Checks that find fewer faults than this are no checks; the command then fails.
LEAST_RATE = 0.95


def mutate_unit(
    spec: str, *, mutants: int, level: str | None, netlist: str | None, seed: int, json: bool
) -> int:
    """Count the planted faults that the checks find; exit code 1 where they are too few."""
    from hwdse import tech
    from hwdse.verify.mutation import mutate

    level = level or ("rtl" if netlist is None else "netlist")
    if level not in LEVELS:
        raise HwdseError(f"level {level!r} is unknown{nearest_hint(level, LEVELS)}")
    if level == "netlist" and netlist is None:
        raise HwdseError("--level netlist changes a technology's cells; name it with --netlist")
    if level == "rtl" and netlist is not None:
        raise HwdseError(f"--level rtl maps to no technology; drop --netlist {netlist}")
    unit = pe.parse(spec)
    technology = None if netlist is None else tech.load(netlist)
    announce_compilation()
    result = mutate(unit, technology=technology, count=mutants, seed=seed)
    enough = result.rate >= LEAST_RATE
    if json:
        print_json(result.to_json())
        return 0 if enough else 1
    print(
        f"{result.spec} on {result.target}: {result.mutants} mutants, {result.equivalent} of them "
        f"proven equivalent; {result.caught} of {result.mutants - result.equivalent} faults caught "
        f"({result.rate:.1%})"
    )
    print()
    print_table(
        ["kind of fault", "caught", "of"],
        [[kind, caught, faults] for kind, (caught, faults) in result.by_kind.items()],
    )
    for survivor in result.survivors:
        note(f"survived: {survivor.what}; {survivor.why}")
    operands = "all operands and more" if result.enumerated else "corners and random sequences"
    note(f"each fault met up to {result.vectors} elements: {operands}; {result.seconds:.0f} s")
    if not enough:
        note(f"the checks find less than {LEAST_RATE:.0%} of the faults")
    return 0 if enough else 1
