"""Tracking by association: which detection of a frame is which object of the frames before.

In each frame a cost is computed for every live track and detection, and the assignment of least total cost is taken
(SciPy's linear_sum_assignment), without pairs that cost more than `_GATE`:

    cost = (2 overlap + label + appearance) / (sum of the weights of those that are known)
    overlap     (1 - GIoU) / 2 of the detection and of where the track would be by now, at a constant velocity
    label       1 - the share of the track's votes that the detection's label has
    appearance  (1 - cosine) / 2 of the features of regions, where the detector gives them

GIoU (Rezatofighi et al., CVPR 2019) tells how far apart boxes are that do not overlap, as those of fast things in slow
films do not. Detections that score less than the threshold do not begin a track, but go on with one that is left over
and that they overlap, as in ByteTrack (Zhang et al., ECCV 2022): what is half hidden scores little. A track that finds
nothing is kept for `patience` seconds, so that short occlusions are bridged, and ends then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from usg.parsers.image.detector import Detections

Boxes = NDArray[np.float64]

_GATE = 0.55
_OVERLAP = 0.3  # IoU of a detection below the threshold with the track that it continues
_GAIN = 0.6  # of the velocity
_MEMORY = 0.8  # of the features
_LOST = 0.02  # cost of every frame that a track was not seen in
_FRAMES = 2  # a track outlives so many frames without it, however far apart they are


class Tracker(Protocol):
    """What follows things through a film; made anew for every film."""

    def update(self, found: Detections, confident: int, seconds: float) -> list[int]:
        """The number of the track of each region of a frame, -1 for none; new numbers begin new tracks.

        Args:
            found: regions, by falling score.
            confident: so many of them score the threshold at least.
            seconds: of the frame, later than the last.
        """

    def cut(self) -> None:
        """Ends all tracks: a new shot begins."""


@dataclass(slots=True)
class _Live:
    """A track that is being followed. Box as centre and sides, velocity of these in pixels a second."""

    number: int
    box: NDArray[np.float64]
    seconds: float
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(4))
    votes: dict[str, float] = field(default_factory=dict)
    feature: NDArray[np.float32] | None = None
    missed: int = 0

    def at(self, seconds: float) -> NDArray[np.float64]:
        return self.box + self.velocity * (seconds - self.seconds)


class MotionTracker:
    """The tracker of the module docstring.

    Args:
        patience: seconds for which a track that is not seen is kept.

    >>> tracker = MotionTracker()
    >>> for t in range(4):
    ...     boxes = [[10 * t, 0, 10 * t + 8, 8], [30 - 10 * t, 0, 38 - 10 * t, 8]]  # two cross
    ...     numbers = tracker.update(Detections(boxes, [0.9, 0.8], ["cat", "cat"]), 2, t / 8)
    >>> numbers
    [0, 1]
    """

    def __init__(self, *, patience: float = 1.0) -> None:
        if not patience >= 0:
            raise ValueError(f"patience is {patience} seconds, expected 0 or more")
        self.patience = patience
        self._live: list[_Live] = []
        self._next = 0

    def cut(self) -> None:
        """Ends all tracks."""
        self._live = []

    def update(self, found: Detections, confident: int, seconds: float) -> list[int]:
        """See `Tracker`."""
        numbers = [-1] * len(found)
        boxes = _centred(found.boxes)
        matches = self._first(found, boxes, confident, seconds)
        taken = {i for i, _ in matches}
        left = [i for i in range(len(self._live)) if i not in taken]
        matches += self._second(boxes, confident, left, seconds)
        for i, j in matches:
            self._see(self._live[i], found, boxes, j, seconds, j < confident)
            numbers[j] = self._live[i].number
        matched = {i for i, _ in matches}
        self._live = [each for i, each in enumerate(self._live) if i in matched or self._waits(each, seconds)]
        for j in range(confident):
            if numbers[j] < 0:
                born = _Live(self._next, boxes[j], seconds)
                self._see(born, found, boxes, j, seconds, True)
                self._live.append(born)
                numbers[j], self._next = born.number, self._next + 1
        return numbers

    def _first(self, found: Detections, boxes: Boxes, confident: int, seconds: float) -> list[tuple[int, int]]:
        if not self._live or not confident:
            return []
        there = np.stack([each.at(seconds) for each in self._live])
        cost = 1 - giou(_corners(there), _corners(boxes[:confident]))  # twice (1 - GIoU) / 2
        votes = [(each.votes, max(sum(each.votes.values()), 1e-9)) for each in self._live]
        cost += np.array(
            [[1 - vote.get(label, 0.0) / total for label in found.labels[:confident]] for vote, total in votes]
        )
        weight = np.full_like(cost, 3.0)
        if found.features is not None:
            seen = found.features[:confident] / np.maximum(
                np.linalg.norm(found.features[:confident], axis=1, keepdims=True), 1e-9
            )
            for i, each in enumerate(self._live):
                if each.feature is not None:
                    cost[i] += (1 - seen @ each.feature / max(float(np.linalg.norm(each.feature)), 1e-9)) / 2
                    weight[i] += 1
        cost /= weight
        missed = np.array([each.missed for each in self._live])
        return _assigned(cost + _LOST * missed[:, None], cost <= _GATE)

    def _second(self, boxes: Boxes, confident: int, left: list[int], seconds: float) -> list[tuple[int, int]]:
        if not left or confident == len(boxes):
            return []
        there = np.stack([self._live[i].at(seconds) for i in left])
        overlap = iou(_corners(there), _corners(boxes[confident:]))
        return [(left[i], confident + j) for i, j in _assigned(1 - overlap, overlap >= _OVERLAP)]

    def _see(self, track: _Live, found: Detections, boxes: Boxes, j: int, seconds: float, confident: bool) -> None:
        passed = seconds - track.seconds
        if passed > 0:
            track.velocity += _GAIN * ((boxes[j] - track.box) / passed - track.velocity)
            track.velocity[2:] = 0  # sides change slowly, and noise in them would grow
        track.box, track.seconds, track.missed = boxes[j], seconds, 0
        if confident:
            label = found.labels[j]
            track.votes[label] = track.votes.get(label, 0.0) + float(found.scores[j])
            if found.features is not None:
                new = found.features[j] / max(float(np.linalg.norm(found.features[j])), 1e-9)
                track.feature = new if track.feature is None else _MEMORY * track.feature + (1 - _MEMORY) * new

    def _waits(self, track: _Live, seconds: float) -> bool:
        """Whether a track that was not seen is kept."""
        track.missed += 1
        return track.missed <= _FRAMES or seconds - track.seconds <= self.patience


class NearestTracker:
    """The baseline: the nearest centre of the frame before, without motion, appearance, labels or memory.

    >>> tracker = NearestTracker()
    >>> for x in (0, 3, 6):
    ...     numbers = tracker.update(Detections([[x, 0, x + 8, 8]], [0.9], ["cat"]), 1, x / 24)
    >>> numbers
    [0]
    """

    def __init__(self) -> None:
        self._boxes = np.zeros((0, 4))
        self._numbers: list[int] = []
        self._next = 0

    def cut(self) -> None:
        """Ends all tracks."""
        self._boxes, self._numbers = np.zeros((0, 4)), []

    def update(self, found: Detections, confident: int, seconds: float) -> list[int]:
        """See `Tracker`; what scores less is left out."""
        boxes = _centred(found.boxes[:confident])
        numbers = [-1] * len(found)
        distance = np.sqrt(((boxes[:, None, :2] - self._boxes[None, :, :2]) ** 2).sum(-1))
        near = distance <= boxes[:, None, 2:].max(-1, initial=0.0)
        free = set(range(len(self._numbers)))
        for j, i in sorted(np.argwhere(near).tolist(), key=lambda pair: float(distance[pair[0], pair[1]])):
            if numbers[j] < 0 and i in free:
                numbers[j] = self._numbers[i]
                free.discard(i)
        for j in range(confident):
            if numbers[j] < 0:
                numbers[j], self._next = self._next, self._next + 1
        self._boxes, self._numbers = boxes, numbers[:confident]
        return numbers


TRACKERS: dict[str, type[MotionTracker] | type[NearestTracker]] = {"motion": MotionTracker, "nearest": NearestTracker}
"""Trackers by name."""


def iou(one: Boxes, two: Boxes) -> Boxes:
    """(n, m) overlap of boxes (n, 4) and (m, 4), xyxy."""
    return _overlap(one, two)[0]


def giou(one: Boxes, two: Boxes) -> Boxes:
    """(n, m) generalised overlap in (-1, 1]: IoU - the share of the box around both that neither fills.

    >>> giou(np.array([[0.0, 0, 1, 1]]), np.array([[0.0, 0, 1, 1], [2, 0, 3, 1]])).round(2).tolist()
    [[1.0, -0.33]]
    """
    overlap, union = _overlap(one, two)
    low = np.minimum(one[:, None, :2], two[None, :, :2])
    high = np.maximum(one[:, None, 2:], two[None, :, 2:])
    around = np.maximum((high - low).prod(-1), 1e-12)
    return np.asarray(overlap - (around - union) / around)


def _overlap(one: Boxes, two: Boxes) -> tuple[Boxes, Boxes]:
    low = np.maximum(one[:, None, :2], two[None, :, :2])
    high = np.minimum(one[:, None, 2:], two[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(-1)
    areas = [(each[:, 2:] - each[:, :2]).prod(-1) for each in (one, two)]
    union = np.maximum(areas[0][:, None] + areas[1][None, :] - common, 1e-12)
    return common / union, union


def _assigned(cost: Boxes, allowed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The assignment of least cost that uses as many allowed pairs as it can."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(np.where(allowed, cost, 1e3))
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if allowed[i, j]]


def _centred(boxes: Boxes) -> Boxes:
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], 1)


def _corners(boxes: Boxes) -> Boxes:
    return np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], 1)
