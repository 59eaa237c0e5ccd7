"""From the scores and boxes of cells to regions: the best first, and of those that overlap much only the best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

OVERLAP = 0.6
"""Of two boxes that overlap more (intersection over union) the better one stays."""
CELLS = 1000
"""Cells of a picture that are looked at, the best ones."""


def non_maximum_suppression(
    scores: Tensor, boxes: Tensor, threshold: float, most: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The boxes of one picture by falling score, non-maximum suppression applied.

    Args:
        scores: (h, w), in [0, 1].
        boxes: (h, w, 4), xyxy.
        threshold: what scores less is left out.
        most: boxes that are kept.

    Returns:
        Scores (n,) and boxes (n, 4).

    Raises:
        ValueError: a score is not a finite number.
    """
    flat = scores.flatten().numpy()
    if not np.isfinite(flat).all():
        raise ValueError(
            "a score is not a finite number; the weights are broken, or the network failed on this picture"
        )
    good = np.flatnonzero(flat >= threshold)
    best = good[np.argsort(-flat[good], kind="stable")[:CELLS]]
    said, where = flat[best], boxes.reshape(-1, 4).numpy()[best]
    kept = suppress(where, OVERLAP)[:most]
    return said[kept], where[kept]


def suppress(boxes: NDArray[np.float32], overlap: float) -> NDArray[np.int64]:
    """The numbers of boxes that no earlier kept box overlaps by more than `overlap`.

    >>> boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 3], [5, 0, 9, 4]], np.float32)
    >>> suppress(boxes, 0.6).tolist()
    [0, 2]
    """
    low, high = boxes[:, :2], boxes[:, 2:]
    area = (high - low).clip(0).prod(1)
    common = (np.minimum(high[:, None], high) - np.maximum(low[:, None], low)).clip(0).prod(2)
    union = area[:, None] + area - common
    much = common > overlap * union
    alive = np.ones(len(boxes), bool)
    for i in range(len(boxes)):
        if alive[i]:
            alive[i + 1 :] &= ~much[i, i + 1 :]
    return np.flatnonzero(alive)
