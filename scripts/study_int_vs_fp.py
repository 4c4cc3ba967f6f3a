"""Where integer and floating-point blocks are equally good: measured, published, and explained.

Usage: python scripts/study_int_vs_fp.py [-o DIR] [--values N] [--seed S]

Quantises Gaussian blocks in the four pairs of formats of arXiv 2510.25602 ("INT v.s. FP") and
prints where the two formats of a pair cross, beside the paper's figures and the paper's closed
forms. With -o, draws `int_vs_fp.png` there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from hwdse.errors import HwdseError
from hwdse.report.theme import COLOURS, drawing
from hwdse.theory import PAIRS, Crossover, Experiment, run_experiment

NAMES = {
    "MX8": ("MXINT8", "MXFP8 (E4M3)"),
    "MX6": ("MXINT6", "MXFP6 (E2M3)"),
    "MX4": ("MXINT4", "MXFP4 (E2M1)"),
    "NV4": ("NVINT4", "NVFP4 (E2M1)"),
}

# Third quartile over 10752 tensors of Llama-3.1-8B, as they are and after random Hadamard rotation:
# arXiv 2510.25602, table 2.
REAL_CREST_FACTORS = {32: (2.96, 2.36), 16: (2.39, 2.11)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, help="directory for the figure")
    parser.add_argument("--values", type=int, default=1 << 22, help="numbers to draw per pair")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        found = [
            run_experiment(pair.name, values=arguments.values, seed=arguments.seed)
            for pair in PAIRS
        ]
        small = run_experiment(
            "MX8",
            block=32,
            crest_factors=(1.6, 5.5),
            values=arguments.values,
            seed=arguments.seed,
        )
        print_table(found, small)
        if arguments.output is not None:
            arguments.output.mkdir(parents=True, exist_ok=True)
            path = arguments.output / "int_vs_fp.png"
            draw(found, small, path)
            print(f"wrote {path}", file=sys.stderr)
    except (HwdseError, OSError) as error:
        sys.exit(f"error: {error}")


def print_table(found: list[Experiment], small: Experiment) -> None:
    print("Crossovers (crest factor / dB): integers are ahead below, floats above.\n")
    heads = ("published", "measured", "forms, rho published", "forms, rho measured", "refined")
    print("pair block" + "".join(f"{head:>23}" for head in heads) + f"{'explaining':>12}")
    for one in found:
        cells = (
            shown(one.pair.published, 2),
            shown(one.crossover),
            f"{shown(one.pair.crossover())} ({one.pair.integer.rho:.2f})",
            f"{shown(one.closed_form)} ({one.rho_measured:.3f})",
            shown(one.refined_form),
        )
        explaining = "none" if one.rho_explaining is None else f"{one.rho_explaining:.3f}"
        print(
            f"{one.pair.name:4} {one.block:5}"
            + "".join(f"{cell:>23}" for cell in cells)
            + f"{explaining:>12}"
        )
    lead = small.curve.integer_db - small.curve.minifloat_db
    print(
        f"""
forms: the paper's closed forms, at the rho in brackets
refined: at the measured rho, with 2**(b-1) - 1 integer levels where the paper takes 2**(b-1), and
    significands of uniform logarithm where it takes uniform ones
explaining: the rho at which the paper's forms cross at the measured crest factor

MX8 in blocks of {small.block} has no crossover: at a crest factor of \
{small.curve.crest_factor[-1]:.2f}, of at most {small.block**0.5:.2f},
integers still lead by {lead[-1]:.2f} dB."""
    )


def shown(at: Crossover | None, digits: int = 3) -> str:
    return "none" if at is None else f"{at.crest_factor:.{digits}f} / {at.qsnr_db:.2f}"


def draw(found: list[Experiment], small: Experiment, path: Path) -> None:
    # Here, so that the table needs no drawing library.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with drawing():
        figure = Figure(figsize=(11, 8.2), layout="constrained")
        FigureCanvasAgg(figure)
        for axes, one in zip(figure.subplots(2, 2).flat, found, strict=True):
            draw_pair(axes, one, small if one.pair.name == small.pair.name else None)
        figure.suptitle(
            "Gaussian blocks as integers and as floats "
            "(dotted: third quartile of the crest factors of real tensors)"
        )
        figure.savefig(path, dpi=150)


def draw_pair(axes: Any, one: Experiment, small: Experiment | None) -> None:
    integer_colour, float_colour = COLOURS["frontier"][0], COLOURS["budget0"][0]
    integer_name, float_name = NAMES[one.pair.name]
    refined = one.pair.replace(rho=one.rho_measured, refined=True)
    curve = one.curve
    kappa = np.geomspace(curve.crest_factor[0] * 0.98, curve.crest_factor[-1] * 1.02, 200)
    if small is not None:
        kappa = np.geomspace(small.curve.crest_factor[0] * 0.98, kappa[-1], 300)
        for values, colour in (
            (small.curve.integer_db, integer_colour),
            (small.curve.minifloat_db, float_colour),
        ):
            axes.plot(small.curve.crest_factor, values, "o", mfc="none", mec=colour, ms=4, mew=0.8)
    for model, best, values, colour, name in (
        (one.pair.integer, refined.integer, curve.integer_db, integer_colour, integer_name),
        (one.pair.minifloat, refined.minifloat, curve.minifloat_db, float_colour, float_name),
    ):
        axes.plot(kappa, model.db(kappa), "--", color=colour, lw=1.1)
        axes.plot(kappa, best.db(kappa), "-", color=colour, lw=1.1)
        axes.plot(curve.crest_factor, values, "o", color=colour, ms=4, label=name)
    ink, muted = COLOURS["ink"][0], COLOURS["muted"][0]
    axes.plot([], [], "--", color=muted, lw=1.1, label="the paper's forms, its rho")
    axes.plot([], [], "-", color=muted, lw=1.1, label="refined forms, measured rho")
    axes.plot(
        *one.pair.published,
        "X",
        color=muted,
        ms=9,
        zorder=4,
        ls="none",
        label=f"published: {shown(one.pair.published, 2)} dB",
    )
    if one.crossover is not None:
        label = f"measured: {shown(one.crossover)} dB"
        axes.plot(*one.crossover, "*", color=ink, ms=13, zorder=5, ls="none", label=label)
    plain, rotated = REAL_CREST_FACTORS[16 if one.pair.name == "NV4" else 32]
    for crest, text in ((plain, "Llama-3.1-8B"), (rotated, "rotated")):
        axes.axvline(crest, color=muted, lw=0.9, ls=":", zorder=0)
        axes.text(
            crest,
            0.985 if small is None else 0.3,
            f"{text} ",
            transform=axes.get_xaxis_transform(),
            rotation=90,
            ha="right",
            va="top" if small is None else "bottom",
            fontsize=8,
            color=muted,
        )
    note = "" if small is None else f" (hollow: {small.block})"
    axes.set(
        xlabel="crest factor: largest magnitude / root mean square",
        ylabel="signal to quantisation noise [dB]",
        title=f"{integer_name} and {float_name}, blocks of {one.block}{note}",
    )
    # Where the curves leave room.
    axes.legend(loc="lower left" if small is None else "upper right", fontsize=8.5)


if __name__ == "__main__":
    main()
