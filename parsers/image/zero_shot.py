"""Attributes and relations without training: a crop compared with texts by CLIP, SigLIP or their like.

With the evidence e of usg/parsers/image/image_text.py and a text that says the thing and nothing more,

    attributes   p(v) = exp e("a red dog") / (exp e("a dog") + sum of exp e over all values of the kind)
    relations    p(r) = sigmoid(e("a dog riding a horse") - e("a dog and a horse"))

so a region may have no colour, and a pair several predicates or none. An attribute is read from the region's crop, a
relation from the crop around both boxes. What these models know of relations is little: that swapping subject and
object, or one predicate for another, hardly moves their scores is well documented (Thrush et al., Winoground, 2022;
Yuksekgonul et al., When and why vision-language models behave like bags-of-words, 2023). Take them for a guess.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from usg.parsers.image.heads import AttributeScore, RelationScore
from usg.parsers.image.image_text import ImageText
from usg.parsers.image.labels import a_photo_of, with_article

if TYPE_CHECKING:
    from PIL.Image import Image

    from usg.parsers.image.detector import Detections

VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "colour": tuple("black white grey brown red orange yellow green blue purple pink".split()),
        "material": tuple("wooden metal plastic glass leather stone brick".split()),
        "pattern": tuple("striped dotted checkered floral".split()),
    }
)
"""Values by kind that are looked for when none are named."""

PREDICATES = (
    "on", "under", "in", "behind", "in front of", "next to", "holding", "wearing", "riding", "carrying", "eating",
    "looking at", "sitting on", "standing on", "leaning on", "hanging from", "attached to", "covered by",
)  # fmt: skip
"""Predicates that are looked for when none are named."""


class ZeroShotAttributes:
    """An attribute head of values to choose from; see the module docstring.

    Args:
        model: an `ImageText`, or the folder or hub name of one.
        values: kinds with their values; `VALUES` when None.
        margin: how much of its width and height a crop is larger than its box, on each side.

    Raises:
        FileNotFoundError, ValueError: the model cannot be loaded, or a kind has no values.
    """

    def __init__(
        self,
        model: ImageText | str | os.PathLike[str],
        *,
        values: Mapping[str, Sequence[str]] | None = None,
        margin: float = 0.1,
    ) -> None:
        self.values = dict(VALUES if values is None else values)
        if not self.values or not all(self.values.values()):
            raise ValueError(f"values are {self.values!r}; name kinds with at least one value each")
        self.model = model if isinstance(model, ImageText) else ImageText(model)
        self.margin = margin

    @property
    def version(self) -> str:
        """That of the model."""
        return f"{self.model.version} attributes"

    def attributes(self, images: Sequence[Image], found: Sequence[Detections]) -> list[list[AttributeScore]]:
        """The probability of every value of every kind, for each region."""
        return [self._attributes(*each) for each in zip(images, found, strict=True)]

    def _attributes(self, image: Image, found: Detections) -> list[AttributeScore]:
        crops = self.model.crops([_crop(image, box, self.margin) for box in found.boxes])
        scores = []
        for i, label in enumerate(found.labels):
            for kind, values in self.values.items():
                texts = [a_photo_of(label), *(a_photo_of(f"{value} {label}") for value in values)]
                evidence = self.model.evidence(crops[i : i + 1], texts)[0]
                odds = np.exp(evidence - evidence.max())
                share = odds[1:] / odds.sum()
                scores += [AttributeScore(i, value, kind, float(p)) for value, p in zip(values, share, strict=True)]
        return scores


class ZeroShotRelations:
    """A relation head of predicates to choose from; see the module docstring.

    Args:
        model: an `ImageText`, or the folder or hub name of one.
        predicates: to look for; `PREDICATES` when None.
        max_pairs: of regions in a picture that are looked at, in both directions; the nearest ones.
        margin: how much of its width and height a crop is larger than both boxes, on each side.

    Raises:
        FileNotFoundError, ValueError: the model cannot be loaded, or there are no predicates.
    """

    def __init__(
        self,
        model: ImageText | str | os.PathLike[str],
        *,
        predicates: Sequence[str] | None = None,
        max_pairs: int = 64,
        margin: float = 0.05,
    ) -> None:
        self.predicates = PREDICATES if predicates is None else tuple(predicates)
        if not self.predicates or isinstance(predicates, str):
            raise ValueError(f"predicates are {predicates!r}; give a list with at least one")
        self.model = model if isinstance(model, ImageText) else ImageText(model)
        self.max_pairs, self.margin = max_pairs, margin

    @property
    def version(self) -> str:
        """That of the model."""
        return f"{self.model.version} relations"

    def relations(self, images: Sequence[Image], found: Sequence[Detections]) -> list[list[RelationScore]]:
        """The probability of every predicate, for the nearest pairs of regions and both directions."""
        return [self._relations(*each) for each in zip(images, found, strict=True)]

    def _relations(self, image: Image, found: Detections) -> list[RelationScore]:
        pairs = nearest_pairs(found.boxes, self.max_pairs)
        around = [_around(found.boxes[i], found.boxes[j]) for i, j in pairs]
        crops = self.model.crops([_crop(image, box, self.margin) for box in around])
        scores = []
        for k, pair in enumerate(pairs):
            for i, j in (pair, pair[::-1]):
                subject, target = with_article(found.labels[i]), with_article(found.labels[j])
                texts = [f"{subject} {predicate} {target}" for predicate in self.predicates]
                evidence = self.model.evidence(crops[k : k + 1], [f"{subject} and {target}", *texts])[0]
                likely = 0.5 * (1.0 + np.tanh(0.5 * (evidence[1:] - evidence[0])))
                scores += [
                    RelationScore(i, predicate, j, float(p))
                    for predicate, p in zip(self.predicates, likely, strict=True)
                ]
        return scores


def nearest_pairs(boxes: NDArray[np.float64], most: int) -> list[tuple[int, int]]:
    """Pairs i < j of boxes, those with the narrowest gap between them first; overlapping boxes have none.

    >>> nearest_pairs(np.array([[0, 0, 1, 1], [9, 0, 10, 1], [2, 0, 3, 1]], float), 2)
    [(0, 2), (1, 2)]
    """
    first, second = np.triu_indices(len(boxes), 1)
    a, b = boxes[first], boxes[second]
    gaps = np.clip(np.maximum(a[:, :2], b[:, :2]) - np.minimum(a[:, 2:], b[:, 2:]), 0, None)
    order = np.argsort(np.hypot(*gaps.T), kind="stable")[:most]
    return [(int(first[k]), int(second[k])) for k in order]


def _around(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])])


def _crop(image: Image, box: NDArray[np.float64], margin: float) -> Image:
    """The part of the picture in a box and its margin, at least a pixel."""
    x0, y0, x1, y1 = box.tolist()
    dx, dy = margin * (x1 - x0), margin * (y1 - y0)
    left, top = min(int(max(x0 - dx, 0)), image.width - 1), min(int(max(y0 - dy, 0)), image.height - 1)
    right, bottom = max(int(np.ceil(x1 + dx)), left + 1), max(int(np.ceil(y1 + dy)), top + 1)
    return image.crop((left, top, min(right, image.width), min(bottom, image.height)))
