"""Average precision of the objects, class by class, as COCO defines it: mAP50, mAP75 and mAP.

In each image and class the 100 best detections are taken by falling score, each to the free gold object that it
overlaps most, if by the threshold. Over all images, by falling score,

    precision = TP / (TP + FP),  recall = TP / gold,  AP = mean over recall 0, 0.01, ..., 1 of the best precision
                                                           at that recall or above

mAP is the mean over the classes that the gold has, and over thresholds 0.50, 0.55, ..., 0.95 (Lin et al., ECCV 2014;
cocoeval.py of cocodataset/cocoapi, all areas, no crowds). Regions are those of the protocol, masks at their own size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.regions import overlaps
from usg.metrics.scene_graph.scene import Scene
from usg.metrics.weighted import Figure, Floats, mean_of_columns

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
_RECALLS = np.linspace(0.0, 1.0, 101)
_DETECTIONS = 100  # of an image and class
_AT_ONCE = 2_000_000  # draws times detections; bounds memory


@dataclass(frozen=True)
class ClassDetections:
    """The detections of one class over n images, best first.

    Attributes:
        image: `(d,)` the image of each.
        hit: `(t, d)` whether it hits at each threshold.
        gold: `(n,)` gold objects of the class.
    """

    image: NDArray[np.int64]
    hit: NDArray[np.bool_]
    gold: Floats


def detection_figures(predicted: Sequence[Scene], gold: Sequence[Scene], protocol: Protocol) -> dict[str, Figure]:
    """`map`, `map50` and `map75` as figures over images; none where the gold has no object with a region.

    Args:
        predicted: n scenes.
        gold: n scenes, in the same order.
        protocol: says whether boxes or masks are compared.
    """
    classes = class_detections(predicted, gold, protocol)
    if not classes:
        return {}

    def figure(at: Sequence[int]) -> Figure:
        def over_classes(weights: Floats) -> Floats:
            return mean_of_columns(
                np.stack([average_precision(each, each.hit[t], weights) for t in at for each in classes], axis=1)
            )

        return over_classes

    return {"map50": figure([0]), "map75": figure([THRESHOLDS.index(0.75)]), "map": figure(range(len(THRESHOLDS)))}


def class_detections(predicted: Sequence[Scene], gold: Sequence[Scene], protocol: Protocol) -> list[ClassDetections]:
    """The detections of each class that the gold has, by the names of the classes."""
    plain = replace(protocol, mask_size=None, box_offset=0.0)
    rows: dict[str, list[tuple[float, int, NDArray[np.bool_]]]] = defaultdict(list)
    counts: dict[str, Floats] = {}
    for image, (said, true) in enumerate(zip(predicted, gold, strict=True)):
        of_gold, of_said = _by_label(true), _by_label(said)
        for label, numbers in of_gold.items():
            counts.setdefault(label, np.zeros(len(gold)))[image] = len(numbers)
        overlap = overlaps(said, true, plain) if said.things and true.things else np.zeros((len(said.things), 0))
        for label, numbers in of_said.items():
            best = sorted(numbers, key=lambda number: -said.things[number].score)[:_DETECTIONS]
            hits = _matched(overlap[np.ix_(best, of_gold.get(label, []))])
            rows[label] += [(said.things[number].score, image, hits[:, i]) for i, number in enumerate(best)]
    found = []
    for label in sorted(counts):
        best_first = sorted(rows[label], key=lambda row: -row[0])
        found.append(
            ClassDetections(
                np.array([image for _, image, _ in best_first], dtype=np.int64),
                np.array([hit for *_, hit in best_first], dtype=bool).reshape(-1, len(THRESHOLDS)).T,
                counts[label],
            )
        )
    return found


def average_precision(of_class: ClassDetections, hit: NDArray[np.bool_], weights: Floats) -> Floats:
    """`(r,)` AP of a class where image i counts `weights[:, i]` times; NaN where no gold is drawn."""
    gold = weights @ of_class.gold
    if not len(of_class.image):
        return np.where(gold > 0, 0.0, np.nan)
    rows = max(1, _AT_ONCE // len(of_class.image))
    parts = [_averages(of_class, hit, weights[i : i + rows], gold[i : i + rows]) for i in range(0, len(gold), rows)]
    return np.where(gold > 0, np.concatenate(parts), np.nan)


def _averages(of_class: ClassDetections, hit: NDArray[np.bool_], weights: Floats, gold: Floats) -> Floats:
    drawn = weights[:, of_class.image]
    true = np.cumsum(drawn * hit, axis=1)
    total = np.cumsum(drawn, axis=1)
    precision = np.divide(true, total, out=np.zeros_like(true), where=total > 0)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = true / np.maximum(gold, 1.0)[:, None]
    values = np.zeros(len(weights))
    for row in range(len(weights)):
        at = np.searchsorted(recall[row], _RECALLS, side="left")
        values[row] = precision[row, at[at < recall.shape[1]]].sum() / len(_RECALLS)
    return values


def _by_label(scene: Scene) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number, thing in enumerate(scene.things):
        if thing.regions:
            found[thing.label].append(number)
    return found


def _matched(overlap: Floats) -> NDArray[np.bool_]:
    """`(t, d)` which detections, best first, take a gold object at each threshold."""
    hits = np.zeros((len(THRESHOLDS), len(overlap)), dtype=bool)
    for t, threshold in enumerate(THRESHOLDS):
        free = np.ones(overlap.shape[1], dtype=bool)
        for d, row in enumerate(overlap):
            allowed = np.where(free & (row >= threshold), row, -1.0)
            if allowed.size and allowed.max() >= 0:
                # Of equal overlaps COCO takes the last.
                free[len(allowed) - 1 - int(allowed[::-1].argmax())] = False
                hits[t, d] = True
    return hits
