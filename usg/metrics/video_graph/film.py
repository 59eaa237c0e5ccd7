"""How much the tracks of a predicted and a gold film overlap, frame by frame, and when relations hold.

Frame by frame, so that no more than one frame's masks are decoded at a time and none twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Region, TimeSpan, Track, TrackPoint
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.regions import Floats, box_iou, mask_iou, masks_of, scene_boxes
from usg.metrics.scene_graph.scene import Link, Scene, Thing

Flags = NDArray[np.bool_]
Points = dict[int, tuple[TrackPoint, ...]]  # by frame
_SECONDS = 1e-3  # times written in milliseconds still fall into their frames


@dataclass(frozen=True)
class FilmOverlap:
    """The tracks of p predicted and g gold objects over f frames.

    Attributes:
        frames: `(f,)` frame numbers, ascending: those of either side, or of the gold (`Protocol.frames`).
        both: `(f, p, g)` area in both, pixels.
        predicted: `(f, p)` area of each predicted object; 0 where it is not there.
        gold: `(f, g)` likewise.
    """

    frames: NDArray[np.int64]
    both: Floats
    predicted: Floats
    gold: Floats

    @cached_property
    def iou(self) -> Floats:
        """`(f, p, g)` overlap in each frame."""
        either = self.predicted[:, :, None] + self.gold[:, None, :] - self.both
        return np.divide(self.both, either, out=np.zeros_like(self.both), where=either > 0)


def film_overlap(predicted: Scene, gold: Scene, protocol: Protocol) -> FilmOverlap:
    """Compares the tracks of two scenes of one film.

    Raises:
        ValueError: masks are missing or do not fit.

    >>> from usg.graph import Box
    >>> from usg.metrics.scene_graph.presets import preset
    >>> track = Track(tuple(TrackPoint(i, i / 10, Box(0, 0, 4, 4)) for i in range(3)))
    >>> scene = Scene("s", (Thing("a", "cat", (track,)),))
    >>> film_overlap(scene, scene, preset("vidvrd")).both.ravel().tolist()
    [16.0, 16.0, 16.0]
    """
    sides = [points_of(scene) for scene in (predicted, gold)]
    counted = sides[1:] if protocol.frames == "gold" else sides
    frames = np.array(sorted({frame for side in counted for points in side for frame in points}), dtype=np.int64)
    shape = (len(frames), len(predicted.things), len(gold.things))
    both, one, two = np.zeros(shape), np.zeros(shape[:2]), np.zeros((shape[0], shape[2]))
    for i, frame in enumerate(frames.tolist()):
        said, true = (_at(scene, side, frame) for scene, side in zip((predicted, gold), sides, strict=True))
        both[i], one[i], two[i] = _areas(said, true, protocol)
    return FilmOverlap(frames, both, one, two)


def points_of(scene: Scene) -> list[Points]:
    """For each object the points of its tracks by frame: one of boxes and one of masks may stand side by side."""
    found: list[Points] = []
    for thing in scene.things:
        points: Points = {}
        for track in thing.regions:
            if isinstance(track, Track):
                for point in track.points:
                    points[point.frame] = (*points.get(point.frame, ()), point)
        found.append(points)
    return found


def frame_scenes(scene: Scene, frames: NDArray[np.int64]) -> list[Scene]:
    """The scene of each frame: the objects that are there, and the relations that hold then between them.

    Args:
        scene: of a film.
        frames: `(f,)` frame numbers.
    """
    points = points_of(scene)
    found = []
    for frame in frames.tolist():
        there = [number for number, each in enumerate(points) if frame in each]
        place = {number: i for i, number in enumerate(there)}
        things = tuple(_then(scene.things[n], points[n], frame) for n in there)
        links = tuple(
            Link(place[link.subject], link.predicate, place[link.object], link.score)
            for link in scene.links
            if link.subject in place
            and link.object in place
            and holds(link.time, points[link.subject][frame][0].seconds)
        )
        found.append(Scene(f"frame {frame} of {scene.name}", things, links, scene.source))
    return found


def holds(time: TimeSpan | None, seconds: float) -> bool:
    """Whether a span covers a moment; without a span, always.

    >>> holds(TimeSpan(0.0, 0.4), 0.3), holds(TimeSpan(0.0, 0.4), 0.4)
    (True, False)
    """
    return time is None or time.start - _SECONDS <= seconds < time.end - _SECONDS


def _then(thing: Thing, points: Points, frame: int) -> Thing:
    """A thing as it is in a frame: its regions, and the attributes that hold."""
    values = {
        kind: tuple(each for each in values if holds(each.time, points[frame][0].seconds))
        for kind, values in thing.attributes.items()
    }
    kept = {kind: each for kind, each in values.items() if each}
    return replace(thing, regions=_regions(points, frame), attributes=kept)


def _regions(points: Points, frame: int) -> tuple[Region, ...]:
    return tuple(point.region for point in points.get(frame, ()))


def _at(scene: Scene, points: list[Points], frame: int) -> Scene:
    """All objects of the scene, in their order, with the region that they have in a frame."""
    things: list[Thing] = []
    for thing, each in zip(scene.things, points, strict=True):
        things.append(replace(thing, regions=_regions(each, frame)))
    return Scene(f"frame {frame} of {scene.name}", tuple(things))


def _areas(said: Scene, true: Scene, protocol: Protocol) -> tuple[Floats, Floats, Floats]:
    """Area in both `(p, g)`, of the predicted `(p,)` and of the gold objects `(g,)`."""
    if protocol.region == "mask":
        masks = [masks_of(scene, protocol.mask_size) for scene in (said, true)]
        one, two = (each.sum(1).astype(np.float64) for each in masks)
        overlap = mask_iou(*masks)
    else:
        boxes, gold_boxes = scene_boxes(said), scene_boxes(true)
        one, two = (
            np.nan_to_num((each[:, 2:] - each[:, :2] + protocol.box_offset).prod(1)) for each in (boxes, gold_boxes)
        )
        overlap = box_iou(boxes, gold_boxes, protocol.box_offset)
    # |a & b| from IoU: both = iou (|a| + |b|) / (1 + iou).
    return overlap * (one[:, None] + two[None, :]) / (1 + overlap), one, two
