"""What stays of a film while it is read: of each track its boxes and votes, of what is said of it spans of time.

No picture, and no feature, is kept. A box is 16 bytes and its time and frame 16 more: an hour of 25 frames a second
with seven things in each makes 20 MiB. Of a track that has ended and becomes no object nothing stays.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Mask
from usg.parsers.image.parser import Seen
from usg.parsers.video.smoothing import Span, SpanKeeper

SHORTEST = 2
"""Frames in which a track scores the threshold, at least, to become an object; or all, where fewer were looked at."""


class Value(NamedTuple):
    """A value that a track may have."""

    track: int
    kind: str | None
    value: str


class Link(NamedTuple):
    """A predicate that may hold between two tracks."""

    subject: int
    predicate: str
    object: int


@dataclass(slots=True)
class TrackRecord:
    """One track, frame by frame.

    Attributes:
        number: that the tracker gave it.
        frames, seconds: when it was seen.
        boxes: four numbers a frame, xyxy, pixels.
        masks: one a frame, or none.
        votes: sums of scores by label, of detections that score the threshold at least.
        hits: so many there were.
        shown: seconds for which it was seen.
    """

    number: int
    frames: array[int] = field(default_factory=lambda: array("q"))
    seconds: array[float] = field(default_factory=lambda: array("d"))
    boxes: array[float] = field(default_factory=lambda: array("f"))
    masks: list[Mask] = field(default_factory=list)
    votes: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    hits: int = 0
    shown: float = 0.0

    def __len__(self) -> int:
        """In how many frames it was seen."""
        return len(self.frames)

    @property
    def label(self) -> str:
        """The label with the most votes; of equal ones the first in the alphabet."""
        return min(self.votes, key=lambda label: (-self.votes[label], label))

    @property
    def score(self) -> float:
        """How likely it is that the track is there and is what its label says: the mean of the scores that say so."""
        return round(min(1.0, self.votes[self.label] / max(self.hits, 1)), 6)

    def stays(self, threshold: float, looked_at: int) -> bool:
        """Whether it becomes an object, of a film of which so many frames were looked at."""
        return self.hits >= min(SHORTEST, looked_at) and self.score >= threshold

    def xyxy(self) -> NDArray[np.float32]:
        """(m, 4) its boxes."""
        return np.frombuffer(self.boxes, np.float32).reshape(-1, 4)


class Noted(NamedTuple):
    """What is noted of a frame.

    Attributes:
        frame: its number.
        seconds: when it is.
        seen: what the image parser found in it.
        numbers: the track of each region, -1 for none.
        confident: so many regions score the threshold at least.
    """

    frame: int
    seconds: float
    seen: Seen
    numbers: Sequence[int]
    confident: int


class Records:
    """The notes of one film.

    Args:
        threshold: least score of what is noted.
        masks: whether masks are kept.
    """

    def __init__(self, threshold: float, masks: bool) -> None:
        self.tracks: dict[int, TrackRecord] = {}
        self._threshold, self._masks, self._looked_at = threshold, masks, 0
        self._live: set[int] = set()
        self._links, self._values = SpanKeeper[Link](threshold), SpanKeeper[Value](threshold)
        self.links: list[tuple[Link, Span]] = []
        self.values: list[tuple[Value, Span]] = []
        self.last = 0.0
        """End of the last frame, seconds."""

    def add(self, noted: Noted, dt: float) -> None:
        """Notes a frame that is shown for `dt` seconds."""
        frame, seconds, seen, numbers, confident = noted
        self._looked_at += 1
        for i, number in enumerate(numbers):
            if number >= 0:
                self._note(
                    self.tracks.setdefault(number, TrackRecord(number)), frame, seconds, dt, seen, i, i < confident
                )
        here = {number for number in numbers[:confident] if number >= 0}
        self._live |= here
        values: dict[Value, float] = {}
        for each in seen.attributes:
            key = Value(numbers[each.object], each.kind, each.value)
            if key.track >= 0:
                values[key] = max(each.score, values.get(key, 0.0))
        links: dict[Link, float] = {}
        for link in seen.relations:
            pair = Link(numbers[link.subject], link.predicate, numbers[link.object])
            if pair.subject >= 0 and pair.object >= 0 and pair.subject != pair.object:
                links[pair] = max(link.score, links.get(pair, 0.0))
        self._values.update(seconds, dt, values, lambda key: key.track in here)
        self._links.update(seconds, dt, links, lambda key: key.subject in here and key.object in here)
        self.last = seconds + dt

    def forget(self, lost: float) -> None:
        """Closes what is said of tracks not seen since a time, in seconds, and drops those that become no object."""
        gone = {number for number in self._live if self.tracks[number].seconds[-1] < lost}
        if not gone:
            return
        self._live -= gone
        self.links += self._links.finish(lambda key: key.subject in gone or key.object in gone)
        self.values += self._values.finish(lambda key: key.track in gone)
        dropped = {number for number in gone if not self.tracks[number].stays(self._threshold, self._looked_at)}
        if dropped and self._looked_at >= SHORTEST:
            for number in dropped:
                del self.tracks[number]
            self.links = [each for each in self.links if dropped.isdisjoint((each[0].subject, each[0].object))]
            self.values = [each for each in self.values if each[0].track not in dropped]

    def close(self) -> None:
        """Closes all that is said."""
        self.links += self._links.finish()
        self.values += self._values.finish()

    def _note(
        self, track: TrackRecord, frame: int, seconds: float, dt: float, seen: Seen, i: int, confident: bool
    ) -> None:
        found = seen.found
        track.frames.append(frame)
        track.seconds.append(seconds)
        track.boxes.extend(found.boxes[i].tolist())
        if self._masks and found.masks is not None:
            track.masks.append(found.masks[i])
        if confident:
            track.votes[found.labels[i]] += float(found.scores[i])
            track.hits += 1
            track.shown += dt
