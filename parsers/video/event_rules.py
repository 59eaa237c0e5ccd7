"""`RuleEvents`: the baseline of events, without weights. What comes or goes at an edge, or moves to the nearest thing.

    enters, exits   its track begins after the film does, or ends before it, moving, with its box at an edge
    moves to        its centre goes more than its own width at a stretch; its object is what it stops nearest to

All times are those in which the centre moves by `_STILL` of the frame in a second, at least.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from usg.parsers.video.heads import EventScore
from usg.parsers.video.records import TrackRecord

_STILL = 0.04  # of the frame's greater side, a second
_EDGE = 0.02  # of the frame's width
_SCORE = 0.5  # rules do not know how likely they are


class RuleEvents:
    """An event head; see the module docstring."""

    version = "rules"

    def events(self, tracks: Sequence[TrackRecord], size: tuple[int, int], seconds: float) -> list[EventScore]:
        """See `usg.parsers.video.heads.EventHead`."""
        found = []
        for i, track in enumerate(tracks):
            times, boxes = np.frombuffer(track.seconds, np.float64), track.xyxy()
            for first, last in _moves(times, boxes, _STILL * max(size)):
                start, end = float(times[first]), float(times[last])
                if first == 0 and start > 0 and _at_edge(boxes[0], size[0]):
                    found.append(EventScore("enters", i, None, start, end, _SCORE))
                elif last == len(times) - 1 and end < seconds - 0.5 and _at_edge(boxes[-1], size[0]):
                    found.append(EventScore("exits", i, None, start, end, _SCORE))
                elif _way(boxes[first], boxes[last]) > boxes[last, 2] - boxes[last, 0]:
                    goal = _nearest(i, tracks, boxes[last], end)
                    if goal is not None:
                        found.append(EventScore("moves to", i, goal, start, end, _SCORE))
        return found


def _moves(times: NDArray[np.float64], boxes: NDArray[np.float32], least: float) -> list[tuple[int, int]]:
    """[first, last] frames between which a track moves, three at least."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    speed = np.abs(np.diff(centre, axis=0)).max(1, initial=0) / np.maximum(np.diff(times), 1e-6)
    fast = np.flatnonzero(speed >= least)
    runs = np.split(fast, np.flatnonzero(np.diff(fast) > 1) + 1)
    return [(int(run[0]), int(run[-1]) + 1) for run in runs if len(run) >= 2]


def _at_edge(box: NDArray[np.float32], width: int) -> bool:
    return bool(box[0] <= _EDGE * width or box[2] >= (1 - _EDGE) * width)


def _way(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    return float(np.abs((one[:2] + one[2:] - two[:2] - two[2:]) / 2).max())


def _nearest(i: int, tracks: Sequence[TrackRecord], box: NDArray[np.float32], when: float) -> int | None:
    """The track whose box is nearest to one then."""
    ways = {}
    for j, other in enumerate(tracks):
        if j != i and other.seconds[0] <= when <= other.seconds[-1]:
            there = other.xyxy()[np.searchsorted(np.frombuffer(other.seconds, np.float64), when)]
            gap = np.maximum(np.maximum(there[:2] - box[2:], box[:2] - there[2:]), 0)
            ways[j] = float(np.hypot(*gap))
    return min(ways, key=lambda j: ways[j], default=None)
