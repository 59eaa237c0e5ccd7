"""Regions: where in a source something was seen.

Coordinates: boxes are `xyxy` in pixels of the source with exclusive right and bottom edges; text spans are half-open
intervals of Unicode code points; times are seconds with an exclusive end. Readers of formats convert at the edge, so
nothing above this module ever sees another convention.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from operator import index
from typing import Any, TypeAlias

_PLAIN = {float, int}


def _make_plain(region: Any, names: tuple[str, ...]) -> None:
    """Turn NumPy and other real scalars into Python numbers, so that a region compares and serialises as one."""
    for name in names:
        value = getattr(region, name)
        if type(value) not in _PLAIN:
            if not isinstance(value, Real) or isinstance(value, bool):
                raise ValueError(f"{type(region).__name__} {name} is {value!r}, expected a number")
            object.__setattr__(region, name, float(value))


@dataclass(frozen=True, slots=True)
class TextSpan:
    """One or more stretches of a text.

    Args:
        spans: `[start, end)` pairs in code points, ascending and not overlapping; several for a discontinuous phrase.

    Raises:
        ValueError: a pair is empty, inverted, negative or out of order.

    >>> TextSpan(((2, 5),)).quote("a dog runs")
    'dog'
    """

    spans: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        try:
            spans = tuple([(index(start), index(end)) for start, end in self.spans])
        except (TypeError, ValueError):
            raise ValueError(f"text span {self.spans!r} is not pairs of whole numbers [start, end)") from None
        if not spans:
            raise ValueError("text span without any [start, end) pair; give at least one")
        previous = 0
        for start, end in spans:
            if start < previous or end <= start:
                raise ValueError(f"text span {list(spans)} is not ascending, non-empty [start, end) pairs")
            previous = end
        object.__setattr__(self, "spans", spans)

    @property
    def start(self) -> int:
        """First code point."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """One past the last code point."""
        return self.spans[-1][1]

    def quote(self, text: str) -> str:
        """The words of `text` that the span covers, joined by a space where it is interrupted."""
        return " ".join(text[start:end] for start, end in self.spans)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of its source, `xyxy`.

    Raises:
        ValueError: a coordinate is not finite, or the box is inverted.

    >>> Box(0, 0, 4, 2).area
    8.0
    """

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.x0, self.y0, self.x1, self.y1
        if not (type(x0) in _PLAIN and type(y0) in _PLAIN and type(x1) in _PLAIN and type(y1) in _PLAIN):
            _make_plain(self, ("x0", "y0", "x1", "y1"))
            x0, y0, x1, y1 = self.xyxy
        # The sum is finite only if every coordinate is; the loop tells an overflow of the sum from a real infinity.
        if not math.isfinite(x0 + y0 + x1 + y1) and not all(map(math.isfinite, self.xyxy)):
            raise ValueError(f"box {self.xyxy} has a coordinate that is not finite")
        if x1 < x0 or y1 < y0:
            raise ValueError(f"box {self.xyxy} is inverted; expected x0 <= x1 and y0 <= y1 (xyxy, pixels)")

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """The four corners' coordinates, pixels."""
        return (self.x0, self.y0, self.x1, self.y1)

    @property
    def area(self) -> float:
        """Square pixels."""
        return float((self.x1 - self.x0) * (self.y1 - self.y0))


@dataclass(frozen=True, slots=True)
class Mask:
    """A binary mask as a COCO compressed run-length encoding.

    Args:
        height: rows, pixels.
        width: columns, pixels.
        counts: the compressed run lengths, column-major, as in pycocotools' `counts` decoded to ASCII.
    """

    height: int
    width: int
    counts: str

    def __post_init__(self) -> None:
        try:
            height, width = index(self.height), index(self.width)
        except TypeError:
            raise ValueError(f"mask of {self.height!r} x {self.width!r} pixels; both must be whole numbers") from None
        if height <= 0 or width <= 0:
            raise ValueError(f"mask of {height} x {width} pixels; both must be positive")
        if not isinstance(self.counts, str):
            raise ValueError(f"mask counts are {type(self.counts).__name__}, expected compressed run lengths as str")
        object.__setattr__(self, "height", height)
        object.__setattr__(self, "width", width)


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """One frame of a track: its number, its time in seconds, and the box or mask there."""

    frame: int
    seconds: float
    region: Box | Mask

    def __post_init__(self) -> None:
        _make_plain(self, ("seconds",))
        try:
            object.__setattr__(self, "frame", index(self.frame))
        except TypeError:
            raise ValueError(f"track point at frame {self.frame!r}; expected a whole number") from None
        if self.frame < 0 or not math.isfinite(self.seconds):
            raise ValueError(
                f"track point at frame {self.frame}, {self.seconds} s; expected frame >= 0, finite seconds"
            )
        if not isinstance(self.region, Box | Mask):
            raise ValueError(f"track point at frame {self.frame}: {type(self.region).__name__}, expected Box or Mask")


@dataclass(frozen=True, slots=True)
class Track:
    """An object through a video: its points, ascending by frame."""

    points: tuple[TrackPoint, ...]

    def __post_init__(self) -> None:
        points = tuple(self.points)
        if not all(isinstance(point, TrackPoint) for point in points):
            raise ValueError(
                f"track points are {', '.join(sorted({type(p).__name__ for p in points}))}, expected TrackPoint"
            )
        if not points:
            raise ValueError("track without points; give at least one")
        frames = [point.frame for point in points]
        if any(b <= a for a, b in pairwise(frames)):
            raise ValueError(f"track frames {frames[:8]} are not ascending")
        object.__setattr__(self, "points", points)

    @property
    def time(self) -> tuple[float, float]:
        """Seconds of the first and the last point."""
        return (self.points[0].seconds, self.points[-1].seconds)


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A stretch of time in seconds, end exclusive."""

    start: float
    end: float

    def __post_init__(self) -> None:
        _make_plain(self, ("start", "end"))
        if not (math.isfinite(self.start) and math.isfinite(self.end)) or self.end < self.start:
            raise ValueError(f"time span [{self.start}, {self.end}) is not finite and ascending (seconds)")


Region: TypeAlias = TextSpan | Box | Mask | Track | TimeSpan
"""Any of the five ways to say where."""
