"""From probabilities for every frame to events with a start and an end.

An event is a stretch of frames in which its probability stays at `low` or above, gaps of `GAP` frames aside, and
reaches the threshold; its score is the mean of its probabilities. One subject does one thing of a kind to one object at
a time: of stretches of the same event and subject that overlap, the best stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from usg.parsers.video.trajectories import Floats, Moment

GAP = 1  # frames


class DetectedEvent(NamedTuple):
    """An event found: what, of whom, when, and its score."""

    moment: Moment
    score: float


@dataclass(frozen=True, slots=True)
class Decoding:
    """How events are read from probabilities.

    Attributes:
        threshold: least probability that an event reaches.
        low: least probability of all its frames, as a share of the threshold.
        shortest: frames.
    """

    threshold: float = 0.5
    low: float = 0.6
    shortest: int = 3


class EventProbabilities:
    """Probabilities of what may be an event: by kind, subject and object (-1 for none) stretches of frames.

    They are copies: a view would keep all of its window.
    """

    def __init__(self) -> None:
        self.parts: dict[tuple[int, int, int], list[tuple[int, Floats]]] = {}

    def add(
        self,
        tracks: Floats,
        between: Floats,
        pairs: NDArray[np.int64],
        decoding: Decoding,
        first: int = 0,
        who: Sequence[int] | None = None,
    ) -> None:
        """Adds a window of a film, later than those before; what cannot be part of an event is left out.

        Args:
            tracks: (n, T, a) of the a events of one participant, the first kinds.
            between: (p, T, b) of the b events of two, the kinds behind those.
            pairs: (p, 2) their participants.
            decoding: thresholds.
            first: frame of the window's first.
            who: places of the n tracks in the film, where they are not all of them.
        """
        least, unary = decoding.low * decoding.threshold, tracks.shape[-1]
        place = list(range(len(tracks))) if who is None else who
        for i, kind in np.argwhere(tracks.max(1, initial=0) >= least).tolist():
            self.parts.setdefault((kind, place[i], -1), []).append((first, tracks[i, :, kind].copy()))
        for p, kind in np.argwhere(between.max(1, initial=0) >= least).tolist():
            key = (unary + kind, place[pairs[p, 0]], place[pairs[p, 1]])
            self.parts.setdefault(key, []).append((first, between[p, :, kind].copy()))


def decode(probabilities: EventProbabilities, decoding: Decoding) -> list[DetectedEvent]:
    """The events of a film, best first."""
    found = []
    for (kind, i, j), parts in probabilities.parts.items():
        start = parts[0][0]
        whole = np.zeros(parts[-1][0] + len(parts[-1][1]) - start, np.float32)
        for first, values in parts:
            whole[first - start : first - start + len(values)] = values
        found += [
            DetectedEvent(Moment(kind, i, j, start + first, start + last), score)
            for first, last, score in stretches(whole, decoding)
        ]
    return alone(found)


def stretches(probability: NDArray[np.float32], decoding: Decoding) -> list[tuple[int, int, float]]:
    """[first, last) and score of the stretches of one event.

    >>> stretches(np.array([0, 0.4, 0.9, 0.9, 0.4, 0, 0, 0.4], np.float32), Decoding())
    [(1, 5, 0.65)]
    """
    frames = np.flatnonzero(probability >= decoding.low * decoding.threshold)
    found = []
    for run in np.split(frames, np.flatnonzero(np.diff(frames) > 1 + GAP) + 1):
        if len(run) and probability[run].max() >= decoding.threshold:
            first, last = int(run[0]), int(run[-1]) + 1
            if last - first >= decoding.shortest:
                found.append((first, last, round(float(probability[run].mean()), 6)))
    return found


def alone(found: Iterable[DetectedEvent]) -> list[DetectedEvent]:
    """Those that stay; see the module docstring."""
    kept: dict[tuple[int, int], list[DetectedEvent]] = {}
    for one in sorted(found, key=lambda each: (-each.score, each.moment)):
        alike = kept.setdefault((one.moment.kind, one.moment.subject), [])
        if not any(one.moment.first < each.last and each.first < one.moment.last for each, _ in alike):
            alike.append(one)
    return sorted((one for alike in kept.values() for one in alike), key=lambda each: (-each.score, each.moment))
