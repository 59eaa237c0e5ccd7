"""What sprites are made of: filled polygons in a unit square, and how the children of a thing are attached to it.

A sprite is a list of parts painted one over the other. Coordinates are shares of the sprite's width and height with y
upwards, so (0.5, 0) is where it stands; every sprite fills its square. A fill is `main` (the object's colour with its
texture), `dark` or `light` (shades of that colour), or one of `looks.MATERIALS`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = tuple[tuple[float, float], ...]


class Part(NamedTuple):
    """A filled polygon."""

    fill: str
    points: Points


class Sprite(NamedTuple):
    """One drawing of a category.

    `front` parts at the end of `parts` are painted after what the thing contains. The rest says where its children go,
    in shares of its size.
    """

    aspect: float
    """Width over height."""
    parts: tuple[Part, ...]
    front: int = 0
    surface: float = 0.95
    """Height at which things rest on it."""
    span: tuple[float, float] = (0.12, 0.88)
    """From where to where along its width they do."""
    rim: float = 0.6
    """Height over which contained things are seen."""
    seat: float = 0.0
    """Height of the point by which it rests on something: a seated person's legs hang below it."""
    hands: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.45), (1.0, 0.45))
    grip: tuple[float, float] = (0.5, 0.5)
    """Where a hand takes it."""
    head: tuple[float, float] = (0.5, 0.92)
    """Where a hat sits."""


def rect(x0: float, y0: float, x1: float, y1: float) -> Points:
    """Returns a rectangle from its lower left to its upper right corner."""
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def poly(*numbers: float) -> Points:
    """Returns the polygon with these corners, x and y in turn.

    >>> poly(0, 0, 1, 0, 0.5, 1)
    ((0, 0), (1, 0), (0.5, 1))
    """
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def ellipse(x: float, y: float, rx: float, ry: float, start: float = 0.0, end: float = 360.0) -> Points:
    """Returns an ellipse about (x, y), or the segment of it from one angle to another, in degrees from the right."""
    whole = end - start >= 360.0
    n = max(8, round((end - start) / 18))
    angles = [math.radians(start + (end - start) * i / (n if whole else n - 1)) for i in range(n)]
    return tuple((round(x + rx * math.cos(a), 4), round(y + ry * math.sin(a), 4)) for a in angles)


def band(x: float, y: float, rx: float, ry: float, width: float, start: float, end: float) -> Points:
    """Returns the band along an elliptic arc: the outer edge there, the inner one back; `width` is a share of it."""
    outer, inner = ellipse(x, y, rx, ry, start, end), ellipse(x, y, rx * (1 - width), ry * (1 - width), start, end)
    closing = end - start >= 360.0  # a ring: both edges end where they begin
    return (*outer, *outer[:closing], *inner[:closing], *inner[::-1])


def line(x0: float, y0: float, x1: float, y1: float, width: float) -> Points:
    """Returns a bar from one point to another, `width` across."""
    dx, dy = x1 - x0, y1 - y0
    length = math.hypot(dx, dy)
    nx, ny = -dy / length * width / 2, dx / length * width / 2
    return ((x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny))


def wheel(x: float, y: float, rx: float, ry: float) -> tuple[Part, ...]:
    """Returns a tyre with its hub."""
    return (Part("rubber", ellipse(x, y, rx, ry)), Part("metal", ellipse(x, y, rx * 0.5, ry * 0.5)))


def to_pixels(
    points: NDArray[np.float64], x: float, foot: float, width: float, height: float, flip: bool, tilt: float
) -> NDArray[np.float64]:
    """Returns unit-square points as pixels, y downwards.

    Args:
        points: (n, 2) in the unit square.
        x: centre, pixels.
        foot: of the lower edge, pixels from the top.
        width: pixels.
        height: pixels.
        flip: whether left and right change places.
        tilt: degrees, counter-clockwise about the centre.
    """
    across = (points[:, 0] - 0.5) * (-width if flip else width)
    up = (points[:, 1] - 0.5) * height
    if tilt:
        c, s = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
        across, up = across * c - up * s, across * s + up * c
    return np.stack([x + across, foot - height / 2 - up], axis=1)
