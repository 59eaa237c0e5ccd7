"""Pictures into the square that the network reads, and what is found there back into the picture.

The longer side becomes the side of the square, the rest of the square is grey. Coordinates in the picture are those in
the square times the scale, which is a little different in x and y: both sides are rounded to whole pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Mask
from usg.graph.rle import encode_mask

if TYPE_CHECKING:
    from PIL.Image import Image

Scale = tuple[float, float]
"""Pixels of the picture to one of the square, in x and in y."""
_GREY = 127


def letterbox(image: Image, side: int) -> tuple[NDArray[np.uint8], Scale]:
    """The square (side, side, 3) of a picture, and the scale back.

    >>> from PIL import Image
    >>> square, scale = letterbox(Image.new("RGB", (640, 320)), 128)
    >>> square.shape, scale, square[-1, 0].tolist()
    ((128, 128, 3), (5.0, 5.0), [127, 127, 127])
    """
    from PIL.Image import Resampling

    size, scale = _inner(image.size, side), letterbox_scale(image.size, side)
    if size != image.size:
        image = image.resize(size, Resampling.BILINEAR, reducing_gap=2.0)
    if size == (side, side):
        return np.asarray(image), scale
    square = np.full((side, side, 3), _GREY, np.uint8)
    square[: size[1], : size[0]] = np.asarray(image)
    return square, scale


def letterbox_scale(size: tuple[int, int], side: int) -> Scale:
    """The scale of a picture of some width and height.

    >>> letterbox_scale((1000, 333), 128)  # 333 rows become 43
    (7.8125, 7.744186046511628)
    """
    width, height = _inner(size, side)
    return size[0] / width, size[1] / height


def paste_mask(grid: NDArray[np.float32], box: NDArray[np.float64], margin: float, size: tuple[int, int]) -> Mask:
    """A mask of the picture from values over a box and a margin around it.

    Args:
        grid: (k, k), positive inside.
        box: xyxy in pixels of the picture.
        margin: of the grid beyond the box on each side, as a share of it.
        size: width and height of the picture.
    """
    width, height = size
    # Run lengths go along columns: in this order the array is read as it lies in memory.
    mask = np.zeros((height, width), bool, order="F")
    span = (box[2:] - box[:2]) * (1 + 2 * margin)
    start = box[:2] - (box[2:] - box[:2]) * margin
    low = np.clip(np.floor(start), 0, size).astype(int)
    high = np.clip(np.ceil(start + span), 0, size).astype(int)
    # Bilinear values at the centres of the pixels, one axis after the other.
    columns = _weights(np.arange(low[0], high[0]) + 0.5, start[0], span[0], len(grid))
    rows = _weights(np.arange(low[1], high[1]) + 0.5, start[1], span[1], len(grid))
    mask[low[1] : high[1], low[0] : high[0]] = rows @ grid @ columns.T > 0
    return encode_mask(mask)


def _inner(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height of the picture within the square."""
    scale = max(size) / side
    return max(1, round(size[0] / scale)), max(1, round(size[1] / scale))


def _weights(points: NDArray[np.float64], start: float, span: float, k: int) -> NDArray[np.float32]:
    """(n, k): the bilinear weights of k cells at n points."""
    at = np.clip((points - start) / span * k - 0.5, 0, k - 1)
    weights: NDArray[np.float32] = np.maximum(0, 1 - np.abs(at[:, None] - np.arange(k))).astype(np.float32)
    return weights
