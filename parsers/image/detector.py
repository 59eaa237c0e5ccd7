"""What a detector is, and what it finds: boxes, scores, labels, and perhaps masks and features.

A detector is any object with `version` and `detect(images, threshold)`. `Detections` are checked when they are made, so
that a NaN or a class without a name is an error with its place and not a broken graph:

    boxes     (n, 4)   xyxy in pixels of the picture, right and bottom exclusive
    scores    (n,)     in [0, 1]
    labels    n        words
    masks     n        COCO run lengths of the size of the picture, or none
    features  (n, d)   of the regions, for heads that read them, or none

Boxes may stand out of the picture; the parser cuts them to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from usg.graph.region import Mask

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What was found in one picture; see the module docstring for shapes and units.

    Raises:
        ValueError: an array has another shape, a box is not finite or inverted, a score is not in [0, 1], a label is
            empty, or there are not as many of one as of the other.

    >>> found = Detections([[0, 0, 4, 2]], [0.9], ["dog"])
    >>> len(found), found.boxes.shape, found.labels
    (1, (1, 4), ('dog',))
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    labels: tuple[str, ...]
    masks: tuple[Mask, ...] | None = None
    features: NDArray[np.float32] | None = None

    def __init__(
        self,
        boxes: ArrayLike,
        scores: ArrayLike,
        labels: Sequence[str],
        masks: Sequence[Mask] | None = None,
        features: ArrayLike | None = None,
    ) -> None:
        if isinstance(labels, str):
            raise ValueError(f"labels are the string {labels!r}, expected one for each box")
        n = len(labels)
        set_field = object.__setattr__
        set_field(self, "boxes", _array("boxes", boxes, n, 4))
        set_field(self, "scores", _array("scores", scores, n))
        set_field(self, "labels", tuple(labels))
        set_field(self, "masks", None if masks is None else tuple(masks))
        set_field(self, "features", None if features is None else np.asarray(features, np.float32))
        self._check()

    def _check(self) -> None:
        n = len(self.labels)
        boxes, scores = self.boxes, self.scores
        if (wrong := ~np.isfinite(boxes)).any():
            raise ValueError(f"{_first('box', boxes, wrong)}, not finite; the detector failed on this picture")
        if (wrong := (boxes[:, 2:] < boxes[:, :2])).any():
            raise ValueError(f"{_first('box', boxes, wrong)}, inverted; expected x0 <= x1 and y0 <= y1 (xyxy, pixels)")
        if (wrong := ~((scores >= 0) & (scores <= 1))).any():  # NaN too
            raise ValueError(f"{_first('score', scores, wrong)}, not in [0, 1]; the detector failed on this picture")
        for i, label in enumerate(self.labels):
            if not isinstance(label, str) or not label.strip():
                raise ValueError(f"label {i} is {label!r}; a detector gives words (class_names, or labels to look for)")
        if self.masks is not None and (len(self.masks) != n or not all(isinstance(m, Mask) for m in self.masks)):
            raise ValueError(f"{len(self.masks)} masks for {n} boxes, or not all of them Mask")
        if self.features is not None and (self.features.ndim != 2 or len(self.features) != n):
            raise ValueError(f"features of shape {self.features.shape}, expected ({n}, d)")

    def __len__(self) -> int:
        """How many regions."""
        return len(self.labels)

    def select(self, indices: Sequence[int] | NDArray[np.int64]) -> Detections:
        """Some of the regions, in the given order."""
        kept = np.asarray(indices, dtype=np.int64)
        return Detections(
            self.boxes[kept],
            self.scores[kept],
            [self.labels[i] for i in kept],
            None if self.masks is None else [self.masks[i] for i in kept],
            None if self.features is None else self.features[kept],
        )


@runtime_checkable
class Detector(Protocol):
    """What finds regions in pictures.

    Attributes:
        version: its name and version, for the source of every graph.
    """

    @property
    def version(self) -> str:
        """Name and version."""

    def detect(self, images: Sequence[Image], threshold: float) -> list[Detections]:
        """The regions of each picture.

        Args:
            images: RGB, upright, of any sizes.
            threshold: what scores less need not be returned.
        """


def nothing() -> Detections:
    """No regions.

    >>> len(nothing())
    0
    """
    return Detections(np.zeros((0, 4)), np.zeros(0), ())


def _first(name: str, values: NDArray[np.float64], wrong: NDArray[np.bool_]) -> str:
    """The first of the values in whose row something is wrong, with its place."""
    place = int(np.nonzero(wrong)[0][0])
    return f"{name} {place} is {values[place].tolist()}"


def _array(name: str, values: Any, *shape: int) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if not array.size and 0 in shape:
        array = array.reshape(shape)
    if array.shape != shape:
        raise ValueError(f"{name} of shape {array.shape}, expected {shape}")
    return array
