"""Segmentations of COCO to masks: polygons, run lengths as numbers, run lengths as text.

A pixel is in a polygon when its centre is, by the even-odd rule; several polygons are one mask, the union of them.
COCO's own maskApi traces edges on a grid five times as fine, so masks may differ from its by pixels on the edge.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Mask
from usg.graph.rle import decode_mask, encode_mask

Flags = NDArray[np.bool_]


def mask_of(segmentation: Any, height: int, width: int) -> Mask | None:
    """The mask of a segmentation; None where it covers no pixel.

    Args:
        segmentation: a list of polygons `[x0, y0, x1, y1, ...]`, or `{"size": [h, w], "counts": numbers or text}`.
        height: of the picture, pixels.
        width: of the picture, pixels.

    Raises:
        ValueError: it is neither, or of another size than the picture.

    >>> mask_of([[1, 0, 3, 0, 3, 2, 1, 2]], 2, 4)
    Mask(height=2, width=4, counts='242')
    >>> mask_of({"size": [2, 4], "counts": [2, 4, 2]}, 2, 4)
    Mask(height=2, width=4, counts='242')
    """
    if isinstance(segmentation, dict):
        if segmentation.get("size") != [height, width] or "counts" not in segmentation:
            raise ValueError(
                f"the run lengths are of the size {segmentation.get('size')}, the picture of [{height}, {width}]"
            )
        return _from_counts(segmentation["counts"], height, width)
    if not isinstance(segmentation, list):
        raise ValueError(f"the segmentation is {segmentation!r:.60}, expected polygons or run lengths")
    flags = np.zeros((height, width), dtype=bool)
    for polygon in segmentation:
        try:
            corners = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
        except (TypeError, ValueError):
            raise ValueError(f"the polygon {polygon!r:.60} is not pairs of numbers x, y") from None
        if not np.isfinite(corners).all():
            raise ValueError(f"the polygon {polygon!r:.60} has a coordinate that is not finite")
        flags |= fill_polygon(corners, height, width)
    return encode_mask(flags) if flags.any() else None


def fill_polygon(corners: NDArray[np.float64], height: int, width: int) -> Flags:
    """`(height, width)` the pixels whose centres are in the polygon `(n, 2)` of corners x, y, by the even-odd rule."""
    flags = np.zeros((height, width), dtype=bool)
    if len(corners) < 3:
        return flags
    ends = np.roll(corners, -1, axis=0)
    for row in range(max(0, int(corners[:, 1].min())), min(height, int(np.ceil(corners[:, 1].max())))):
        y = row + 0.5
        over = (corners[:, 1] <= y) != (ends[:, 1] <= y)
        (x0, y0), (x1, y1) = corners[over].T, ends[over].T
        # A pixel is behind every crossing that lies left of its centre.
        first = np.clip(np.ceil(x0 + (y - y0) * (x1 - x0) / (y1 - y0) - 0.5), 0, width).astype(np.int64)
        flags[row] = np.cumsum(np.bincount(first, minlength=width + 1))[:width] % 2 == 1
    return flags


def _from_counts(counts: Any, height: int, width: int) -> Mask | None:
    if isinstance(counts, str):
        mask = Mask(height, width, counts)
        return mask if decode_mask(mask).any() else None
    if not isinstance(counts, list) or not all(type(run) is int and run >= 0 for run in counts):
        raise ValueError(f"the run lengths {counts!r:.60} are neither whole numbers nor text")
    if sum(counts) != height * width:
        raise ValueError(f"the run lengths are of {sum(counts)} pixels, the picture has {height * width}")
    flat = np.zeros(height * width, dtype=bool)
    bounds = list(accumulate(counts))
    for start, end in zip(bounds[::2], bounds[1::2], strict=False):
        flat[start:end] = True
    return encode_mask(flat.reshape((height, width), order="F")) if flat.any() else None
