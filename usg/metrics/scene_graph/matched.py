"""What is said of the objects that were found: class, attributes by kind, masks.

Objects of score `match_score` or more are taken by falling score, each to the free gold object that its box overlaps
most, if by `iou`, whatever its class. Then

    object_recall, object_precision   matched / gold, matched / taken
    class_accuracy                    matched objects of the gold's class
    KIND_accuracy                     of the matched objects that have a gold attribute of the kind (colour, size, ...),
                                      those whose best-scored predicted one is a gold value; none predicted is wrong
    mask_iou                          mean overlap of the masks of matched objects; 0 where no mask is predicted
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from usg.graph.region import Mask
from usg.graph.rle import decode_mask
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.regions import Floats, box_iou, mask_iou, scene_boxes
from usg.metrics.scene_graph.scene import Scene, Thing
from usg.metrics.weighted import Figure, ratio


def matched_figures(predicted: Sequence[Scene], gold: Sequence[Scene], protocol: Protocol) -> dict[str, Figure]:
    """The figures of matched objects over n images; none where the gold has no object with a region.

    Args:
        predicted: n scenes.
        gold: n scenes, in the same order.
        protocol: says from which score and overlap on objects match.
    """
    n = len(gold)
    sums: dict[str, Floats] = defaultdict(lambda: np.zeros((2, n)))
    for image, (said, true) in enumerate(zip(predicted, gold, strict=True)):
        pairs = match_objects(said, true, protocol)
        taken = sum(bool(thing.regions) and thing.score >= protocol.match_score for thing in said.things)
        sums["object_recall"][:, image] = len(pairs), sum(bool(thing.regions) for thing in true.things)
        sums["object_precision"][:, image] = len(pairs), taken
        for one, two in pairs:
            for name, value in _agreement(said.things[one], true.things[two]).items():
                sums[name][:, image] += value, 1
    if not sums["object_recall"][1].any():
        return {}
    return {name: ratio(above, below) for name, (above, below) in sums.items()}


def match_objects(predicted: Scene, gold: Scene, protocol: Protocol) -> list[tuple[int, int]]:
    """Pairs of a predicted and a gold object, by their numbers.

    >>> from usg.graph import Box
    >>> from usg.metrics.scene_graph.presets import preset
    >>> one = Scene("p", (Thing("a", "cat", (Box(0, 0, 4, 4),)),))
    >>> two = Scene("g", (Thing("b", "dog", (Box(9, 9, 10, 10),)), Thing("c", "mat", (Box(0, 0, 4, 3),))))
    >>> match_objects(one, two, preset("usg"))
    [(0, 1)]
    """
    overlap = box_iou(scene_boxes(predicted), scene_boxes(gold))
    free = np.ones(len(gold.things), dtype=bool)
    pairs = []
    for number in sorted(range(len(predicted.things)), key=lambda number: -predicted.things[number].score):
        if predicted.things[number].score < protocol.match_score:
            break
        allowed = np.where(free & (overlap[number] >= protocol.iou), overlap[number], -1.0)
        if allowed.size and allowed.max() >= 0:
            best = int(allowed.argmax())
            free[best] = False
            pairs.append((number, best))
    return pairs


def _agreement(said: Thing, true: Thing) -> dict[str, float]:
    found = {"class_accuracy": float(said.label == true.label)}
    for kind, values in true.attributes.items():
        best = max(said.attributes.get(kind, ()), key=lambda each: each.score, default=None)
        right = best is not None and best.value in [gold.value for gold in values]
        found[f"{kind.replace(' ', '_')}_accuracy"] = float(right)
    one, two = _mask(said), _mask(true)
    if two is not None:
        found["mask_iou"] = 0.0 if one is None else float(mask_iou(_flat(one), _flat(two))[0, 0])
    return found


def _mask(thing: Thing) -> Mask | None:
    return next((region for region in thing.regions if isinstance(region, Mask)), None)


def _flat(mask: Mask) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return decode_mask(mask).reshape(1, -1).astype(np.float32)
