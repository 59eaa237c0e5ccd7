"""What the event network sees of trajectories, per frame: of each track, and of each ordered pair of tracks.

Lengths are shares of the frame, speeds shares of the frame in one step of the grid, times ten.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.parsers.video.trajectories import Floats, Trajectories

OF_TRACK = 18
"""in the film; seen, not yet, no longer; centre; logarithms of width and height; distances to the four edges; velocity
of the centre and of width and height; velocity in widths and heights of its own"""
OF_PAIR = 14
"""both seen; from subject to object: centre, feet, gaps along both axes, overlap, share of each in the other, ratio of
sizes, relative velocity, how fast the distance grows, distance"""

_LEAST = 1e-3


def track_features(film: Trajectories) -> Floats:
    """(n, T, `OF_TRACK`)."""
    boxes, seen = film.boxes, film.seen
    width, height = _sides(boxes)
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    velocity, growth = _speed(centre), _speed(np.stack([width, height], -1))
    first, last = _ends(seen)
    at = np.arange(seen.shape[1])[None, :]
    columns = [
        np.ones_like(width), seen, at < first, at > last, centre[..., 0], centre[..., 1], np.log(width) / 3,
        np.log(height) / 3, boxes[..., 0], boxes[..., 1], 1 - boxes[..., 2], 1 - boxes[..., 3], velocity[..., 0],
        velocity[..., 1], growth[..., 0], growth[..., 1], velocity[..., 0] / (10 * width),
        velocity[..., 1] / (10 * height),
    ]  # fmt: skip
    return np.stack([np.asarray(column, np.float32) for column in columns], -1).clip(-4, 4)


def pair_features(film: Trajectories, pairs: NDArray[np.int64]) -> Floats:
    """(p, T, `OF_PAIR`) of pairs (p, 2) of a subject and an object."""
    one, two = film.boxes[pairs[:, 0]], film.boxes[pairs[:, 1]]
    (w, h), (u, v) = _sides(one), _sides(two)
    away = (two[..., :2] + two[..., 2:] - one[..., :2] - one[..., 2:]) / 2
    gap = np.maximum(one[..., :2], two[..., :2]) - np.minimum(one[..., 2:], two[..., 2:])
    common = np.clip(-gap, 0, None).prod(-1)
    distance = np.sqrt((away**2).sum(-1))
    relative = _speed(away)
    columns = [
        film.seen[pairs[:, 0]] & film.seen[pairs[:, 1]], away[..., 0], away[..., 1], two[..., 3] - one[..., 3],
        gap[..., 0], gap[..., 1], common / (w * h + u * v - common), common / (w * h), common / (u * v),
        np.log(w * h / (u * v)) / 4, relative[..., 0], relative[..., 1], _speed(distance[..., None])[..., 0], distance,
    ]  # fmt: skip
    return np.stack([np.asarray(column, np.float32) for column in columns], -1).clip(-4, 4)


def moving_pairs(film: Trajectories) -> NDArray[np.int64]:
    """(p, 2) the ordered pairs of tracks of which one moves: where both stand still nothing happens between them.

    A track moves if its centre is ever further from its usual place than a sixth of its smaller side.
    """
    width, height = _sides(film.boxes)
    centre = (film.boxes[..., :2] + film.boxes[..., 2:]) / 2
    away = np.abs(centre - np.median(centre, 1, keepdims=True)).max((1, 2))
    moves = away > np.median(np.minimum(width, height), 1) / 6
    i, j = np.nonzero((moves[:, None] | moves[None, :]) & ~np.eye(len(film), dtype=bool))
    return np.stack([i, j], 1).astype(np.int64)


def _sides(boxes: Floats) -> tuple[Floats, Floats]:
    return np.maximum(boxes[..., 2] - boxes[..., 0], _LEAST), np.maximum(boxes[..., 3] - boxes[..., 1], _LEAST)


def _speed(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Ten times the change from the frame before, along the second axis; 0 in the first."""
    return np.diff(values, axis=1, prepend=values[:, :1]) * np.float32(10)


def _ends(seen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n, 1) the first and the last frame in which each was seen."""
    length = seen.shape[1]
    return seen.argmax(1)[:, None], length - 1 - seen[:, ::-1].argmax(1)[:, None]
