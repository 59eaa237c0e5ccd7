"""Figures of a parser on gold pictures while it is trained, and the calibration of its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from usg.graph.scene_graph import SceneGraph
from usg.metrics.scene_graph import preset, scene_of, score_scenes
from usg.metrics.scene_graph.regions import box_iou, scene_boxes
from usg.parsers.image.calibration import fit_calibration
from usg.parsers.image.embedded.detector import PictureDetector
from usg.parsers.image.embedded.model import PictureModel
from usg.parsers.image.parser import ImageParser

LEAST = 0.05
"""Scores from here on enter the figures."""
FIGURES = (
    "map50", "map75", "object_recall", "object_precision", "class_accuracy", "mask_iou", "recall_at_50",
    "recall_at_100", "mean_recall_at_50",
)  # fmt: skip
_BATCH = 32

Pairs = Sequence[tuple[str, SceneGraph]]


def parsed(model: PictureModel, pictures: Pairs, threshold: float) -> list[SceneGraph]:
    """The graphs of pictures."""
    parser = ImageParser(PictureDetector(model), threshold=threshold)
    return list(parser.pipe((path for path, _ in pictures), _BATCH))


def figures(model: PictureModel, pictures: Pairs) -> dict[str, float]:
    """The figures of `FIGURES` and the accuracy of each kind of attribute, under the protocol `usg`."""
    gold = [scene_of(graph, "image") for _, graph in pictures]
    said = [scene_of(graph, "image") for graph in parsed(model, pictures, LEAST)]
    values = score_scenes(list(said), gold, preset("usg")).values()
    kinds = [name for name in values if name.endswith("_accuracy") and name not in FIGURES]
    return {name: float(values[name]) for name in (*FIGURES, *kinds) if name in values}


def calibrated(model: PictureModel, pictures: Pairs) -> PictureModel:
    """The model with scores that are the probability that a region is right: its label, and an overlap of 0.5.

    Where nothing tells right from wrong (all regions are right, or none is), scores stay as they are.
    """
    scores: list[float] = []
    right: list[bool] = []
    for graph, (_, gold) in zip(parsed(model, pictures, LEAST), pictures, strict=True):
        said, true = scene_of(graph, "image"), scene_of(gold, "image")
        overlap = box_iou(scene_boxes(said), scene_boxes(true))
        taken: set[int] = set()
        for i, thing in enumerate(said.things):  # by falling score
            free = [j for j, other in enumerate(true.things) if j not in taken and other.label == thing.label]
            best = max(free, key=lambda j: overlap[i, j], default=None)
            hit = best is not None and overlap[i, best] >= 0.5
            if hit and best is not None:
                taken.add(best)
            scores.append(thing.score)
            right.append(hit)
    try:
        return replace(model, calibration=fit_calibration(scores, right))
    except ValueError:
        return model
