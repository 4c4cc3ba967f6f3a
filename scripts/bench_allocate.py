"""Time the knapsack solver against PuLP with CBC, HiGHS and, where installed, ModelOpt's solver.

    python scripts/bench_allocate.py [--groups 1000] [--options 8] [--budgets 2] [--seeds 3]
    python scripts/bench_allocate.py --large --frontier --again

All solve the same instances in one run; the ratios are of seconds. The general solvers get columns
scaled to a range of 4096 and the strictest gap that they accept, and their answers are costed in
whole numbers: an answer that is worse than the proven optimum, or beyond a limit, is marked.
Nothing is asserted: figures depend on the machine.

Instances: `losses` (log-uniform losses that fall with the bits, log-normal parameters and MACs, as
in mixed-precision search) and the kinds of Pisinger, "A Minimal Algorithm for the Multiple-Choice
Knapsack Problem", 1995. All are of whole numbers of up to 15 digits unless `--digits` says less.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import time
from dataclasses import replace

import numpy as np

from hwdse.allocate.knapsack import Knapsack, frontier, prepare, solve, supported

KINDS = ("losses", "uncorrelated", "weak", "strong", "subset-sum", "identical")


def instance(kind, groups, options, budgets, seed, digits=15, part=0.3):
    """Limits lie at `part` of each usage's range."""
    rng = np.random.default_rng(seed)
    most = max(10, 10**digits // groups)
    if kind == "losses":
        bits = np.linspace(2, 16, options)
        scale = 10 ** rng.uniform(-6, 0, (groups, 1))
        loss = scale * np.exp(-rng.uniform(0.3, 0.8, (groups, 1)) * bits)
        loss = loss * rng.lognormal(0, 0.1, (groups, options))
        params = np.round(rng.lognormal(12, 1.2, (groups, 1)))
        macs = np.round(rng.lognormal(16, 1.2, (groups, 1)))
        energy = macs * bits**1.2 * rng.lognormal(0, 0.05, (groups, options))
        cost = np.round(loss / loss.max() * most)
        usage = [params * bits, energy, (params + macs) * bits][:budgets]
        usage = [np.round(u).astype(np.int64) for u in usage]
    else:
        usage = [np.sort(rng.integers(1, most, (groups, options)), axis=1) for _ in range(budgets)]
        if kind == "uncorrelated":
            cost = -rng.integers(1, most, (groups, options))
        elif kind == "weak":
            cost = -(usage[0] + rng.integers(-most // 10, most // 10, (groups, options)))
        elif kind == "strong":
            cost = -(usage[0] + most // 10)
        elif kind == "subset-sum":
            cost = -usage[0]
        else:
            repeats = (-(-groups // 5), 1)
            cost = -np.tile(rng.integers(1, most, (5, options)), repeats)[:groups]
            usage = [np.tile(u[:5], repeats)[:groups] for u in usage]
    limits = [int((1 - part) * u.min(axis=1).sum() + part * u.max(axis=1).sum()) for u in usage]
    return Knapsack(
        np.arange(0, groups * options + 1, options, dtype=np.int64),
        cost.ravel().astype(np.int64),
        np.array([u.ravel() for u in usage], dtype=np.int64),
        np.array(limits, dtype=np.int64),
    )


def scaled(problem):
    """Group of each option, cost, usages and limits, as a careful user would scale them."""
    group = np.repeat(np.arange(len(problem.first) - 1), np.diff(problem.first))

    def shift(column):
        low = np.minimum.reduceat(column, problem.first[:-1])
        above = column - low[group]
        return above / max(1, above.max()) * 4096, int(low.sum()), max(1, above.max()) / 4096

    cost, _, _ = shift(problem.cost)
    columns = [shift(row) for row in problem.usage]
    usage = np.array([c for c, _, _ in columns])
    limit = np.array(
        [(m - low) / unit for m, (_, low, unit) in zip(problem.limit, columns, strict=True)]
    )
    return group, cost, usage, limit


def by_highs(problem, limit_s):
    from scipy.optimize import LinearConstraint, milp
    from scipy.sparse import csr_array

    group, cost, usage, limit = scaled(problem)
    one_each = csr_array((np.ones(len(cost)), (group, np.arange(len(cost)))))
    result = milp(
        cost,
        constraints=[LinearConstraint(one_each, 1, 1), LinearConstraint(usage, -np.inf, limit)],
        integrality=np.ones(len(cost)),
        bounds=(0, 1),
        options={"mip_rel_gap": 0.0, "time_limit": limit_s},
    )
    return None if result.x is None else np.flatnonzero(result.x > 0.5)


def by_cbc(problem, limit_s):
    import pulp

    _, cost, usage, limit = scaled(problem)
    model = pulp.LpProblem("knapsack", pulp.LpMinimize)
    take = [pulp.LpVariable(f"x{i}", cat="Binary") for i in range(len(cost))]
    model += pulp.lpSum(c * x for c, x in zip(cost.tolist(), take, strict=True))
    for begin, end in zip(problem.first[:-1], problem.first[1:], strict=True):
        model += pulp.lpSum(take[begin:end]) == 1
    for row, most in zip(usage.tolist(), limit.tolist(), strict=True):
        model += pulp.lpSum(u * x for u, x in zip(row, take, strict=True)) <= most
    model.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=limit_s, gapRel=0.0, threads=1))
    return np.array([i for i, x in enumerate(take) if (x.value() or 0) > 0.5])


def by_modelopt(problem, limit_s):
    """ModelOpt's own search, on whole numbers as its users give them: lists of scores and costs."""
    import pulp

    searcher = importlib.import_module("modelopt.torch.opt.searcher")

    def lists(column):
        return [part.tolist() for part in np.split(column, problem.first[1:-1])]

    solver = searcher.LPS(
        name="weight",
        constraints={f"budget{i}": float(most) for i, most in enumerate(problem.limit)},
        constraints_to_candidate_costs={
            f"budget{i}": lists(row) for i, row in enumerate(problem.usage)
        },
        candidate_scores=lists(problem.cost),
        objective_type="minimize",
        verbose=False,
    )
    # As it is, but stopped in time.
    solver.solver = pulp.PULP_CBC_CMD(msg=False, timeLimit=limit_s)
    chosen, _ = solver()
    return problem.first[:-1] + np.array(chosen)


def verdict(problem, options, best):
    """The chosen options' cost against the optimum, in whole numbers."""
    if options is None or len(options) != len(problem.first) - 1:
        return "no answer"
    over = problem.usage[:, options].sum(axis=1) - problem.limit
    worse = int(problem.cost[options].sum()) - best
    text = f"{worse / max(1, abs(best)):+.1e}"
    return text + (" beyond a limit" if over.max() > 0 else "")


def timed(function, *arguments):
    begin = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - begin


def compare(arguments):
    rivals = {"HiGHS": by_highs, "PuLP+CBC": by_cbc}
    try:
        importlib.import_module("modelopt.torch.opt.searcher")
        rivals["ModelOpt"] = by_modelopt
    except ImportError:
        print("ModelOpt is not installed: left out")
    for kind in arguments.kinds:
        for seed in range(arguments.seeds):
            problem = instance(
                kind,
                arguments.groups,
                arguments.options,
                arguments.budgets,
                seed,
                arguments.digits,
                arguments.part,
            )
            deadline = time.monotonic() + arguments.time_limit
            outcome, seconds = timed(lambda p=problem, d=deadline: solve(p, deadline=d))
            gap = (outcome.cost - outcome.bound) / max(1, abs(outcome.cost))
            line = f"{kind:13} seed {seed}: {seconds:8.3f} s {outcome.status} (gap {gap:.1e})"
            for name, rival in rivals.items():
                options, taken = timed(rival, problem, arguments.time_limit)
                found = verdict(problem, options, outcome.cost)
                line += f" | {name} {taken / seconds:7.1f}x, {found}"
            print(line, flush=True)


def again(arguments):
    """Solve at other limits from one prepared state."""
    for kind in arguments.kinds:
        problem = instance(kind, arguments.groups, arguments.options, arguments.budgets, 0)
        state, preparing = timed(prepare, problem)
        spans = []
        for part in np.linspace(0.1, 0.9, 17):
            limit = instance(
                kind, arguments.groups, arguments.options, arguments.budgets, 0, part=part
            ).limit
            other = replace(problem, limit=limit)
            deadline = time.monotonic() + arguments.time_limit
            outcome, seconds = timed(
                lambda p=other, d=deadline, s=state: solve(p, warm=s, deadline=d)
            )
            spans.append((seconds, outcome.status))
        times = sorted(s for s, _ in spans)
        proven = sum(status == "optimal" for _, status in spans)
        print(
            f"{kind:13} prepared in {preparing * 1e3:.0f} ms; again: median "
            f"{times[len(times) // 2] * 1e3:.0f} ms, slowest {times[-1] * 1e3:.0f} ms, "
            f"{proven} of {len(spans)} proven",
            flush=True,
        )


def large():
    for kind in ("losses", "uncorrelated", "weak"):
        problem = instance(kind, 1_000_000, 8, 1, 0)
        outcome, seconds = timed(lambda p=problem: solve(p, relative_gap=1e-6))
        gap = (outcome.cost - outcome.bound) / max(1, abs(outcome.cost))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{kind:13} 1e6 x 8 x 1: {seconds:.2f} s, certified gap {gap:.1e}, {peak:.2f} GB",
            flush=True,
        )


def frontiers():
    for kind in KINDS:
        problem = instance(kind, 100, 6, 1, 0)
        columns = (problem.first, problem.cost, problem.usage[0])
        points, seconds = timed(frontier, *columns)
        corners, quick = timed(supported, *columns)
        number = "too many points" if points is None else f"{len(points.cost)} points"
        print(
            f"{kind:13} 100 x 6 x 1: {number} in {seconds:.2f} s, "
            f"{len(corners.cost)} supported in {quick * 1e3:.1f} ms",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--groups", type=int, default=1000)
    parser.add_argument("--options", type=int, default=8)
    parser.add_argument("--budgets", type=int, default=2)
    parser.add_argument("--digits", type=int, default=15)
    parser.add_argument("--part", type=float, default=0.3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--large", action="store_true", help="1e6 groups, one budget, gap 1e-6")
    parser.add_argument("--frontier", action="store_true", help="exact frontiers")
    parser.add_argument("--again", action="store_true", help="solve again at other limits")
    arguments = parser.parse_args()
    solve(instance("uncorrelated", 50, 4, 2, 0))  # imports done
    if arguments.large:
        large()
    if arguments.frontier:
        frontiers()
    if arguments.again:
        again(arguments)
    if not (arguments.large or arguments.frontier or arguments.again):
        compare(arguments)


if __name__ == "__main__":
    main()
