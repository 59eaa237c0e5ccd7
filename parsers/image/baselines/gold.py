"""The regions and labels of a corpus as a detector, so that a relation head is tested alone (PredCls).

A detector is given pixels, not names: the graph of a picture is found by a digest of its pixels. What a picture's graph
does not have, no box for an object say, is not given; a picture that is not in the corpus is an error for that picture.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from usg.graph.region import Mask
from usg.metrics.scene_graph.regions import scene_boxes
from usg.metrics.scene_graph.scene import Scene
from usg.parsers.image.baselines.training import picture_path, scenes
from usg.parsers.image.detector import Detections
from usg.parsers.image.loading import load_image

if TYPE_CHECKING:
    from PIL.Image import Image


class GoldDetector:
    """A detector that knows the answer; see the module docstring.

    Args:
        corpus: graphs with their pictures beside them; every picture is read once.

    Raises:
        FileNotFoundError, ValueError: the graphs or their pictures cannot be read, or two graphs are of one picture.
    """

    def __init__(self, corpus: str | os.PathLike[str] | None = None) -> None:
        if corpus is None:
            raise ValueError("the gold detector needs the corpus that has the answers: gold:CORPUS")
        self.version = f"gold of {corpus}"
        self._scenes: dict[bytes, Scene] = {}
        for scene in scenes(corpus):
            key = _digest(load_image(picture_path(corpus, scene)))
            if key in self._scenes:
                raise ValueError(f"{scene.name} and {self._scenes[key].name} are of the same picture; keep one")
            self._scenes[key] = scene

    def detect(self, images: Sequence[Image], threshold: float) -> list[Detections]:
        """The objects of each picture that have a region, whatever the threshold.

        Raises:
            ValueError: a picture is not in the corpus.
        """
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        scene = self._scenes.get(_digest(image))
        if scene is None:
            raise ValueError(f"not one of the {len(self._scenes)} pictures of the gold corpus")
        boxes = scene_boxes(scene)
        kept = np.flatnonzero(np.isfinite(boxes).all(1))
        things = [scene.things[number] for number in kept]
        masks = [next((region for region in thing.regions if isinstance(region, Mask)), None) for thing in things]
        return Detections(
            boxes[kept],
            [thing.score for thing in things],
            [thing.label for thing in things],
            None if None in masks else masks,  # type: ignore[arg-type]
        )


def _digest(image: Image) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16, key=repr(image.size).encode()).digest()
