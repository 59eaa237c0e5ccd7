"""Polygons to coverage: how much of each pixel each fill of a sprite takes, by Pillow at four times the resolution.

Parts are painted over each other into one image of fill numbers, so that a later part hides an earlier one exactly and
no seam shows between neighbours; each fill's coverage is then the mean over 4 x 4 samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from usg.world.pixels.shapes import Part, Sprite, to_pixels

Floats = NDArray[np.float32]
SAMPLES = 4


@cache
def _geometry(sprite: Sprite) -> tuple[NDArray[np.float64], list[int]]:
    """All points of a sprite, and where each part's begin and the last one's end."""
    lengths = np.cumsum([0, *(len(part.points) for part in sprite.parts)])
    return np.array([point for part in sprite.parts for point in part.points]), lengths.tolist()


def sprite_points(
    sprite: Sprite, x: float, foot: float, width: float, height: float, flip: bool, tilt: float
) -> list[NDArray[np.float64]]:
    """Returns each part's corners in pixels, y downwards; see `to_pixels`."""
    points, starts = _geometry(sprite)
    placed = to_pixels(points, x, foot, width, height, flip, tilt)
    return [placed[start:end] for start, end in pairwise(starts)]


def coverage(
    parts: Sequence[Part], corners: Sequence[NDArray[np.float64]], left: int, top: int, width: int, height: int
) -> dict[str, Floats]:
    """Returns for each fill the share of every pixel that it covers.

    Args:
        parts: in the order in which they are painted.
        corners: of each part, (n, 2) pixels.
        left: pixels from the picture's left edge to the window's.
        top: likewise downwards.
        width: of the window, pixels.
        height: likewise.

    Returns:
        Fill to (height, width) in [0, 1]; they sum to at most one.
    """
    fills = list(dict.fromkeys(part.fill for part in parts))
    image = Image.new("L", (width * SAMPLES, height * SAMPLES), 0)
    draw = ImageDraw.Draw(image)
    origin = np.array((left, top))
    for part, points in zip(parts, corners, strict=True):
        # Pillow fills the pixels between whole-numbered corners inclusively: shifting by half a sample centres that.
        draw.polygon(((points - origin) * SAMPLES - 0.5).ravel().tolist(), fill=1 + fills.index(part.fill))
    numbers = np.asarray(image)
    return {fill: _mean(numbers == 1 + i) for i, fill in enumerate(fills)}


def _mean(samples: NDArray[np.bool_]) -> Floats:
    """The share of true samples in every pixel; Pillow's reduce is several times faster than a mean over axes."""
    white = Image.fromarray(samples.view(np.uint8) * np.uint8(255))
    return np.asarray(white.reduce(SAMPLES), np.float32) * np.float32(1 / 255)
