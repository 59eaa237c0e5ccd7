"""From a gold graph of a picture to what the network is trained to say, as arrays.

An object counts when it has a box or a mask in the picture. Its label, and of each kind of attribute its value, are
codes; a thing without a value of a kind has the value "", which says that it has none. Masks are read on the grid that
the network gives them on. The *positives* of an object, cells of stride 4 from which it is to be found, show it: at
most nine, those nearest the centre of its box. A cell that lies in several boxes shows the object whose mask has it, or
without masks the one of the smallest box, so that a hat before a face has positives of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usg.graph.elements import Grounding, SceneObject, Source, is_of
from usg.graph.region import Box, Mask
from usg.graph.rle import decode_mask, mask_box
from usg.graph.scene_graph import SceneGraph
from usg.parsers.image.embedded.letterbox import Scale, letterbox_scale
from usg.parsers.image.embedded.network import MARGIN, MASK, STRIDE
from usg.parsers.image.embedded.settings import Words

POSITIVES = 9
"""Most positive cells of an object."""
UNKNOWN = -1


@dataclass(frozen=True)
class Gold:
    """What one picture shows, n objects and r relations.

    Attributes:
        boxes: (n, 4) float32, xyxy in pixels of the square.
        labels: (n,) int32.
        values: (n, kinds) int32; `UNKNOWN` where the value is none that the network knows.
        masks: (n, 28, 28) bool, over the box and its margin.
        masked: (n,) bool, whether the mask is known.
        positives: (side / 4, side / 4) int32, the object that is to be found from a cell, or -1.
        relations: (r, 3) int32: subject, predicate, object; the two are different.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]
    values: NDArray[np.int32]
    masks: NDArray[np.bool_]
    masked: NDArray[np.bool_]
    positives: NDArray[np.int32]
    relations: NDArray[np.int32]


def picture_source(graph: SceneGraph) -> Source | None:
    """The picture of a graph, the first where there are several."""
    return next((source for source in graph.sources if source.modality == "image"), None)


def gold_of(graph: SceneGraph, source: Source, words: Words, side: int, size: tuple[int, int]) -> Gold:
    """The targets of a picture.

    Boxes are cut to the picture; an object of which then nothing is left is left out, as is one of another label.

    Args:
        graph: what is true.
        source: the picture, one of the graph's sources.
        words: give the codes; objects and relations of other words are left out.
        side: of the square.
        size: width and height of the picture.

    Raises:
        ValueError: a mask has another size than the picture.
    """
    codes = {label: i for i, label in enumerate(words.labels)}
    scale = letterbox_scale(size, side)
    found = []
    for thing in graph.objects:
        if not thing.negated and thing.label in codes:
            mask = _mask(thing, source, size)
            box = _box(thing, source, mask, size)
            if box is not None:
                found.append((thing, box, mask))
    boxes = np.array([[v / s for v, s in zip(box, (*scale, *scale), strict=True)] for _, box, _ in found], np.float32)
    boxes = boxes.reshape(-1, 4)
    masks = [mask for _, _, mask in found]
    number = {thing.id: i for i, (thing, _, _) in enumerate(found)}
    predicates = {predicate: i for i, predicate in enumerate(words.predicates)}
    relations = {
        (number[r.subject], predicates[r.predicate], number[r.object])
        for r in graph.relations
        if not r.negated and r.subject in number and r.object in number and r.predicate in predicates
        if is_of(r, source.id)
        if r.subject != r.object  # of pairs of different things alone anything is said
    }
    grids = [_grid(mask, box, scale) for mask, box in zip(masks, boxes, strict=True)]
    return Gold(
        boxes,
        np.array([codes[thing.label] for thing, _, _ in found], np.int32),
        _values(graph, source, number, words.values),
        np.array(grids, bool).reshape(-1, MASK, MASK),
        np.array([mask is not None for mask in masks], bool),
        _positives(boxes, masks, side, scale),
        np.array(sorted(relations), np.int32).reshape(-1, 3),
    )


def _values(
    graph: SceneGraph, source: Source, number: Mapping[str, int], kinds: Mapping[str, Sequence[str]]
) -> NDArray[np.int32]:
    codes = {kind: {value: i for i, value in enumerate(values)} for kind, values in kinds.items()}
    column = {kind: i for i, kind in enumerate(kinds)}
    # "" is the first value of each kind: what is not told of a thing, it has not.
    values = np.zeros((len(number), len(kinds)), np.int32)
    for a in graph.attributes:
        if not a.negated and a.kind in codes and a.object in number and is_of(a, source.id):
            code, at = codes[a.kind].get(a.value, UNKNOWN), (number[a.object], column[a.kind])
            if code != UNKNOWN or values[at] == 0:  # what is known of a thing stays, whatever else is said
                values[at] = code
    return values


