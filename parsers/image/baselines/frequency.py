"""The frequency prior: which predicates two labels have in training, whatever the picture shows.

    P(predicate | subject, object)  =  pairs of these labels so related / ordered pairs of these labels in one picture

so that "not related" is one of the possibilities (Zellers et al., Neural Motifs, CVPR 2018, FREQ). With `overlap` only
pairs whose boxes overlap are counted and said (FREQ+OVERLAP). Several predicates of a pair are each counted. Of labels
that training has never seen together nothing is said.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from usg.metrics.scene_graph.regions import box_iou, scene_boxes
from usg.metrics.scene_graph.scene import label_of
from usg.parsers.image.baselines.training import scenes
from usg.parsers.image.heads import RelationScore

if TYPE_CHECKING:
    from PIL.Image import Image

    from usg.parsers.image.detector import Detections


class FrequencyRelations:
    """A relation head of counts; see the module docstring.

    Args:
        corpus: graphs to count in; pictures of the procedural world when None.
        overlap: only pairs whose boxes overlap.

    Raises:
        FileNotFoundError, ValueError: the corpus cannot be read, or has no relation.

    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from usg.graph import Relation, SceneGraph, SceneObject, Source
    >>> from usg.formats import write_graphs
    >>> from usg.parsers.image.detector import Detections
    >>> cups = [SceneObject("a", "cup"), SceneObject("b", "cup"), SceneObject("c", "table")]
    >>> graph = SceneGraph([Source("i", "image")], cups, relations=[Relation("r", "a", "on", "c")])
    >>> corpus = Path(mkdtemp()) / "train.jsonl"
    >>> write_graphs([graph], corpus)
    1
    >>> found = Detections([[0, 0, 9, 9], [0, 8, 9, 20]], [1, 1], ["cup", "table"])
    >>> (said,) = FrequencyRelations(corpus).relations([None], [found])
    >>> [(each.subject, each.predicate, each.score) for each in said]
    [(0, 'on', 0.5)]
    """

    def __init__(self, corpus: str | os.PathLike[str] | None = None, *, overlap: bool = False) -> None:
        self.overlap = overlap
        self.version = "frequency + overlap" if overlap else "frequency"
        pairs: Counter[tuple[str, str]] = Counter()
        related: Counter[tuple[str, str, str]] = Counter()
        for scene in scenes(corpus):
            labels = [thing.label for thing in scene.things]
            counted = self._pairs(scene_boxes(scene))
            pairs.update((labels[s], labels[o]) for s, o in zip(*np.nonzero(counted), strict=True))
            # Said twice of one pair is said once.
            links = {(link.subject, link.predicate, link.object) for link in scene.links}
            related.update((labels[s], predicate, labels[o]) for s, predicate, o in links if counted[s, o])
        if not related:
            raise ValueError(f"{corpus} has no relation between {'overlapping ' if overlap else ''}objects to count")
        self._shares: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
        for (s, predicate, o), count in sorted(related.items()):
            self._shares[s, o].append((predicate, count / pairs[s, o]))

    def relations(self, images: Sequence[Image | None], found: Sequence[Detections]) -> list[list[RelationScore]]:
        """Every predicate that training has for the labels of a pair, with its share; pictures are not looked at."""
        return [self._relations(each) for each in found]

    def _relations(self, found: Detections) -> list[RelationScore]:
        labels = [label_of(label) for label in found.labels]
        return [
            RelationScore(int(s), predicate, int(o), share)
            for s, o in zip(*np.nonzero(self._pairs(found.boxes)), strict=True)
            for predicate, share in self._shares.get((labels[s], labels[o]), ())
        ]

    def _pairs(self, boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
        """`(n, n)` the ordered pairs that count."""
        others = ~np.eye(len(boxes), dtype=bool)
        return others & (box_iou(boxes, boxes) > 0) if self.overlap else others


def overlapping(corpus: str | os.PathLike[str] | None = None) -> FrequencyRelations:
    """The variant of overlapping pairs, by its short name `frequency-overlap`."""
    return FrequencyRelations(corpus, overlap=True)
