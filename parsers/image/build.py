"""From what was found in a picture to its scene graph.

Boxes are cut to the picture, and what is then empty, or scores less than the threshold, is left out. Objects are
numbered by falling score, o0, o1, ...; each is grounded in the source "image" by its box and, where there is one that
covers a pixel, by its mask. Attributes and relations keep the scores of their heads (usg/parsers/image/heads.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.region import Box
from usg.graph.rle import encode_mask
from usg.graph.scene_graph import SceneGraph
from usg.parsers.image.calibration import Calibration
from usg.parsers.image.detector import Detections
from usg.parsers.image.heads import AttributeScore, RelationScore

SOURCE = "image"
"""The id of the source of a picture's graph."""


def keep(
    found: Detections,
    size: tuple[int, int],
    threshold: float,
    most: int,
    calibration: Calibration | None = None,
) -> Detections:
    """The regions that become objects, by falling score.

    Args:
        found: what a detector says.
        size: width and height of the picture.
        threshold: least score that is kept.
        most: regions that are kept.
        calibration: turns scores into probabilities before they are compared.

    Raises:
        ValueError: a mask has another size than the picture.

    >>> found = Detections([[-5, 0, 5, 5], [20, 0, 30, 9], [1, 1, 2, 2]], [0.6, 0.9, 0.7], ["cat", "bird", "dog"])
    >>> keep(found, (10, 10), 0.5, 10).labels
    ('dog', 'cat')
    """
    width, height = size
    for i, mask in enumerate(found.masks or ()):
        if (mask.width, mask.height) != size:
            raise ValueError(f"mask {i} has {mask.width} x {mask.height} pixels, the picture {width} x {height}")
    # Hundredths of a pixel and millionths say all that is known, and keep files short.
    boxes = np.clip(found.boxes, 0, np.array([width, height, width, height], dtype=float)).round(2)
    scores = found.scores if calibration is None else calibration.probability(found.scores)
    scores = scores.round(6)
    sides = boxes[:, 2:] - boxes[:, :2]
    good = (scores >= threshold) & (sides > 0).all(1)
    order = np.argsort(-scores, kind="stable")
    kept = order[good[order]][:most]
    return Detections(
        boxes[kept],
        scores[kept],
        [found.labels[i] for i in kept],
        None if found.masks is None else [found.masks[i] for i in kept],
        None if found.features is None else found.features[kept],
    )


def build_graph(
    found: Detections,
    attributes: Sequence[AttributeScore],
    relations: Sequence[RelationScore],
    source: Source,
    threshold: float,
) -> SceneGraph:
    """The graph of a picture; attributes and relations that score less than the threshold are left out.

    >>> source = Source("image", "image", width=10, height=10)
    >>> found = Detections([[0, 0, 5, 5]], [0.9], ["dog"])
    >>> graph = build_graph(found, [AttributeScore(0, "red", None, 0.8)], [], source, 0.5)
    >>> graph.objects[0].label, graph.attributes[0].value
    ('dog', 'red')
    """
    objects = []
    # Of an uncertain object a model may find the box and no pixel.
    empty = None if not found.masks else encode_mask(np.zeros((found.masks[0].height, found.masks[0].width), bool))
    for i, (box, score, label) in enumerate(
        zip(found.boxes.tolist(), found.scores.tolist(), found.labels, strict=True)
    ):
        groundings = [Grounding(source.id, Box(*box))]
        if found.masks is not None and found.masks[i] != empty:
            groundings.append(Grounding(source.id, found.masks[i]))
        objects.append(SceneObject(f"o{i}", label, score=score, groundings=tuple(groundings)))
    likely_values = [a for a in attributes if a.score >= threshold]
    likely_relations = sorted((r for r in relations if r.score >= threshold), key=lambda r: -r.score)
    return SceneGraph(
        (source,),
        tuple(objects),
        tuple(
            Attribute(f"a{n}", f"o{a.object}", a.value, kind=a.kind, score=round(a.score, 6))
            for n, a in enumerate(likely_values)
        ),
        tuple(
            Relation(f"r{n}", f"o{r.subject}", r.predicate, f"o{r.object}", score=round(r.score, 6))
            for n, r in enumerate(likely_relations)
        ),
    )
