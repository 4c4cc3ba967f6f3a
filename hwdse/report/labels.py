"""Where to put the labels of points so that they cover neither one another nor what is drawn.

Plain geometry, in any one unit of length, x to the right and y up.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scene", "group_near", "nearest_on_box", "place_labels", "staircase"]

Floats: TypeAlias = NDArray[np.float64]

_GAP = 5.0  # from a point to its label where that fits
_CLOSE = 14.0  # closer than this a label may be taken for that of a point
_PAD = 1.5  # around a label
_RINGS = (0.0, 5.0, 11.0, 18.0, 27.0, 38.0, 52.0, 70.0, 92.0)
_GRID = (13, 21)  # further places over all of the panel, for when it is crowded
_SAMPLES = 12
_ROUNDS = 6

# Costs. The unit is a length between a point and its label.
_OVER_LABEL = 2000.0
_OUTSIDE = 500.0
_OVER_POINT = 60.0
_OVER_WALL = 60.0
_BY_ANOTHER = 12.0
_NEARER_ANOTHER = 30.0
_OFF_CENTRE = 0.12  # per length between the centre of a label and its point
_LEADER_OVER_LABEL = 250.0
_LEADER_OVER_POINT = 15.0
_LEADERS_CROSS = 80.0


@dataclass(frozen=True)
class Scene:
    """What a panel holds beside its labels.

    Attributes:
        bounds: Left, bottom, right and top of the panel.
        points: Centres of the marks, of shape (n, 2).
        clearance: Radius around each of them to be kept free, of shape (n,).
        walls: Horizontal and vertical strokes of a curve as (left, bottom, right, top), shape
            (m, 4).
    """

    bounds: tuple[float, float, float, float]
    points: Floats
    clearance: Floats
    walls: Floats


def group_near(points: Floats, *, distance: float) -> list[list[int]]:
    """Indices of points that lie within a distance of the first of their group."""
    groups: list[list[int]] = []
    for at, point in enumerate(points):
        for group in groups:
            if np.hypot(*(points[group[0]] - point)) <= distance:
                group.append(at)
                break
        else:
            groups.append([at])
    return groups


def nearest_on_box(centre: Floats, size: Floats, point: Floats) -> Floats:
    """The point of a box that is nearest to a given point."""
    return np.clip(point, centre - size / 2, centre + size / 2)


def place_labels(anchors: Floats, sizes: Floats, scene: Scene) -> Floats:
    """The centres of the labels, of shape (n, 2): near their points and clear of everything.

    Each label takes the cheapest of many places given those of the others, in turn, until none
    would move. That is done in several orders, and the cheapest end kept. The same input gives the
    same places.

    Args:
        anchors: The points that the labels belong to, of shape (n, 2).
        sizes: Width and height of each label.
        scene: What else is there.
    """
    count = len(anchors)
    padded = sizes + 2 * _PAD
    places = [_candidates(anchors[i], padded[i], scene.bounds) for i in range(count)]
    leaders = [nearest_on_box(places[i], padded[i], anchors[i]) for i in range(count)]
    fixed = [
        _fixed_cost(anchors[i], padded[i], places[i], scene=scene)
        + _doubt(anchors[i], padded[i], places[i], others=np.delete(anchors, i, axis=0))
        for i in range(count)
    ]

    def cost_of(i: int, chosen: Sequence[int]) -> Floats:
        cost = fixed[i].copy()
        for j in range(count):
            if j == i or chosen[j] < 0:
                continue
            at, tip = places[j][chosen[j]], leaders[j][chosen[j]]
            room = (padded[i] + padded[j]) / 2 - np.abs(places[i] - at)
            over = np.all(room > 0, axis=1)
            cost += np.where(over, _OVER_LABEL + room.clip(0).prod(axis=1), 0.0)
            cost += _LEADER_OVER_LABEL * _enters(anchors[i], leaders[i], at, padded[j])
            cost += _LEADER_OVER_LABEL * _covers(places[i], padded[i], anchors[j], tip)
            cost += _LEADERS_CROSS * _crosses(anchors[i], leaders[i], anchors[j], tip)
        return cost

    best: tuple[float, list[int]] = (np.inf, [])
    for order in _orders(anchors, sizes):
        chosen = [-1] * count
        for _ in range(_ROUNDS):
            before = chosen.copy()
            for i in order:
                chosen[i] = int(np.argmin(cost_of(i, chosen)))
            if chosen == before:
                break
        total = sum(float(cost_of(i, chosen)[chosen[i]]) for i in range(count))
        if total < best[0]:
            best = (total, chosen)
        if total <= 1.001 * sum(float(one.min()) for one in fixed):
            break
    return np.array([places[i][at] for i, at in enumerate(best[1])]).reshape(count, 2)


def _orders(anchors: Floats, sizes: Floats) -> list[list[int]]:
    """Orders to place labels in; what the first ones take can leave the others badly off."""
    across, down = anchors[:, 0], anchors[:, 1]
    keys = (-sizes.prod(axis=1), across, -across, down, -down)
    return [[int(i) for i in np.lexsort((across, -down, key))] for key in keys]


def _candidates(anchor: Floats, size: Floats, bounds: tuple[float, float, float, float]) -> Floats:
    angles = np.arange(24) * (np.pi / 12)
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    # The label touches the ring from outside: beside it, above it or at a corner.
    rings = [
        anchor + ways * (_GAP - _PAD + ring) + np.clip(ways * 1.6, -1, 1) * size / 2
        for ring in _RINGS
    ]
    left, bottom, right, top = bounds
    xs = np.linspace(left + size[0] / 2, max(right - size[0] / 2, left + size[0] / 2), _GRID[0])
    ys = np.linspace(bottom + size[1] / 2, max(top - size[1] / 2, bottom + size[1] / 2), _GRID[1])
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    return np.concatenate([*rings, grid])


def _fixed_cost(anchor: Floats, size: Floats, places: Floats, *, scene: Scene) -> Floats:
    """What each place costs whatever the other labels do."""
    low, high = places - size / 2, places + size / 2
    left, bottom, right, top = scene.bounds
    tips = nearest_on_box(places, size, anchor)
    cost: Floats = np.hypot(*(tips - anchor).T)
    beyond = (
        (left - low[:, 0]).clip(0)
        + (bottom - low[:, 1]).clip(0)
        + (high[:, 0] - right).clip(0)
        + (high[:, 1] - top).clip(0)
    )
    cost = cost + _OUTSIDE * (beyond > 0) + 10 * beyond
    if len(scene.points):
        near = nearest_on_box(places[:, None], size, scene.points[None])
        away = np.hypot(*np.moveaxis(near - scene.points[None], -1, 0))
        cost = cost + _OVER_POINT * (away < scene.clearance).sum(axis=1)
        apart = np.hypot(*(scene.points - anchor).T) > scene.clearance
        others = scene.points[apart]
        if len(others):
            path = _along(anchor, tips)
            gap = np.hypot(*np.moveaxis(path[:, :, None] - others[None, None], -1, 0))
            touched = (gap < scene.clearance[apart]).any(axis=1).sum(axis=1)
            cost = cost + _LEADER_OVER_POINT * touched
    if len(scene.walls):
        wide = np.minimum(high[:, None, 0], scene.walls[None, :, 2]) - np.maximum(
            low[:, None, 0], scene.walls[None, :, 0]
        )
        tall = np.minimum(high[:, None, 1], scene.walls[None, :, 3]) - np.maximum(
            low[:, None, 1], scene.walls[None, :, 1]
        )
        inside = (wide >= 0) & (tall >= 0)
        cost = cost + (_OVER_WALL * inside + np.where(inside, wide + tall, 0)).sum(axis=1)
    return cost


def _doubt(anchor: Floats, size: Floats, places: Floats, *, others: Floats) -> Floats:
    """What each place costs for being hard to tell from a label of another point."""
    cost: Floats = _OFF_CENTRE * np.hypot(*(places - anchor).T)
    if len(others):
        own = np.hypot(*(places - anchor).T)[:, None]
        rival = np.hypot(*np.moveaxis(places[:, None] - others[None], -1, 0))
        near = nearest_on_box(places[:, None], size, others[None]) - others[None]
        close = np.hypot(*np.moveaxis(near, -1, 0)) < _CLOSE
        cost = cost + _BY_ANOTHER * np.any(close, axis=1)
        cost = cost + _NEARER_ANOTHER * np.any(close & (rival < own + 4.0), axis=1)
    return cost


def _along(anchor: Floats, tips: Floats) -> Floats:
    """Points along each leader, both ends left out: shape (leaders, samples, 2)."""
    steps = np.linspace(0, 1, _SAMPLES + 2)[1:-1, None]
    return np.asarray(anchor + steps * (tips[:, None] - anchor))


def _enters(anchor: Floats, tips: Floats, centre: Floats, size: Floats) -> NDArray[np.bool_]:
    """Which of the leaders pass through a box."""
    inside = np.abs(_along(anchor, tips) - centre) < size / 2
    return np.asarray(np.any(np.all(inside, axis=2), axis=1))


def _covers(places: Floats, size: Floats, anchor: Floats, tip: Floats) -> NDArray[np.bool_]:
    """Which of the boxes lie on one leader."""
    path = _along(anchor, tip[None])[0]
    inside = np.abs(path[None] - places[:, None]) < size / 2
    return np.asarray(np.any(np.all(inside, axis=2), axis=1))


def _crosses(anchor: Floats, tips: Floats, other: Floats, tip: Floats) -> NDArray[np.bool_]:
    """Which of the leaders cross one other."""

    def side(a: Floats, b: Floats, c: Floats) -> Floats:
        ab, ac = b - a, c - a
        return np.asarray(ab[..., 0] * ac[..., 1] - ab[..., 1] * ac[..., 0])

    apart = side(other, tip, anchor) * side(other, tip, tips) < 0
    return np.asarray(apart & (side(anchor, tips, other) * side(anchor, tips, tip) < 0))


def staircase(points: Sequence[tuple[float, float]]) -> Floats:
    """The strokes of the staircase through points that ascend in x, as `Scene.walls`."""
    walls = []
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        walls.append((min(x0, x1), y0, max(x0, x1), y0))
        walls.append((x1, min(y0, y1), x1, max(y0, y1)))
    return np.array(walls, dtype=np.float64).reshape(-1, 4)
