"""How far the fitted model is off for designs that it was not fitted to.

    python scripts/validate_fit.py [TECHNOLOGY...]

Leaves out, and fits anew each time: a fifth of the designs at random; every width of weights in
turn (all designs whose weights have that many bits); every family in turn. Prints the mean absolute
relative error of each figure, how many designs the 90 % intervals cover, and the designs that are
worst off. Beside them: by how much syntheses of units differ that are the same but for the order of
their operands, which no count of gates tells apart; and the area of a first-principles count of
gates where it applies.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hwdse import pe, tech
from hwdse.cost.fit.model import FIGURES, Characterisation, characterisation, names
from hwdse.cost.fit.regression import Problem, choose, solve
from hwdse.cost.gate_count import gate_count_cost
from hwdse.errors import HwdseError
from hwdse.synth.devices import is_device

# What the project asks for, as mean absolute relative error.
TARGETS = {
    "area_um2": 0.03,
    "delay_ps": 0.06,
    "dynamic_fj_per_cycle": 0.08,
    "luts": 0.05,
}
_SEED = 8
_WORST = 5
# Estimates whose intervals are as narrow are looked at by themselves.
_SURE = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("technologies", nargs="*", default=names())
    for technology in parser.parse_args().technologies:
        known = characterisation(technology)
        print(f"\n{technology}: {len(known.columns['spec'])} designs")
        for figure in known.figures:
            if figure in TARGETS:
                validate(known, figure)
                exchanged(known, figure)
        if not is_device(technology):
            baseline(known)


def validate(known: Characterisation, figure: str) -> None:
    """Print the errors of one figure."""
    problem = FIGURES[figure].problem(known, figure)
    families = np.asarray(known.columns["family"], dtype=str)
    print(f"  {figure} (asked for: {TARGETS[figure]:.0%})")
    for name, splits in (
        ("a fifth at random", random_fifths(len(families))),
        ("widths of weights", widths(known)),
        ("families", each_value(families)),
    ):
        errors, covered, sure = np.zeros(0), np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        left_out: list[str] = []
        parts = []
        for label, out in splits:
            found, inside, narrow = errors_of(problem, families, out)
            errors, covered = np.append(errors, found), np.append(covered, inside)
            sure = np.append(sure, narrow)
            left_out += list(known.columns["spec"][out])
            parts.append(f"{label} {np.abs(found).mean():.1%} ({inside.mean():.0%})")
        print(
            f"    {name:18s} MAPE {np.abs(errors).mean():6.2%}, median "
            f"{np.median(np.abs(errors)):6.2%}, covered {covered.mean():.0%} of {len(errors)}"
        )
        if sure.any():
            print(
                f"      with intervals within {_SURE:.0%} ({sure.mean():.0%} of them): MAPE "
                f"{np.abs(errors[sure]).mean():.2%}"
            )
        if name != "a fifth at random":
            print("      " + ", ".join(parts))
        for at in np.argsort(-np.abs(errors))[:_WORST]:
            print(f"        {errors[at]:+7.1%} {left_out[at]}")


def errors_of(
    problem: Problem, families: NDArray[np.str_], out: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Relative errors of designs left out, whether intervals cover them, and which are narrow."""
    rest = problem.without(out)
    groups = np.unique(families[~out], return_inverse=True)[1]
    found = solve(rest, choose(rest, groups)).estimate(problem.counts[out])
    true = problem.figures[out]
    covered = (found.low <= true) & (true <= found.high)
    return found.value / true - 1, covered, found.high <= (1 + _SURE) * found.value


def random_fifths(count: int) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Each design in one of five parts."""
    part = np.random.default_rng(_SEED).integers(0, 5, count)
    for each in range(5):
        yield str(each), part == each


def widths(known: Characterisation) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Designs by the bits of their weights."""
    bits = []
    for spec in known.columns["spec"]:
        design = pe.parse(str(spec))
        bits.append(str(design.operands[0].format.bits))
    return each_value(np.array(bits))


def each_value(labels: NDArray[np.str_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Designs by label, of labels that several have."""
    for label in np.unique(labels):
        if (labels == label).sum() > 1:
            yield str(label), labels == label


def exchanged(known: Characterisation, figure: str) -> None:
    """Print how far a figure is from its mean over a unit and the one with exchanged operands."""
    true = dict(zip(known.columns["spec"], known.column(figure), strict=True))
    ratios = []
    for spec in true:
        # Booth's recoding is of one operand.
        match = re.fullmatch(r"((?:mac|dot):)w=([^,]+),a=([^,]+),(?!.*mul=booth)(.*)", spec)
        if match and match[2] < match[3]:
            other = f"{match[1]}w={match[3]},a={match[2]},{match[4]}"
            if other in true:
                ratios.append(true[other] / true[spec])
    if ratios:
        errors = np.abs(np.tanh(np.log(ratios) / 2))
        print(
            f"    no count explains: {errors.mean():.2%}, median {np.median(errors):.2%}, of "
            f"{len(errors)} pairs of units with exchanged operands from their mean"
        )


def baseline(known: Characterisation) -> None:
    """Print how far a count of gates is off that nothing is fitted in."""
    technology = tech.load(known.technology)
    ratios = []
    for spec, area in zip(known.columns["spec"], known.columns["area_um2"], strict=True):
        try:
            counted = gate_count_cost(pe.parse(str(spec)), technology)
        except HwdseError:
            continue
        ratios.append(counted["area_um2"] / area)
    if ratios:
        found = np.array(ratios)
        print(
            f"  first-principles count of gates (no registers, nothing fitted): {len(found)} "
            f"designs, area over synthesis {np.median(found):.2f} in the median, "
            f"{found.min():.2f} to {found.max():.2f}"
        )


if __name__ == "__main__":
    main()
