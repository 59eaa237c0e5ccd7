"""Boxes as arrays: centre form to xyxy, overlaps, and suppression of near-duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[Any]


def from_centres(boxes: _Array) -> _Array:
    """(n, 4) of centre x, centre y, width, height, to xyxy.

    >>> from_centres(np.array([[5.0, 5.0, 4.0, 2.0]])).tolist()
    [[3.0, 4.0, 7.0, 6.0]]
    """
    centres, half = boxes[:, :2], boxes[:, 2:] / 2
    return np.concatenate([centres - half, centres + half], axis=1)


def overlaps(a: _Array, b: _Array) -> _Array:
    """Intersection over union of every box of `a` (n, 4) with every one of `b` (m, 4): (n, m).

    >>> overlaps(np.array([[0, 0, 2, 2]]), np.array([[0, 0, 2, 1], [2, 0, 3, 1]])).tolist()
    [[0.5, 0.0]]
    """
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(2)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(1), (b[:, 2:] - b[:, :2]).prod(1)
    return np.asarray(common / np.maximum(area_a[:, None] + area_b[None, :] - common, 1e-12))


def suppress(boxes: _Array, scores: _Array, labels: Sequence[Any] | _Array, most: float) -> NDArray[np.int64]:
    """The regions that stay when of two with one label that overlap by more than `most` the better is kept.

    Greedy non-maximum suppression.

    Args:
        boxes: (n, 4), xyxy.
        scores: (n,).
        labels: n labels or class numbers.
        most: intersection over union.

    Returns:
        Their numbers, by falling score.

    >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 9]])
    >>> suppress(boxes, np.array([0.6, 0.9, 0.5]), ["dog", "dog", "cat"], 0.5).tolist()
    [1, 2]
    """
    order = np.argsort(-scores, kind="stable")
    numbers = np.unique(np.asarray(labels), return_inverse=True)[1]
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        rivals = (numbers[rest] == numbers[best]) & (overlaps(boxes[best][None], boxes[rest])[0] > most)
        order = rest[~rivals]
    return np.array(kept, dtype=np.int64)
