"""How much the regions of two scenes overlap: intersection over union of boxes or masks, every pair at once.

    IoU(a, b) = |a & b| / |a | b|        0 where both are empty

Boxes are xyxy in pixels, ends exclusive, so a box is x1 - x0 wide; `offset` pixels are added where an evaluator counts
otherwise. Masks are pixel sets; they are decoded once for each scene, never for each pair.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Box, Mask, Region
from usg.graph.rle import decode_mask, mask_box
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.scene import Scene

Floats = NDArray[np.float64]
Pixels = NDArray[np.float32]
_ABSENT = (np.nan, np.nan, np.nan, np.nan)


def boxes_of(regions: Sequence[Sequence[Region]]) -> Floats:
    """`(n, 4)` the box of each object: its first box, else that around its first mask; NaN where it has neither.

    >>> boxes_of([[Box(0, 0, 4, 2)], []]).tolist()
    [[0.0, 0.0, 4.0, 2.0], [nan, nan, nan, nan]]
    """
    rows = []
    for each in regions:
        box = next((region for region in each if isinstance(region, Box)), None)
        mask = next((region for region in each if isinstance(region, Mask)), None)
        if box is None and mask is not None:
            box = mask_box(decode_mask(mask))
        rows.append(_ABSENT if box is None else box.xyxy)
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def masks_of(scene: Scene, size: Sequence[int] | None = None) -> Pixels:
    """`(n, pixels)` the first mask of each object, 0 or 1; all 0 where an object has no region.

    Args:
        scene: with things.
        size: `(height, width)` to sample masks to, nearest to the centres of its cells; None for their own.

    Raises:
        ValueError: an object has a box and no mask, or the masks differ in size.
    """
    rows: list[NDArray[np.bool_] | None] = []
    shapes = set()
    for thing in scene.things:
        mask = next((region for region in thing.regions if isinstance(region, Mask)), None)
        if mask is None and thing.regions:
            raise ValueError(
                f"object {thing.id!r} of {scene.name} has a {type(thing.regions[0]).__name__.lower()} and no mask; "
                "compare boxes (--set region=box) or give masks"
            )
        pixels = None if mask is None else decode_mask(mask)
        if pixels is not None and size is not None:
            pixels = pixels[np.ix_(*(_nearest(n, m) for n, m in zip(pixels.shape, size, strict=True)))]
        rows.append(pixels)
        if pixels is not None:
            shapes.add(pixels.shape)
    if len(shapes) > 1:
        raise ValueError(
            f"the masks of {scene.name} are of {len(shapes)} sizes, {sorted(shapes)}; expected one, the picture's, or "
            "a common one by --set mask_size=HEIGHT,WIDTH"
        )
    area = int(np.prod(next(iter(shapes)))) if shapes else 0
    flat = np.zeros((len(rows), area), dtype=np.float32)
    for row, pixels in zip(flat, rows, strict=True):
        if pixels is not None:
            row[:] = pixels.ravel()
    return flat


def box_iou(first: Floats, second: Floats, offset: float = 0.0) -> Floats:
    """`(n, m)` overlap of boxes `(n, 4)` and `(m, 4)`; 0 with a box that is absent (NaN).

    >>> box_iou(np.array([[0.0, 0, 4, 2]]), np.array([[2.0, 0, 4, 2], [4.0, 0, 6, 2]])).tolist()
    [[0.5, 0.0]]
    """
    inner = np.minimum(first[:, None, 2:], second[None, :, 2:]) - np.maximum(first[:, None, :2], second[None, :, :2])
    both = np.clip(inner + offset, 0, None).prod(2)
    one, two = ((boxes[:, 2:] - boxes[:, :2] + offset).prod(1) for boxes in (first, second))
    return _ratio(both, one[:, None] + two[None, :] - both)


def mask_iou(first: Pixels, second: Pixels) -> Floats:
    """`(n, m)` overlap of masks `(n, pixels)` and `(m, pixels)`.

    Raises:
        ValueError: the numbers of pixels differ.
    """
    if not len(first) or not len(second) or not first.size or not second.size:
        return np.zeros((len(first), len(second)))
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"masks of {first.shape[1]} and {second.shape[1]} pixels; masks of one picture have one size, or are "
            "sampled to one by --set mask_size=HEIGHT,WIDTH"
        )
    # Sums of up to 2^24 ones are exact in single precision.
    both = (first @ second.T).astype(np.float64)
    return _ratio(both, first.sum(1)[:, None].astype(np.float64) + second.sum(1)[None, :] - both)


def union_boxes(first: Floats, second: Floats) -> Floats:
    """`(n, 4)` the box around each pair of boxes."""
    return np.concatenate([np.minimum(first[:, :2], second[:, :2]), np.maximum(first[:, 2:], second[:, 2:])], axis=1)


def overlaps(predicted: Scene, gold: Scene, protocol: Protocol) -> Floats:
    """`(p, g)` overlap of the objects of two scenes, as the protocol compares regions.

    Raises:
        ValueError: masks are missing or do not fit, as `masks_of` and `mask_iou`.
    """
    if protocol.region == "box":
        return box_iou(scene_boxes(predicted), scene_boxes(gold), protocol.box_offset)
    return mask_iou(masks_of(predicted, protocol.mask_size), masks_of(gold, protocol.mask_size))


def link_overlaps(predicted: Scene, gold: Scene, protocol: Protocol) -> Floats:
    """`(p, g)` overlap of the regions around subject and object of every link (phrase detection)."""
    one, two = (_ends(scene) for scene in (predicted, gold))
    if protocol.region == "box":
        said, true = scene_boxes(predicted), scene_boxes(gold)
        return box_iou(
            union_boxes(said[one[0]], said[one[1]]), union_boxes(true[two[0]], true[two[1]]), protocol.box_offset
        )
    masks, gold_masks = (masks_of(scene, protocol.mask_size) for scene in (predicted, gold))
    return mask_iou(np.maximum(masks[one[0]], masks[one[1]]), np.maximum(gold_masks[two[0]], gold_masks[two[1]]))


def scene_boxes(scene: Scene) -> Floats:
    """`(n, 4)` the boxes of a scene's objects, as `boxes_of`."""
    return boxes_of([thing.regions for thing in scene.things])


def _ends(scene: Scene) -> NDArray[np.int64]:
    """`(2, m)` the subjects and the objects of a scene's links."""
    return np.array([(link.subject, link.object) for link in scene.links], dtype=np.int64).reshape(-1, 2).T


def _nearest(have: int, want: int) -> NDArray[np.int64]:
    return ((np.arange(want) + 0.5) * have / want).astype(np.int64)


def _ratio(above: Floats, below: Floats) -> Floats:
    # An absent box makes both NaN, of which the comparison is false.
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