def _regions(thing: SceneObject, source: Source) -> list[Grounding]:
    return [g for g in thing.groundings if g.source == source.id]


def _mask(thing: SceneObject, source: Source, size: tuple[int, int]) -> NDArray[np.bool_] | None:
    mask = next((g.region for g in _regions(thing, source) if isinstance(g.region, Mask)), None)
    if mask is None:
        return None
    if (mask.width, mask.height) != size:
        raise ValueError(
            f"the mask of {thing.id} has {mask.width} x {mask.height} pixels, the picture {size[0]} x {size[1]}"
        )
    return decode_mask(mask)


def _box(
    thing: SceneObject, source: Source, mask: NDArray[np.bool_] | None, size: tuple[int, int]
) -> tuple[float, float, float, float] | None:
    """The part within the picture of a thing's box, or of its mask's; None where there is none."""
    box = next((g.region for g in _regions(thing, source) if isinstance(g.region, Box)), None)
    if box is None and mask is not None:
        box = mask_box(mask)
    if box is None:
        return None
    x0, y0, x1, y1 = max(box.x0, 0.0), max(box.y0, 0.0), min(box.x1, size[0]), min(box.y1, size[1])
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _grid(mask: NDArray[np.bool_] | None, box: NDArray[np.float32], scale: Scale) -> NDArray[np.bool_]:
    """A mask at the centres of a grid over the box and its margin, (28, 28)."""
    if mask is None:
        return np.zeros((MASK, MASK), bool)
    steps = (np.arange(MASK) + 0.5) / MASK * (1 + 2 * MARGIN) - MARGIN
    x, y = box[0] + steps * (box[2] - box[0]), box[1] + steps * (box[3] - box[1])
    x, y = np.floor(x * scale[0]).astype(int), np.floor(y * scale[1]).astype(int)
    inside = (y >= 0)[:, None] & (y < mask.shape[0])[:, None] & (x >= 0) & (x < mask.shape[1])
    read = mask[np.clip(y, 0, mask.shape[0] - 1)[:, None], np.clip(x, 0, mask.shape[1] - 1)]
    return np.asarray(read & inside)


def _positives(
    boxes: NDArray[np.float32], masks: Sequence[NDArray[np.bool_] | None], side: int, scale: Scale
) -> NDArray[np.int32]:
    cells = side // STRIDE
    centre: NDArray[np.float64] = (np.arange(cells, dtype=np.float64) + 0.5) * STRIDE
    shown = np.full((cells, cells), UNKNOWN, np.int32)
    order = np.argsort(-(boxes[:, 2:] - boxes[:, :2]).prod(1), kind="stable")  # smaller ones over larger ones
    for i in sorted(order.tolist(), key=lambda i: masks[i] is not None):  # and masks over boxes
        shown[_shown(boxes[i], masks[i], centre, scale)] = i
    positives = np.full((cells, cells), UNKNOWN, np.int32)
    for i, box in enumerate(boxes):
        middle = (box[:2] + box[2:]) / 2
        far = np.hypot(centre[None, :] - middle[0], centre[:, None] - middle[1])
        rows, columns = np.nonzero(shown == i)
        if not len(rows):  # smaller than a cell, or covered where the cells look
            rows, columns = _nearest(box, masks[i], middle, scale, cells)
        nearest = np.argsort(far[rows, columns], kind="stable")[:POSITIVES]
        positives[rows[nearest], columns[nearest]] = i
    return positives


def _shown(
    box: NDArray[np.float32], mask: NDArray[np.bool_] | None, centre: NDArray[np.float64], scale: Scale
) -> NDArray[np.bool_]:
    inside = ((centre >= box[1]) & (centre < box[3]))[:, None] & ((centre >= box[0]) & (centre < box[2]))
    if mask is None:
        return np.asarray(inside)
    x, y = np.floor(centre * scale[0]).astype(int), np.floor(centre * scale[1]).astype(int)
    x, y = np.clip(x, 0, mask.shape[1] - 1), np.clip(y, 0, mask.shape[0] - 1)
    return np.asarray(inside & mask[y[:, None], x])


def _nearest(
    box: NDArray[np.float32], mask: NDArray[np.bool_] | None, middle: NDArray[np.float32], scale: Scale, cells: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The one cell of an object that no cell's centre shows: that of its pixel nearest to the middle of the box."""
    x, y = float(middle[0]), float(middle[1])
    if mask is not None and mask.any():
        rows, columns = np.nonzero(mask)
        best = np.argmin(np.hypot(columns / scale[0] - x, rows / scale[1] - y))
        x, y = columns[best] / scale[0], rows[best] / scale[1]
    cell = np.clip(np.array([[y], [x]]) // STRIDE, 0, cells - 1).astype(int)
    return cell[0], cell[1]
