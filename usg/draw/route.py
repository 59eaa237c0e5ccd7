"""The lines of relations: curves from card to card through the label, led around what is in the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_POINTS = 25
_T = np.linspace(0, 1, _POINTS)[:, None]
_HIT, _ON_LINE, _COVER = 14.0, 6.0, 90.0


def curves(centres: Array, ends: NDArray[np.int64], labels: Array, t: Array = _T) -> Array:
    """Points of curves from centre to centre, halfway at their labels.

    Two cards are joined by a quadratic Bezier curve, a card with itself by a cubic one.

    Args:
        centres: `(c, 2)` centres of the cards.
        ends: `(r, 2)` subject and object of each relation.
        labels: `(r, 2)` centre of each label.
        t: `(p, 1)` parameters in [0, 1].

    Returns:
        `(r, p, 2)`.
    """
    a, b, middle = centres[ends[:, 0], None], centres[ends[:, 1], None], labels[:, None]
    open_curve = (1 - t) ** 2 * a + 2 * (1 - t) * t * (2 * middle - (a + b) / 2) + t**2 * b
    out = middle - a
    across = np.stack([out[..., 1], -out[..., 0]], -1)
    across = across / (np.linalg.norm(across, axis=-1, keepdims=True) + 1e-9) * 60.0
    far = (4 * middle - a) / 3
    loop = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * (far - across) + 3 * (1 - t) * t**2 * (far + across) + t**3 * a
    points: Array = np.where((ends[:, 0] == ends[:, 1])[:, None, None], loop, open_curve)
    return points


def hits(points: Array, centres: Array, sizes: Array, own: NDArray[np.bool_], margin: float = 3.0) -> Array:
    """How much of each curve lies on bodies that are not its own.

    Args:
        points: `(r, p, 2)`.
        centres: `(n, 2)` of all bodies.
        sizes: `(n, 2)`.
        own: `(r, n)` the ends and the label of each curve.
        margin: pixels around the bodies.

    Returns:
        `(r,)` number of bodies hit, each with up to one more for the share of the curve that lies on it.
    """
    inside = (np.abs(points[:, :, None] - centres) < sizes / 2 + margin).all(-1) & ~own[:, None]
    found: Array = inside.any(1).sum(-1) + inside.mean(1).sum(-1)
    return found


def own_bodies(ends: NDArray[np.int64], cards: int) -> NDArray[np.bool_]:
    """`(r, cards + r)` whether a body is the subject, the object or the label of a relation."""
    own = np.zeros((len(ends), cards + len(ends)), dtype=bool)
    rows = np.arange(len(ends))
    own[rows, ends[:, 0]] = own[rows, ends[:, 1]] = own[rows, cards + rows] = True
    return own


def crossings(points: Array) -> int:
    """How many pairs of pieces of different curves cross."""
    coarse = points[:, :: (_POINTS - 1) // 8]
    p, q = coarse[:, :-1].reshape(-1, 2), coarse[:, 1:].reshape(-1, 2)
    curve = np.repeat(np.arange(len(coarse)), coarse.shape[1] - 1)

    def side(a: Array, b: Array, c: Array) -> Array:
        area: Array = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
            c[..., 0] - a[..., 0]
        )
        return area

    a, b, c, d = p[:, None], q[:, None], p[None], q[None]
    cross = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    return int((cross & (curve[:, None] < curve[None])).sum())


def reroute(centres: Array, sizes: Array, ends: NDArray[np.int64], passes: int = 2) -> Array:
    """Move labels across and along their lines, so that lines and labels lie on as little as can be.

    Args:
        centres: `(c + r, 2)` of cards, then of labels.
        sizes: `(c + r, 2)`.
        ends: `(r, 2)` subject and object of each label.
        passes: how often each label is looked at.

    Returns:
        `(c + r, 2)` centres; those of the cards are as they were.
    """
    centres, cards = centres.copy(), len(centres) - len(ends)
    own = own_bodies(ends, cards)
    for _ in range(passes):
        before = centres.copy()
        for i, (subject, target) in enumerate(ends.tolist()):
            places = _candidates(centres, sizes, subject, target, cards + i)
            points = curves(centres, np.tile(ends[i], (len(places), 1)), places)
            cost = _HIT * hits(points, centres, sizes, np.tile(own[i], (len(places), 1)))
            others = np.delete(np.arange(len(centres)), cards + i)
            room = (np.abs(places[:, None] - centres[others]) - (sizes[others] + sizes[cards + i]) / 2).max(-1)
            # Bodies that were apart stay apart; a little more room is better.
            cost += _COVER * (room < 6.9).any(-1) + 2.0 * (room < 13.0).any(-1)
            rest = np.delete(np.arange(len(ends)), i)
            lines = curves(centres, ends[rest], centres[cards + rest]).reshape(-1, 2)
            covered = (np.abs(lines - places[:, None]) < sizes[cards + i] / 2 + 2.0).all(-1)
            cost += _ON_LINE * covered.reshape(len(places), len(rest), _POINTS).any(-1).sum(-1)
            steps = np.diff(points, axis=1)
            cost += np.linalg.norm(steps, axis=-1).sum(-1) / 70.0
            centres[cards + i] = places[cost.argmin()]
        if np.array_equal(before, centres):
            break
    return centres


def _candidates(centres: Array, sizes: Array, subject: int, target: int, label: int) -> Array:
    """Places that a label may take: where it is, and a grid about the middle of its line, or around its card."""
    a, b = centres[subject], centres[target]
    if subject == target:
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = np.stack([np.cos(angle), np.sin(angle)], 1)
        reach = (sizes[subject] + sizes[label]) / 2
        return np.concatenate([centres[label][None], *(a + ring * (reach * 1.2 + gap) for gap in (28, 42, 64))])
    along = b - a
    length = np.linalg.norm(along) + 1e-9
    along = along / length
    across = np.array([-along[1], along[0]])
    shifts = np.array([0, 10, -10, 20, -20, 32, -32, 46, -46, 64, -64, 86, -86, 112, -112, 144, -144, 180, -180])
    slides = np.array([0, 0.06, -0.06, 0.12, -0.12, 0.2, -0.2]) * length
    grid = (a + b) / 2 + shifts[:, None, None] * across + slides[None, :, None] * along
    return np.concatenate([centres[label][None], grid.reshape(-1, 2)])
