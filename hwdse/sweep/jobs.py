"""One point of a space as a job: what a process, or a worker of a cluster, is given to do."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from hwdse import pe, tech
from hwdse.cost.conditions import Conditions
from hwdse.cost.figures import Cost, cost_of
from hwdse.cost.fit.estimate import fpga_estimate, unit_estimate
from hwdse.cost.fpga import PLACER_SEED, FpgaCost, fpga_cost_of
from hwdse.cost.operands import operands
from hwdse.cost.store import Store
from hwdse.errors import ExternalToolError, HwdseError
from hwdse.sweep.space import Point
from hwdse.synth.devices import device
from hwdse.tech.model import Technology

__all__ = ["BATCH_SECONDS", "Outcome", "failed", "run_batch", "run_point"]

# What a worker is given to do at a time: long beside the handing over, short beside a sweep.
BATCH_SECONDS = 0.2

_LONGEST_REASON = 1000


@dataclass(frozen=True)
class Outcome:
    """What came of a point.

    Attributes:
        number: Of the point.
        row: Its figures and keys; None where there are none.
        kind: ``done``; ``refused``: there is no such design, or none that meets the clock;
            ``failed``: something else went wrong.
        reason: Why there are no figures, in one line; "" otherwise.
    """

    number: int
    row: dict[str, Any] | None
    kind: Literal["done", "refused", "failed"] = "done"
    reason: str = ""


def run_batch(points: tuple[Point, ...], distribution: str) -> tuple[Outcome, ...]:
    """Cost points one after the other, until the time for a batch is over: at least the first.

    Args:
        points: The points, at least one.
        distribution: Operands of the energy figures.

    Returns:
        Outcomes of the first of the points, in order.
    """
    end = time.perf_counter() + BATCH_SECONDS
    found = []
    for point in points:
        found.append(run_point(point, distribution))
        if time.perf_counter() > end:
            break
    return tuple(found)


def run_point(point: Point, distribution: str) -> Outcome:
    """Cost one point; whatever stands in its way is its outcome, and no error.

    Args:
        point: The point.
        distribution: Operands of the energy figure.
    """
    try:
        return Outcome(point.number, _row(point, distribution))
    except ExternalToolError as error:
        return failed(point, str(error))
    except HwdseError as error:
        return Outcome(point.number, None, "refused", _one_line(str(error)))
    except Exception as error:
        # One design's fault must not end the sweep.
        return failed(point, f"{type(error).__name__}: {error}")


def failed(point: Point, reason: str) -> Outcome:
    """The outcome of a point that something went wrong with."""
    return Outcome(point.number, None, "failed", _one_line(reason))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_REASON]


def _row(point: Point, distribution: str) -> dict[str, Any]:
    design = pe.parse(point.spec)
    cost: Cost | FpgaCost
    fitted = point.source == "fit"
    how: dict[str, Any]
    if point.dsp is None:
        library = _technology(point.technology)
        conditions = Conditions(operands(distribution), point.clock_ns)
        if fitted:
            cost = Cost(**unit_estimate(design, library, conditions))
        else:
            cost = cost_of(design, library, conditions, Store())
        how = {"clock_ns": point.clock_ns, "recipe": cost.provenance.get("recipe")}
    else:
        where = device(point.technology)
        if fitted:
            cost = FpgaCost(**fpga_estimate(design, where))
        else:
            cost = fpga_cost_of(
                design, where, dsp=point.dsp, place=point.place, seed=PLACER_SEED, store=Store()
            )
        how = {"dsp_blocks": cost.provenance["dsp_blocks"]}
    return {
        "spec": cost.spec,
        "family": design.family,
        **design.key_values,
        "tech": cost.tech,
        **how,
        **{k: v for k, v in cost.to_json().items() if k not in ("spec", "tech", "provenance")},
        "rtlil_sha256": cost.provenance.get("rtlil_sha256"),
    }


@lru_cache(maxsize=16)
def _technology(name: str) -> Technology:
    return tech.load(os.fspath(name))
