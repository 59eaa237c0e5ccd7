"""Regions: where in a source something was seen.

Coordinates: boxes are `xyxy` in pixels of the source with exclusive right and bottom edges; text spans are half-open
intervals of Unicode code points; times are seconds with an exclusive end. Readers of formats convert at the edge, so
nothing above this module ever sees another convention.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias


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
        spans = tuple((int(start), int(end)) for start, end in self.spans)
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
        return self.spans[0][0]

    @property
    def end(self) -> int:
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
        if not all(math.isfinite(v) for v in (self.x0, self.y0, self.x1, self.y1)):
            raise ValueError(f"box {self.xyxy} has a coordinate that is not finite")
        if self.x1 < self.x0 or self.y1 < self.y0:
            raise ValueError(f"box {self.xyxy} is inverted; expected x0 <= x1 and y0 <= y1 (xyxy, pixels)")

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        return (self.x0, self.y0, self.x1, self.y1)

    @property
    def area(self) -> float:
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
        if self.height <= 0 or self.width <= 0:
            raise ValueError(f"mask of {self.height} x {self.width} pixels; both must be positive")


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """One frame of a track: its number, its time in seconds, and the box or mask there."""

    frame: int
    seconds: float
    region: Box | Mask

    def __post_init__(self) -> None:
        if self.frame < 0 or not math.isfinite(self.seconds):
            raise ValueError(f"track point at frame {self.frame}, {self.seconds} s; expected frame >= 0 and finite seconds")


@dataclass(frozen=True, slots=True)
class Track:
    """An object through a video: its points, ascending by frame."""

    points: tuple[TrackPoint, ...]

    def __post_init__(self) -> None:
        points = tuple(self.points)
        if not points:
            raise ValueError("track without points; give at least one")
        frames = [point.frame for point in points]
        if any(b <= a for a, b in zip(frames, frames[1:], strict=False)):
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
        if not (math.isfinite(self.start) and math.isfinite(self.end)) or self.end < self.start:
            raise ValueError(f"time span [{self.start}, {self.end}) is not finite and ascending (seconds)")


Region: TypeAlias = TextSpan | Box | Mask | Track | TimeSpan
"""Any of the five ways to say where."""
