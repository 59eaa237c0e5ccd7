"""Which frames of a film are looked at: all, so many a second, so many in all, or so many of each shot.

    Sampling()                     every frame
    Sampling(fps=4)                the first frame at or after 0, 1/4, 2/4, ... seconds
    Sampling(count=32)             32 frames, evenly over the film
    Sampling(count=4, shots=True)  4 frames, evenly over each shot
    Sampling(fps=4, shots=True)    as above; shots are found, so that nothing is tracked over a cut

A cut is where small copies of two frames differ by 12 % of the range on average and four times as much as the frames
before them do. Evenly over each shot, or over a film that does not say how long it is: it is read twice, the first time
to count its frames, so that none is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from usg.parsers.video.frames import FilmReader, Frame

_SMALL = (32, 18)  # pixels of the copies that are compared
_CUT, _TIMES = 0.12, 4.0
_MEMORY = 0.8  # of what earlier frames differed by, from frame to frame


@dataclass(frozen=True, slots=True)
class Sampling:
    """See the module docstring.

    Args:
        fps: frames a second.
        count: frames in all, or of each shot.
        shots: look for cuts.

    Raises:
        ValueError: a number is not positive, or both are given.
    """

    fps: float | None = None
    count: int | None = None
    shots: bool = False

    def __post_init__(self) -> None:
        if self.fps is not None and not 0 < self.fps < float("inf"):
            raise ValueError(f"fps is {self.fps}, expected more than 0")
        if self.count is not None and self.count < 1:
            raise ValueError(f"count is {self.count}, expected at least 1")
        if self.fps is not None and self.count is not None:
            raise ValueError(f"fps is {self.fps} and count is {self.count}; give one of them")


def sampled(film: FilmReader, sampling: Sampling) -> Iterator[Frame]:
    """The frames of a film that are looked at."""
    frames: Iterator[Frame] = iter(film)
    if sampling.shots:
        frames = in_shots(frames)
    if sampling.fps is not None:
        return at_rate(frames, sampling.fps)
    if sampling.count is not None:
        if film.duration and not sampling.shots:
            return at_rate(frames, sampling.count / film.duration, most=sampling.count)
        lengths = [sum(1 for _ in shot) for _, shot in groupby(frames, key=attrgetter("shot"))]
        return evenly(film, lengths, sampling.count)
    return frames


def at_rate(frames: Iterable[Frame], fps: float, most: int | None = None) -> Iterator[Frame]:
    """The first frame at or after each of 0, 1/fps, 2/fps, ... seconds.

    >>> [frame.number for frame in at_rate((Frame(i, i / 25, None) for i in range(10)), 8)]
    [0, 4, 7]
    """
    taken, due = 0, 0
    for frame in frames:
        tick = int(frame.seconds * fps + 1e-3)
        if tick >= due and (most is None or taken < most):
            taken, due = taken + 1, tick + 1
            yield frame


def evenly(frames: Iterable[Frame], lengths: Sequence[int], n: int) -> Iterator[Frame]:
    """Some frames of each shot, evenly over it, or all where there are fewer.

    Args:
        frames: of a film.
        lengths: frames of each of its shots.
        n: frames of each that are looked at.

    >>> frames = [Frame(i, i / 25, None) for i in range(100)]
    >>> [(frame.number, frame.shot) for frame in evenly(frames, [90, 10], 3)]
    [(15, 0), (45, 0), (75, 0), (91, 1), (95, 1), (98, 1)]
    """
    stream = iter(frames)
    for shot, length in enumerate(lengths):
        wanted = {(2 * i + 1) * length // (2 * n) for i in range(n)} if length > n else range(length)
        for i, frame in enumerate(islice(stream, length)):
            if i in wanted:
                yield replace(frame, shot=shot)


def in_shots(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames with the number of their shot."""
    last: NDArray[np.float32] | None = None
    usual, shot = 0.0, 0
    for frame in frames:
        small: NDArray[np.float32] = np.asarray(frame.load(_SMALL), np.float32) / np.float32(255)
        if last is not None and last.shape == small.shape:
            change = float(np.abs(small - last).mean())
            if change > _CUT and change > _TIMES * usual:
                shot, usual = shot + 1, 0.0
            else:
                usual = _MEMORY * usual + (1 - _MEMORY) * change
        last = small
        yield replace(frame, shot=shot)
