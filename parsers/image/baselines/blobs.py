"""Colour blobs and contours: the detector that needs no network, a floor for those that do.

1. Neighbouring pixels whose colours are nearly the same are joined; what hangs together is a blob.
2. A blob that takes much of the picture's border is background. The blobs that are not, and what hangs together of all
   that is not background (a contour), are the regions.
3. A region is named by how the classes look on average: mean and spread of its colour, size, shape and place, by
   Gaussian naive Bayes (bayes.py). It learns from the regions of training pictures that overlap an object by half; the
   others are of the class "nothing", which is not said. The score is the probability of the class.

Pictures are shrunk to 128 pixels first. Of regions that overlap by more than 0.7 the surest stays.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from usg.graph.rle import encode_mask, mask_box
from usg.metrics.scene_graph.regions import box_iou, scene_boxes
from usg.parsers.image.baselines.bayes import Floats, GaussianBayes
from usg.parsers.image.baselines.training import PICTURES, pictures
from usg.parsers.image.detector import Detections, nothing

if TYPE_CHECKING:
    from PIL.Image import Image

Flags = NDArray[np.bool_]

SIDE = 128
"""Pixels of the longer side in which blobs are sought."""
_JOINED = 14.0  # largest distance of the colours of neighbours in a blob, of 442
_BORDER = 0.15  # share of the border from which a blob is background
_LEAST = 12  # pixels of a region
_SAME = 0.5  # overlap from which a region is an object of the training pictures
_TWICE = 0.7  # overlap of regions of which one stays
_NOTHING = "\0nothing"  # no label can be this


class Blobs:
    """A detector of colour blobs; see the module docstring.

    Args:
        corpus: graphs to learn from, with their pictures beside them; pictures of the procedural world when None.
        most: pictures to learn from.

    Raises:
        FileNotFoundError, ValueError: the corpus or its pictures cannot be read, or show nothing.

    >>> from PIL import Image
    >>> from usg.world.pixels import sample_picture
    >>> found = Blobs(most=50).detect([Image.fromarray(sample_picture("iid", 0, 0).image)], 0.5)[0]
    >>> len(found) == len(found.masks) > 0
    True
    """

    version = "colour blobs"

    def __init__(self, corpus: str | os.PathLike[str] | None = None, *, most: int = PICTURES) -> None:
        rows, labels = [], []
        for scene, image in pictures(corpus, most):
            regions = blobs_of(image)
            if not regions:
                continue
            small = _shrunk(image)
            rows.append(looks_of(small, regions))
            overlap = box_iou(_boxes(regions) * (image.width / small.width), scene_boxes(scene))
            for row in overlap:
                best = int(row.argmax()) if row.size else -1
                labels.append(scene.things[best].label if best >= 0 and row[best] >= _SAME else _NOTHING)
        self._rule = GaussianBayes.fit(np.concatenate(rows) if rows else np.zeros((0, 1)), labels)
        if set(self._rule.classes) <= {_NOTHING}:
            raise ValueError(f"no object of {corpus} is a blob of colour; the detector has nothing to name")

    def detect(self, images: Sequence[Image], threshold: float) -> list[Detections]:
        """The regions of each picture that are of some class by the threshold."""
        return [self._detect(image, threshold) for image in images]

    def _detect(self, image: Image, threshold: float) -> Detections:
        regions = blobs_of(image)
        if not regions:
            return nothing()
        likely = self._rule.posterior(looks_of(_shrunk(image), regions))
        if _NOTHING in self._rule.classes:
            likely[:, self._rule.classes.index(_NOTHING)] = 0.0
        scores, best = likely.max(1), likely.argmax(1)
        masks = [_enlarged(region, image.size) for region in regions]
        boxes = _boxes(masks)
        overlap = box_iou(boxes, boxes)
        kept: list[int] = []
        for number in np.argsort(-scores, kind="stable").tolist():
            if scores[number] >= max(threshold, 1e-6) and not (overlap[number, kept] > _TWICE).any():
                kept.append(number)
        if not kept:
            return nothing()
        labels = [self._rule.classes[best[number]] for number in kept]
        return Detections(boxes[kept], scores[kept], labels, [encode_mask(masks[number]) for number in kept])


def blobs_of(image: Image) -> list[Flags]:
    """The regions of a picture, each as `(h, w)` flags of the shrunk picture; a median of 3 x 3 pixels rounds corners.

    >>> from PIL import Image
    >>> picture = Image.new("RGB", (40, 20), "white")
    >>> picture.paste("red", (4, 4, 12, 12))
    >>> [(int(region.sum()), mask_box(region).xyxy) for region in blobs_of(picture)]
    [(60, (4.0, 4.0, 12.0, 12.0))]
    """
    from PIL import ImageFilter
    from scipy.ndimage import binary_fill_holes, find_objects, label

    parts = _joined(np.asarray(_shrunk(image).filter(ImageFilter.MedianFilter(3)), dtype=np.int32))
    border = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    numbers, counts = np.unique(border, return_counts=True)
    behind = np.isin(parts, numbers[counts >= _BORDER * len(border)])
    contours, _ = label(~behind)
    regions: dict[bytes, Flags] = {}
    for groups in (np.where(behind, 0, parts + 1), contours):
        # Holes are filled within the box of a group: over the whole picture that is most of the time.
        for number, where in enumerate(find_objects(groups), 1):
            if where is None or (region := groups[where] == number).sum() < _LEAST:
                continue
            whole = np.zeros(groups.shape, dtype=bool)
            whole[where] = binary_fill_holes(region)
            regions.setdefault(whole.tobytes(), whole)
    return list(regions.values())


def looks_of(image: Image, regions: Sequence[Flags]) -> Floats:
    """`(n, 12)` of each region the mean and spread of its colour, log sides and area, share of its box, and place.

    Args:
        image: h pixels high and w wide.
        regions: flags `(h, w)`, none of them empty.
    """
    pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    rows = []
    for region, (x0, y0, x1, y1) in zip(regions, _boxes(regions), strict=True):
        inside = pixels[region].astype(np.float64) / 255
        area = float(region.sum())
        shape = [np.log(x1 - x0), np.log(y1 - y0), np.log(area), area / ((x1 - x0) * (y1 - y0))]
        rows.append([*inside.mean(0), *inside.std(0), *shape, (x0 + x1) / 2 / width, y1 / height])
    return np.array(rows, dtype=np.float64).reshape(len(regions), 12)


def _joined(pixels: NDArray[np.int32]) -> NDArray[np.int32]:
    """`(h, w)` the number of the blob of each pixel."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    height, width = pixels.shape[:2]
    place = np.arange(height * width).reshape(height, width)
    ends = []
    for one, two in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        near = np.square(pixels[one] - pixels[two]).sum(2) <= _JOINED**2
        ends.append((place[one][near], place[two][near]))
    rows, columns = (np.concatenate(side) for side in zip(*ends, strict=True))
    edges = coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(place.size, place.size))
    return np.asarray(connected_components(edges, directed=False)[1].reshape(height, width))


def _shrunk(image: Image) -> Image:
    """The picture with no side longer than `SIDE`."""
    share = min(1.0, SIDE / max(image.size))
    return image.resize((max(1, round(image.width * share)), max(1, round(image.height * share))))


def _enlarged(region: Flags, size: tuple[int, int]) -> Flags:
    """A region at the size `(width, height)` of its picture."""
    rows, columns = (
        ((np.arange(want) + 0.5) * have / want).astype(np.int64)
        for have, want in zip(region.shape, reversed(size), strict=True)
    )
    return np.asarray(region[np.ix_(rows, columns)])


def _boxes(regions: Sequence[Flags]) -> Floats:
    boxes = [mask_box(region) for region in regions]
    return np.array([(0, 0, 0, 0) if box is None else box.xyxy for box in boxes], dtype=np.float64).reshape(-1, 4)
