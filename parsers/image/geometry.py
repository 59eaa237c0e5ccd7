"""Relations from boxes alone: left of, right of, above, below, inside, around. No weights, no pixels.

Draw a point uniformly in the subject's box and one in the object's. With x to the right and y down,

    left of    P(x_s < x_o) - P(x_s > x_o)        right of, above, below likewise
    inside     the share of the subject's box that lies in the object's
    around     the share of the object's box that lies in the subject's

each where positive: 1 when the boxes are apart, 0 when they are level. These are degrees of what holds in the picture
plane, not probabilities that somebody would say so; depth, support and holding cannot be told from boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from usg.parsers.image.heads import RelationScore

if TYPE_CHECKING:
    from PIL.Image import Image

    from usg.parsers.image.detector import Detections

PREDICATES = ("left of", "right of", "above", "below", "inside", "around")

_Array = NDArray[np.float64]


class GeometricRelations:
    """A relation head of boxes; see the module docstring.

    Args:
        least: degrees less than this are not said.

    >>> from usg.parsers.image.detector import Detections
    >>> found = Detections([[0, 0, 2, 2], [4, 0, 6, 2]], [1, 1], ["cup", "plate"])
    >>> (said,) = GeometricRelations().relations([None], [found])
    >>> [(r.subject, r.predicate, r.object, r.score) for r in said]
    [(0, 'left of', 1, 1.0), (1, 'right of', 0, 1.0)]
    """

    version = "geometry"

    def __init__(self, *, least: float = 0.05) -> None:
        if not 0 < least <= 1:
            raise ValueError(f"least is {least}, expected more than 0 and at most 1")
        self.least = least

    def relations(self, images: Sequence[Image | None], found: Sequence[Detections]) -> list[list[RelationScore]]:
        """The predicates that hold between the boxes, each with its degree; the pictures are not looked at."""
        return [self._relations(each) for each in found]

    def _relations(self, found: Detections) -> list[RelationScore]:
        table = degrees(found.boxes)
        pairs = [(i, j) for i in range(len(found)) for j in range(len(found)) if i != j]
        return [
            RelationScore(i, predicate, j, float(table[k, i, j]))
            for i, j in pairs
            for k, predicate in enumerate(PREDICATES)
            if table[k, i, j] >= self.least
        ]


def degrees(boxes: _Array) -> _Array:
    """The degree of each predicate for each pair: (6, n, n), in the order of `PREDICATES`, subject by row.

    Args:
        boxes: (n, 4), xyxy.
    """
    left, above = _sooner(boxes[:, 0], boxes[:, 2]), _sooner(boxes[:, 1], boxes[:, 3])
    leftness, height = left - left.T, above - above.T
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(2)  # (n, n)
    area = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1), 1e-12)
    table = np.stack([leftness, -leftness, height, -height, common / area[:, None], common / area[None, :]])
    return np.clip(table, 0.0, 1.0)


def _sooner(start: _Array, end: _Array) -> _Array:
    """P(x_i < x_j) for x uniform in [start, end), for every pair (i, j)."""
    end = np.maximum(end, start + 1e-9)
    a, b, c, d = start[:, None], end[:, None], start[None, :], end[None, :]
    before = np.clip(np.minimum(b, c) - a, 0, None) * (d - c)
    low, high = np.maximum(a, c), np.minimum(b, d)
    within = np.where(high > low, d * (high - low) - (high**2 - low**2) / 2, 0.0)
    return np.asarray((before + within) / ((b - a) * (d - c)))
