"""Figures of a parser on gold pictures while it is trained, and the calibration of its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from usg.graph.scene_graph import SceneGraph
from usg.metrics.scene_graph import preset, scene_of, score_scenes
from usg.metrics.scene_graph.regions import box_iou, scene_boxes
from usg.metrics.scene_graph.scene import Scene
from usg.parsers.image.calibration import calibration_error, fit_calibration
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
Outcomes = tuple[list[float], list[bool]]
"""Scores, and whether each was right."""


def parsed(model: PictureModel, pictures: Pairs, threshold: float) -> list[SceneGraph]:
    """The graphs of pictures."""
    parser = ImageParser(PictureDetector(model), threshold=threshold)
    return list(parser.pipe((path for path, _ in pictures), _BATCH))


def figures(model: PictureModel, pictures: Pairs) -> dict[str, float]:
    """The figures of `FIGURES`, the accuracy of each kind of attribute, and the calibration errors.

    The protocol is `usg`. Objects and relations are right as in `outcomes`.
    """
    gold = [scene_of(graph, "image") for _, graph in pictures]
    said = [scene_of(graph, "image") for graph in parsed(model, pictures, LEAST)]
    values = score_scenes(list(said), gold, preset("usg")).values()
    kinds = [name for name in values if name.endswith("_accuracy") and name not in FIGURES]
    objects, relations = outcomes(said, gold)
    return {
        **{name: float(values[name]) for name in (*FIGURES, *kinds) if name in values},
        "object_calibration_error": calibration_error(*objects),
        "relation_calibration_error": calibration_error(*relations),
    }


def calibrated(model: PictureModel, pictures: Pairs) -> PictureModel:
    """The model with scores that are the probability that a region is right, as in `outcomes`.

    Where nothing tells right from wrong (all regions are right, or none is), scores stay as they are.
    """
    said = [scene_of(graph, "image") for graph in parsed(model, pictures, LEAST)]
    objects, _ = outcomes(said, [scene_of(graph, "image") for _, graph in pictures])
    try:
        return replace(model, calibration=fit_calibration(*objects))
    except ValueError:
        return model


def outcomes(said: Sequence[Scene], gold: Sequence[Scene]) -> tuple[Outcomes, Outcomes]:
    """The scores of objects and of relations, each with whether it is right.

    By falling score an object is right when a gold one of its label that is still free overlaps it by half. A relation
    between right objects is right when the gold has it; others are not asked about, since its score is given them.
    """
    objects: Outcomes = ([], [])
    relations: Outcomes = ([], [])
    for one, true in zip(said, gold, strict=True):
        overlap = box_iou(scene_boxes(one), scene_boxes(true))
        found: dict[int, int] = {}
        for i in sorted(range(len(one.things)), key=lambda i: -one.things[i].score):
            free = [j for j, o in enumerate(true.things) if j not in found.values() and o.label == one.things[i].label]
            best = max(free, key=lambda j: overlap[i, j], default=None)
            if best is not None and overlap[i, best] >= 0.5:
                found[i] = best
            objects[0].append(one.things[i].score)
            objects[1].append(i in found)
        holds = {(link.subject, link.predicate, link.object) for link in true.links}
        for link in one.links:
            if link.subject in found and link.object in found:
                relations[0].append(link.score)
                relations[1].append((found[link.subject], link.predicate, found[link.object]) in holds)
    return objects, relations
