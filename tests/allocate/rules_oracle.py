"""Every combination under rules, in fractions; shares no code with the allocator."""

from __future__ import annotations

import itertools
from fractions import Fraction

from .allocate_oracle import number


def assignments(table, rules):
    """Every assignment that the rules allow, with its rows."""
    rows = {}
    for record in table.to_dict("records"):
        rows.setdefault(record["layer"], {})[record["option"]] = record
    layers = list(rows)
    for options in itertools.product(*(rows[layer] for layer in layers)):
        taken = dict(zip(layers, options, strict=True))
        if lawful(taken, rows, rules):
            yield taken, {layer: rows[layer][taken[layer]] for layer in layers}


def lawful(taken, rows, rules):
    ties = {}
    for layer, option in taken.items():
        tie = next(iter(rows[layer].values())).get("tie", "")
        if tie and ties.setdefault(tie, option) != option:
            return False
    for some in rules.ties:
        if len({taken[layer] for layer in some}) > 1:
            return False
    for layer, allowed in rules.allow.items():
        if taken[layer] not in allowed:
            return False
    for layer, barred in rules.forbid.items():
        if taken[layer] in barred:
            return False
    return all(
        taken[i.layer] not in i.options or taken[i.then_layer] in i.then_options
        for i in rules.implications
    )


def value(measure, taken, rows, rules):
    """A measure given as (kind, column, weight, layers or None)."""
    kind, column, weight, layers = measure
    inside = [layer for layer in rows if layers is None or layer in layers]
    figures = [number(rows[layer][column]) for layer in inside]
    if kind == "max":
        return max(figures)
    if kind == "min":
        return min(figures)
    if kind == "avg":
        weights = [number(rows[layer][weight]) if weight else Fraction(1) for layer in inside]
        return sum(f * w for f, w in zip(figures, weights, strict=True)) / sum(weights)
    total = sum(figures)
    for edge in rules.conversions:
        if edge.layer in inside and edge.next_layer in inside:
            costs = edge.costs.get((taken[edge.layer], taken[edge.next_layer]), {})
            total += number(costs.get(column, 0.0))
    return total


def text(measure, sets):
    kind, column, weight, layers = measure
    inner = f"{column},{weight}" if weight else column
    shown = inner if kind == "sum" else f"{kind}({inner})"
    if layers is None:
        return shown
    return f"{shown}[{next(name for name, some in sets.items() if some == layers)}]"


def best(table, budgets, objectives, rules):
    """The best values of the objectives in turn, or None."""
    found = []
    for taken, rows in assignments(table, rules):
        if all(
            value(m, taken, rows, rules) <= limit
            if sense == "<="
            else value(m, taken, rows, rules) >= limit
            for m, sense, limit in budgets
        ):
            found.append(
                tuple(
                    (-1 if maximize else 1)
                    * sum(w * value(m, taken, rows, rules) for w, m in terms)
                    for maximize, terms in objectives
                )
            )
    return min(found, default=None)
