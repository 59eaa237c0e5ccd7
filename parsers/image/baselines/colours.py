"""The colour of a region by its mean: the attribute head that needs no network.

The mean and the spread of the pixels in the mask of an object, in its box where there is none, are compared with those
that the objects of each colour have in training (Gaussian naive Bayes, bayes.py).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Mask
from usg.graph.rle import decode_mask
from usg.metrics.scene_graph.regions import scene_boxes
from usg.parsers.image.baselines.bayes import Floats, GaussianBayes
from usg.parsers.image.baselines.training import PICTURES, pictures
from usg.parsers.image.heads import AttributeScore

if TYPE_CHECKING:
    from PIL.Image import Image

    from usg.parsers.image.detector import Detections

KIND = "colour"


class MeanColour:
    """An attribute head of colours; see the module docstring.

    Args:
        corpus: graphs to learn from, with their pictures beside them; pictures of the procedural world when None.
        most: pictures to learn from.

    Raises:
        FileNotFoundError, ValueError: the corpus or its pictures cannot be read, or no object has a colour.

    >>> from PIL import Image
    >>> from usg.parsers.image.detector import Detections
    >>> found = Detections([[0, 0, 8, 8]], [1.0], ["ball"])
    >>> (values,) = MeanColour(most=50).attributes([Image.new("RGB", (8, 8), (200, 30, 30))], [found])
    >>> max(values, key=lambda each: each.score).value
    'red'
    """

    version = "mean colour"

    def __init__(self, corpus: str | os.PathLike[str] | None = None, *, most: int = PICTURES) -> None:
        rows: list[Floats] = []
        labels: list[str] = []
        for scene, image in pictures(corpus, most):
            pixels = np.asarray(image)
            for thing, box in zip(scene.things, scene_boxes(scene), strict=True):
                mask = next((region for region in thing.regions if isinstance(region, Mask)), None)
                row = _colours(pixels, box, mask) if np.isfinite(box).all() else None
                if row is not None:
                    colours = [each.value for each in thing.attributes.get(KIND, ())]
                    labels.extend(colours)
                    rows.extend([row] * len(colours))
        self._rule = GaussianBayes.fit(np.array(rows), labels)

    def attributes(self, images: Sequence[Image], found: Sequence[Detections]) -> list[list[AttributeScore]]:
        """The probability of every colour for each region; none for what lies outside of its picture."""
        return [self._attributes(*each) for each in zip(images, found, strict=True)]

    def _attributes(self, image: Image, found: Detections) -> list[AttributeScore]:
        pixels = np.asarray(image)
        masks = found.masks or [None] * len(found)
        seen = [_colours(pixels, box, mask) for box, mask in zip(found.boxes, masks, strict=True)]
        inside = [number for number, row in enumerate(seen) if row is not None]
        likely = self._rule.posterior(np.array([seen[number] for number in inside]).reshape(-1, 6))
        return [
            AttributeScore(number, colour, KIND, float(score))
            for number, row in zip(inside, likely, strict=True)
            for colour, score in zip(self._rule.classes, row, strict=True)
        ]


def _colours(pixels: NDArray[np.uint8], box: Floats, mask: Mask | None) -> Floats | None:
    """`(6,)` mean and spread of the colours in a mask, else in a box `(4,)`; None where that is outside."""
    x0, y0 = np.maximum(np.floor(box[:2]).astype(int), 0)
    x1, y1 = np.maximum(np.ceil(box[2:]).astype(int), 0)  # a negative end would count from the right
    flags = None if mask is None else decode_mask(mask)
    inside = pixels[flags] if flags is not None and flags.any() else pixels[y0:y1, x0:x1].reshape(-1, 3)
    if not len(inside):
        return None
    return np.concatenate([inside.mean(0), inside.std(0)]) / 255
