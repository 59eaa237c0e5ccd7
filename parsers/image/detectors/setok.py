"""SeTok: regions without labels, by clustering the patches of a picture; a detector that has learnt no classes.

Patches are clustered by density peaks (density_peaks.py). With features f scaled so that their mean squared distance
from their mean is 1 a channel, and the position p of a patch in shares of the sides,

    d_ij^2 = |f_i - f_j|^2 / C + position |p_i - p_j|^2

SeTok adds its position code to the features of a SigLIP instead. A cluster may lie in several places: each connected
part of at least `least_patches` patches is a region, with a mask and the box around it. Its label is "region", its
score the peak rho delta of its cluster, at most 1; so the parser's threshold is the one that SeTok puts on its centres.
What that says is how far the region stands out from the rest, not that it is a thing.

Source: Wu et al., Towards Semantic Equivalence of Tokenization in Multimodal LLM (2024). Its merger, detokenizer and
losses are not needed for regions. Its code ties the number of neighbours to the least number of clusters (64), which
averages the density over a large part of a small grid; here `neighbours` is a number of its own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Mask
from usg.graph.rle import encode_mask, mask_box
from usg.parsers.image.detector import Detections, nothing
from usg.parsers.image.detectors.density_peaks import Clusters, density_peaks
from usg.parsers.image.detectors.masks import enlarged
from usg.parsers.image.detectors.patches import PatchModel, colour_patches

if TYPE_CHECKING:
    from PIL.Image import Image

LABEL = "region"
"""The label of every region."""

# A picture whose patches differ by less than this from their mean has nothing in it: half a grey level, and for the
# features of a model, which have no unit, what rounding leaves.
_FLAT_COLOURS, _FLAT_STATES = 0.5 / 255, 1e-6


class SeTok:
    """A detector by clustering.

    Args:
        model: a vision model of transformers by folder or hub name, as "facebook/dinov2-small"; mean and standard
            deviation of the colours of patches when None.
        patches: along the longer side of the picture, without a model.
        neighbours: k of the density.
        position: weight of the distance in the picture; up to 0.12 it alone never makes two regions of one at a
            threshold of 0.5.
        least_patches: smaller parts are no regions.
        device: where the model runs.

    Raises:
        FileNotFoundError, ValueError: the model cannot be loaded, or a number is out of range.

    >>> from PIL import Image
    >>> picture = Image.new("RGB", (80, 40), "white")
    >>> picture.paste("red", (0, 0, 20, 40))
    >>> [found] = SeTok().detect([picture], 0.5)
    >>> sorted(found.boxes.astype(int).tolist()), set(found.labels)
    ([[0, 0, 20, 40], [20, 0, 80, 40]], {'region'})
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        patches: int = 24,
        neighbours: int = 8,
        position: float = 0.1,
        least_patches: int = 2,
        device: str = "cpu",
    ) -> None:
        if min(patches, neighbours, least_patches) < 1 or position < 0:
            raise ValueError(
                f"patches is {patches}, neighbours {neighbours}, least_patches {least_patches}, position {position}; "
                "expected at least 1 of the first three, and no less than 0"
            )
        self._model = None if model is None else PatchModel(model, device=device)
        self.version = f"setok {'colours' if self._model is None else self._model.version}"
        self._patches, self._neighbours, self._position = patches, neighbours, position
        self._least_patches = least_patches

    def detect(self, images: Sequence[Image], threshold: float) -> list[Detections]:
        """The regions of each picture whose peak is at least the threshold."""
        return [self._regions(image, threshold) for image in images]

    def _regions(self, image: Image, threshold: float) -> Detections:
        if self._model is None:
            longer = max(image.size)
            rows, columns = (max(1, round(self._patches * side / longer)) for side in (image.height, image.width))
            features = colour_patches(image, rows, columns)
        else:
            features = self._model(image)
        grid = (features.shape[0], features.shape[1])
        flat = _FLAT_COLOURS if self._model is None else _FLAT_STATES
        distances = patch_distances(features, self._position, flat)
        if not distances.any():
            return nothing()
        clusters = density_peaks(distances, k=self._neighbours, threshold=threshold)
        boxes, scores, masks = [], [], []
        for part, peak in connected_parts(clusters, grid):
            mask = enlarged(part, image.width, image.height)
            box = mask_box(mask)
            if part.sum() >= self._least_patches and peak >= threshold and box is not None:
                boxes.append(box.xyxy)
                scores.append(min(1.0, peak))
                masks.append(encode_mask(mask))
        return _found(boxes, scores, masks)


def patch_distances(features: NDArray[np.float64], position: float, flat: float) -> NDArray[np.float64]:
    """Distances between all patches, (n, n), as in the module docstring; all zero when there is nothing to tell apart.

    Args:
        features: (rows, columns, C).
        position: weight of the distance in the picture.
        flat: root mean square by which the features differ from their mean where there is nothing.

    Raises:
        ValueError: a feature is not finite.
    """
    rows, columns, channels = features.shape
    points = features.reshape(-1, channels)
    if not np.isfinite(points).all():
        raise ValueError("a feature of a patch is not finite; the model failed on this picture")
    points = points - points.mean(0)
    spread = np.sqrt(np.square(points).mean())
    if spread < flat:
        return np.zeros((len(points), len(points)))
    points = points / (spread * np.sqrt(channels))
    places = np.stack(np.meshgrid(np.arange(rows) / rows, np.arange(columns) / columns, indexing="ij"), -1)
    points = np.concatenate([points, np.sqrt(position) * places.reshape(-1, 2)], axis=1)
    squares = np.square(points).sum(1)
    return np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * points @ points.T, 0.0)) * (
        1 - np.eye(len(points))
    )


def connected_parts(clusters: Clusters, grid: tuple[int, int]) -> list[tuple[NDArray[np.bool_], float]]:
    """The parts of clusters that hang together (by sides of patches), each as (rows, columns), with its peak."""
    members = clusters.members.reshape(grid)
    neighbours = nx.grid_2d_graph(grid[0], grid[1])
    neighbours.remove_edges_from([(a, b) for a, b in neighbours.edges if members[a] != members[b]])
    parts = []
    for part in nx.connected_components(neighbours):
        inside = np.zeros(grid, dtype=bool)
        inside[tuple(np.array(list(part)).T)] = True
        parts.append((inside, float(clusters.peaks[members[next(iter(part))]])))
    return parts


def _found(boxes: list[tuple[float, float, float, float]], scores: list[float], masks: list[Mask]) -> Detections:
    return Detections(boxes, scores, [LABEL] * len(boxes), masks) if boxes else nothing()
