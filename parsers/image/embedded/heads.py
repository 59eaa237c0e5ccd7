"""The embedded image parser's attribute head and relation head, of the weights of its detector.

Scores are probabilities: those of values and predicates come from networks that were trained to be.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from usg.nn.label_encoder import LabelEncoder
from usg.parsers.image.detector import Detections
from usg.parsers.image.embedded.model import PictureModel, model_of
from usg.parsers.image.embedded.pairs import GRID, all_pairs
from usg.parsers.image.heads import AttributeScore, RelationScore

if TYPE_CHECKING:
    from PIL.Image import Image

NONE = ""
"""The value of a kind of attribute that a thing does not have."""
_PAIRS = 10_000
"""Pairs that are scored together; more take memory and no less time."""


class PictureAttributes:
    """Reads the attributes of regions off the features that the detector of the same weights gave them."""

    def __init__(self, model: PictureModel | str | os.PathLike[str] | None = None) -> None:
        self.model = model_of(model)
        self.version = f"{self.model.version} attributes"

    def attributes(self, images: Sequence[Image], found: Sequence[Detections]) -> list[list[AttributeScore]]:
        """The likeliest value of each kind, with its probability; none where the thing most likely has none.

        Raises:
            ValueError: the regions are of another detector.
        """
        if not found:
            return []
        features = np.concatenate([_features(each, self.model) for each in found])
        regions = [(picture, i) for picture, each in enumerate(found) for i in range(len(each))]
        start = self.model.network.settings.embedding + GRID * GRID
        scored: list[list[AttributeScore]] = [[] for _ in found]
        for kind, values in self.model.network.words.values.items():
            logits = features[:, start : start + len(values)]
            start += len(values)
            shares = np.exp(logits - logits.max(1, keepdims=True))
            shares /= shares.sum(1, keepdims=True)
            for (picture, i), best, share in zip(
                regions, shares.argmax(1).tolist(), shares.max(1).tolist(), strict=True
            ):
                if values[best] != NONE:
                    scored[picture].append(AttributeScore(i, values[best], kind, share))
        return scored


class PictureRelations:
    """Scores predicates for all ordered pairs of regions of the detector of the same weights.

    Args:
        model: the weights, or their folder; the shipped ones when None.
        predicates: those that are scored, any words; those it was trained on when None.
        least: what scores less is not said.
    """

    def __init__(
        self,
        model: PictureModel | str | os.PathLike[str] | None = None,
        *,
        predicates: Sequence[str] | None = None,
        least: float = 0.01,
    ) -> None:
        self.model = model_of(model)
        self.version = f"{self.model.version} relations"
        self.predicates = self.model.network.words.predicates if predicates is None else tuple(predicates)
        if not self.predicates:
            raise ValueError("there are no predicates to score; name some, or train on graphs with relations")
        self.least = least
        self._encoder = LabelEncoder.load()
        with torch.inference_mode():
            self._predicates = self._encoder(self.predicates)

    def relations(self, images: Sequence[Image], found: Sequence[Detections]) -> list[list[RelationScore]]:
        """Scored predicates; see `usg.parsers.image.heads.RelationHead`.

        Raises:
            ValueError: the regions are of another detector.
        """
        if not found:
            return []
        scored: list[list[RelationScore]] = []
        start, pairs = 0, 0
        for end, each in enumerate(found):
            pairs += len(each) ** 2
            if pairs > _PAIRS and end > start:
                scored += self._relations(images[start:end], found[start:end])
                start, pairs = end, len(each) ** 2
        return scored + self._relations(images[start:], found[start:])

    def _relations(self, images: Sequence[Image], found: Sequence[Detections]) -> list[list[RelationScore]]:
        width = self.model.network.settings.embedding + GRID * GRID
        seen = torch.from_numpy(np.concatenate([_features(each, self.model)[:, :width] for each in found]))
        shares = [each.boxes / max(image.size) for image, each in zip(images, found, strict=True)]
        boxes = torch.from_numpy(np.concatenate(shares).astype(np.float32))
        within = [all_pairs(len(each)) for each in found]
        first = np.cumsum([0, *map(len, found)]).tolist()
        pairs = torch.cat([pairs + start for pairs, start in zip(within, first, strict=False)])
        with torch.inference_mode():
            labels = self._encoder([label for each in found for label in each.labels])
            scores = self.model.network.pairs(boxes, labels, seen, pairs, self._predicates).sigmoid().numpy()
        who, what = np.nonzero(scores >= self.least)
        of = np.repeat(np.arange(len(found)), [len(pairs) for pairs in within])[who].tolist()
        where = torch.cat(within).numpy()[who].tolist()
        scored: list[list[RelationScore]] = [[] for _ in found]
        for picture, (i, j), k, score in zip(of, where, what.tolist(), scores[who, what].tolist(), strict=True):
            scored[picture].append(RelationScore(i, self.predicates[k], j, score))
        return scored


def _features(found: Detections, model: PictureModel) -> np.ndarray:
    network = model.network
    width = network.settings.embedding + GRID * GRID + sum(map(len, network.words.values.values()))
    if found.features is None or found.features.shape[1] != width:
        shape = None if found.features is None else found.features.shape
        raise ValueError(
            f"the regions have features of shape {shape}, expected (n, {width}); this head reads those of a "
            "PictureDetector of the same weights"
        )
    return found.features
