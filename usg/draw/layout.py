"""Where cards and labels go, so that none covers another.

Objects are rectangles (cards) and so are the labels of relations, each a body between its subject and its object. The
bodies start at the places of the objects in the picture, or from NetworkX's spring layout, are drawn together by
springs and pushed off each other and off the lines of others; what still overlaps at the end is moved apart, and the
whole is widened until nothing does. Lines are led around bodies (usg/draw/route.py). Of several starts the one with
the fewest lines over bodies and crossings is taken.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from usg.draw.route import crossings, curves, hits, own_bodies, reroute

Array = NDArray[np.float64]
_STEPS = 120
_GAP = 34.0
_STARTS = 5


def place(sizes: Array, ends: NDArray[np.int64], anchors: Array | None = None) -> Array:
    """Centres of cards and labels, none overlapping.

    Args:
        sizes: `(c + r, 2)` width and height in pixels of the cards, then of the labels of the relations.
        ends: `(r, 2)` the cards that each relation joins, subject and object.
        anchors: `(c, 2)` where the cards would like to be, in units of the whole picture ([0, 1], y down), or `None`;
            NaN for a card that has no place.

    Returns:
        `(c + r, 2)` centres in pixels, y down.
    """
    count = len(sizes)
    cards = count - len(ends)
    if count == 0:
        return np.zeros((0, 2))
    # Room for the bodies and as much again between them; wider than high, as pages are.
    side = np.sqrt((sizes + 26.0).prod(1).sum() * 1.9)
    extent = np.array([side * 1.3, side / 1.3])
    margins = _margins(sizes, ends, cards)
    best, lowest = np.zeros((count, 2)), np.inf
    for seed in range(_STARTS):
        start = _start(count, cards, ends, anchors, seed) * extent
        centres = _relax(start, sizes, ends, margins, pinned=anchors is not None)
        centres = separate(reroute(separate(centres, sizes, margins), sizes, ends), sizes, margins)
        centres = reroute(centres, sizes, ends)
        snags, cost = _cost(centres, sizes, ends)
        if cost < lowest:
            best, lowest = centres, cost
        if snags == 0:
            break
    return best


def separate(centres: Array, sizes: Array, margins: Array) -> Array:
    """Move rectangles apart until none is nearer to another than the margins ask, across or down.

    Args:
        centres: `(n, 2)`.
        sizes: `(n, 2)`.
        margins: `(n, n, 2)` pixels to keep between two bodies, across and down.
    """
    centres = centres + np.arange(len(centres))[:, None] * 1e-3  # equal centres would scale to equal centres
    left, right = np.triu_indices(len(centres), 1)
    need = (sizes[left] + sizes[right]) / 2 + margins[left, right]
    mass = sizes.prod(1)
    share = (mass[right] / (mass[left] + mass[right]))[:, None]
    for step in range(2000):
        delta = centres[right] - centres[left]
        overlap = need - np.abs(delta)
        hit = (overlap > 1e-6).all(1)
        if not hit.any():
            break
        push = np.zeros_like(delta)
        axis = overlap[hit].argmin(1)
        rows = np.flatnonzero(hit)
        # The heavier body gives way less; a little more than needed, so that the end is reached.
        push[rows, axis] = (overlap[rows, axis] * 0.55 + 0.01) * np.where(delta[rows, axis] >= 0, 1.0, -1.0)
        np.add.at(centres, left, -push * 2 * share)
        np.add.at(centres, right, push * 2 * (1 - share))
        if step % 100 == 99:
            centres *= 1.05
    return centres


def _margins(sizes: Array, ends: NDArray[np.int64], cards: int) -> Array:
    """Between cards that are joined there is room for the label and the head of the arrow."""
    margins = np.full((len(sizes), len(sizes), 2), 7.0)
    margins[:cards, :cards] = 18.0
    for label, (subject, target) in enumerate(ends.tolist(), start=cards):
        room = np.maximum(margins[subject, target], sizes[label] + (34.0, 30.0))
        margins[subject, target] = margins[target, subject] = room
        for end in (subject, target):
            margins[end, label] = margins[label, end] = 26.0 if subject == target else 14.0
    return margins


def _start(count: int, cards: int, ends: NDArray[np.int64], anchors: Array | None, seed: int) -> Array:
    """First centres in units of the picture."""
    random = np.random.default_rng(seed)
    if anchors is None:
        import networkx

        graph: networkx.Graph[int] = networkx.Graph()
        graph.add_nodes_from(range(count))
        for label, (subject, target) in enumerate(ends.tolist(), start=cards):
            graph.add_edges_from([(subject, label), (label, target)])
        found = networkx.spring_layout(graph, seed=seed, iterations=80)
        return np.array([found[node] for node in range(count)]) * 0.5 + 0.5
    start = np.full((count, 2), 0.5)
    known = ~np.any(np.isnan(anchors), axis=1)
    start[np.flatnonzero(known)] = anchors[known]
    for card in np.flatnonzero(~known):
        near = [b for a, b in [*ends.tolist(), *ends[:, ::-1].tolist()] if a == card and known[b]]
        start[card] = anchors[near].mean(0) if near else random.uniform(0.1, 0.9, 2)
    start[:cards] += random.normal(0, 0.02 * seed, (cards, 2))
    if len(ends):
        start[cards:] = start[ends].mean(1) + random.normal(0, 0.04, (len(ends), 2))
    return start


def _relax(centres: Array, sizes: Array, ends: NDArray[np.int64], margins: Array, *, pinned: bool) -> Array:
    """Springs along the lines, pushes between bodies and off the lines of others."""
    centres, home = centres.copy(), centres.copy()
    count, cards = len(centres), len(centres) - len(ends)
    labels = np.arange(cards, count)
    a = np.concatenate([ends[:, 0], ends[:, 1]])
    b = np.concatenate([labels, labels])
    left, right = np.triu_indices(count, 1)
    need = (sizes[left] + sizes[right]) / 2 + np.maximum(margins[left, right], 16.0)
    for step in range(_STEPS):
        force = np.zeros_like(centres)
        if len(ends):
            delta = centres[b] - centres[a]
            distance = np.linalg.norm(delta, axis=1, keepdims=True) + 1e-9
            rest = _reach(delta, sizes[a]) + _reach(delta, sizes[b]) + _GAP
            pull = 0.10 * (distance - rest[:, None]) * delta / distance
            np.add.at(force, a, pull)
            np.add.at(force, b, -pull)
            force[cards:] += 0.12 * (centres[ends].mean(1) - centres[cards:])
            _off_the_lines(force, centres, sizes, ends, cards)
        if pinned:
            force[:cards] += 0.05 * (home[:cards] - centres[:cards])
        else:
            force += 0.02 * (centres.mean(0) - centres)
        delta = centres[right] - centres[left]
        overlap = need - np.abs(delta)
        rows = np.flatnonzero((overlap > 0).all(1))
        axis = overlap[rows].argmin(1)
        push = np.zeros((len(rows), 2))
        push[np.arange(len(rows)), axis] = 0.3 * overlap[rows, axis] * np.where(delta[rows, axis] >= 0, 1.0, -1.0)
        np.add.at(force, left[rows], -push)
        np.add.at(force, right[rows], push)
        limit = 30.0 * (1 - step / _STEPS) + 1.0
        centres += np.clip(force, -limit, limit)
    return centres


def _reach(delta: Array, sizes: Array) -> Array:
    """How far from its centre a rectangle reaches in a direction."""
    unit = np.abs(delta) / (np.linalg.norm(delta, axis=1, keepdims=True) + 1e-9)
    reach: Array = (sizes / 2 / np.maximum(unit, 1e-3)).min(1)
    return reach


def _off_the_lines(force: Array, centres: Array, sizes: Array, ends: NDArray[np.int64], cards: int) -> None:
    """Push bodies off the lines that are not theirs, and the labels of those lines the other way."""
    labels = np.tile(np.arange(cards, len(centres)), 2)
    start, line = centres[ends.T.ravel()], centres[labels] - centres[ends.T.ravel()]
    length = (line**2).sum(1) + 1e-9
    along = ((centres[None] - start[:, None]) * line[:, None]).sum(-1) / length[:, None]
    away = centres[None] - (start[:, None] + np.clip(along, 0, 1)[..., None] * line[:, None])
    distance = np.linalg.norm(away, axis=-1) + 1e-9
    unit = np.abs(away) / distance[..., None]
    near = (sizes / 2 / np.maximum(unit, 1e-3)).min(-1) + 8.0
    inside = (distance < near) & (along > 0.05) & (along < 0.95) & ~np.tile(own_bodies(ends, cards), (2, 1))
    push = np.where(inside[..., None], 0.2 * ((near - distance) / distance)[..., None] * away, 0.0)
    force += push.sum(0)
    np.add.at(force, labels, -push.sum(1))


def _cost(centres: Array, sizes: Array, ends: NDArray[np.int64]) -> tuple[float, float]:
    """Lines over bodies and crossings; and these with the length of the lines and the area of the picture."""
    cards = len(centres) - len(ends)
    points = curves(centres, ends, centres[cards:])
    snags = 6.0 * float(hits(points, centres, sizes, own_bodies(ends, cards), 0.0).sum()) + crossings(points)
    length = float(np.linalg.norm(np.diff(points, axis=1), axis=-1).sum())
    extent = np.max(centres + sizes / 2, axis=0) - np.min(centres - sizes / 2, axis=0)
    return snags, snags + length / 500 + float(extent.prod()) / 300_000
