"""The embedded image parser's detector: from pictures to regions, and the features that the heads of its weights read.

`ImageParser()` uses the shipped weights, `ImageParser(FOLDER)` others that `usg train-parser image` made.
The score of a region is a probability: it is calibrated (usg/parsers/image/calibration.py).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from usg.graph.region import Mask
from usg.parsers.image.detector import Detections, nothing
from usg.parsers.image.embedded.heads import PictureAttributes, PictureRelations
from usg.parsers.image.embedded.letterbox import Scale, letterbox, paste_mask
from usg.parsers.image.embedded.model import PictureModel, model_of
from usg.parsers.image.embedded.network import MARGIN, PictureNetwork
from usg.parsers.image.embedded.non_maximum_suppression import non_maximum_suppression

if TYPE_CHECKING:
    from PIL.Image import Image

Precision = Literal["auto", "float32", "bfloat16"]

_MOST = 100  # regions of a picture


class PictureDetector:
    """Finds the objects of the world, or of what `usg train-parser image` was given.

    Args:
        model: the weights, or their folder; the shipped ones when None.
        masks: give masks too, where the weights were trained on any.
        precision: of the convolutions; auto takes bfloat16 where the processor has instructions for it.

    Example:
        >>> from usg.world.pixels import sample_picture
        >>> from PIL import Image
        >>> picture = sample_picture("iid", 0, 3)
        >>> (found,) = PictureDetector().detect([Image.fromarray(picture.image)], 0.5)
        >>> set(found.labels) <= set(PictureDetector().labels)
        True
    """

    def __init__(
        self,
        model: PictureModel | str | os.PathLike[str] | None = None,
        *,
        masks: bool = True,
        precision: Precision = "auto",
    ) -> None:
        self.model = model_of(model)
        self.masks = masks and self.model.masks
        if precision not in ("auto", "float32", "bfloat16"):
            raise ValueError(f"precision is {precision!r}; expected auto, float32 or bfloat16")
        self.fast = precision == "bfloat16" or (precision == "auto" and _has_bfloat16())
        self._network = _in_bfloat16(self.model.network) if self.fast else self.model.network

    @property
    def version(self) -> str:
        """Name and digest of the weights."""
        return self.model.version

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can find."""
        return self.model.network.words.labels

    def heads(self) -> tuple[PictureAttributes, PictureRelations | None]:
        """The heads of the same weights; no relation head where they know no predicates."""
        relations = PictureRelations(self.model) if self.model.network.words.predicates else None
        return PictureAttributes(self.model), relations

    def detect(self, images: Sequence[Image], threshold: float) -> list[Detections]:
        """The objects of each picture; see `usg.parsers.image.detector.Detector`."""
        if not images:
            return []
        network, calibration = self._network, self.model.calibration
        side = network.settings.side
        fitted = [letterbox(image, side) for image in images]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self.fast):
            pictures = _tensor(np.stack([square for square, _ in fitted]))
            maps, logits, boxes = network(pictures)
            scores = logits.sigmoid()
            least = calibration.score(threshold) if threshold > 0 else 0.0
            kept = [non_maximum_suppression(scores[i], boxes[i], least, _MOST) for i in range(len(images))]
            counts = [len(score) for score, _ in kept]
            if not sum(counts):
                return [nothing() for _ in images]
            proposals, of = _filled_up(
                np.concatenate([box for _, box in kept]), np.repeat(np.arange(len(images)), counts)
            )
            regions = network.regions(pictures, maps, proposals, of)
        found = _Found(
            np.concatenate([score for score, _ in kept]),
            regions.boxes(proposals).numpy().astype(np.float64),
            proposals.numpy().astype(np.float64),
            regions.classes.softmax(1).numpy(),
            regions.masks.float().numpy(),
            np.concatenate([regions.vectors.numpy(), *(v.numpy() for v in regions.values.values())], 1),
        )
        ends = np.cumsum(counts)
        return [
            self._detections(found.part(end - count, end), scale, image.size)
            for (_, scale), image, count, end in zip(fitted, images, counts, ends, strict=True)
        ]

    def _detections(self, found: _Found, scale: Scale, size: tuple[int, int]) -> Detections:
        back = np.array([*scale, *scale])
        boxes = np.clip(found.boxes * back, 0, [*size, *size])
        best = found.classes.argmax(1)
        # That there is something, and that it is this.
        scores = self.model.calibration.probability(found.scores * found.classes.max(1))
        masks: list[Mask] | None = None
        if self.masks:
            over = found.proposals * back  # what the grids lie over
            masks = [paste_mask(grid, box, MARGIN, size) for grid, box in zip(found.masks, over, strict=True)]
        return Detections(boxes, scores, [self.labels[i] for i in best], masks, found.features)


def _filled_up(boxes: np.ndarray, of: np.ndarray) -> tuple[Tensor, Tensor]:
    """Boxes and their pictures, the last one again and again until they are one of few numbers.

    There are four such numbers from a power of two to the next. oneDNN keeps what it compiled and allocated for each of
    a thousand shapes: films, whose frames have ever other numbers of regions, would fill memory with it.
    """
    spare = -len(boxes) % (1 << max(0, len(boxes).bit_length() - 3))
    return torch.from_numpy(np.pad(boxes, ((0, spare), (0, 0)), "edge")), torch.from_numpy(
        np.pad(of, (0, spare), "edge")
    )


class _Found(NamedTuple):
    """What was found in a batch, or in one picture of it."""

    scores: np.ndarray
    boxes: np.ndarray
    proposals: np.ndarray
    classes: np.ndarray
    masks: np.ndarray
    features: np.ndarray

    def part(self, start: int, end: int) -> _Found:
        return _Found(*(each[start:end] for each in self))


@cache
def _has_bfloat16() -> bool:
    """Whether bfloat16 is the faster one: oneDNN takes it on any AVX-512, but without these instructions slowly."""
    instructions = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return bool(torch.backends.mkldnn.is_available() and instructions)


def _in_bfloat16(network: PictureNetwork) -> PictureNetwork:
    """A copy whose weights autocast needs not convert, call after call."""
    return copy.deepcopy(network).bfloat16()  # but for the relation head, which has the original and works in float32


def _tensor(squares: np.ndarray) -> Tensor:
    """(b, h, w, 3) bytes to (b, 3, h, w) in [0, 1], channels last in memory."""
    return torch.from_numpy(squares).permute(0, 3, 1, 2).float() / 255
