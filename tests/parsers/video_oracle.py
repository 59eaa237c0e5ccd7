"""Films without pictures, and a detector that is told what is in them: the gold boxes, with noise if wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from usg.graph import Box, SceneGraph, Track
from usg.parsers.image import Detections, ImageParser
from usg.parsers.image.heads import RelationScore
from usg.parsers.video import VideoParser
from usg.parsers.video.frames import Frame


class BlankFilm:
    """A film of white frames, as long and as large as a graph's source says."""

    def __init__(self, graph: SceneGraph) -> None:
        source = graph.sources[0]
        assert source.width and source.height and source.fps and source.duration
        self.width, self.height, self.fps, self.duration = source.width, source.height, source.fps, source.duration
        self.broken: str | None = None
        self._image = Image.new("RGB", (self.width, self.height), "white")

    def __iter__(self) -> Iterator[Frame]:
        """As many frames as fit."""
        for number in range(round(self.duration * self.fps)):
            yield Frame(number, number / self.fps, partial(_image, self._image))

    def close(self) -> None:
        """Nothing is open."""


def _image(image: Image.Image, size: Any) -> Image.Image:
    return image if size is None else image.resize(size)


class Oracle:
    """Detector and relation head at once: frames of gold graphs one after the other, whatever the pictures are."""

    version = "oracle"

    def __init__(
        self, graphs: Sequence[SceneGraph], *, jitter: float = 0.0, missed: float = 0.0, weak: float = 0.0
    ) -> None:
        self._rng = np.random.default_rng(0)
        self._jitter, self._missed, self._weak = jitter, missed, weak
        self._frames = iter([frame for graph in graphs for frame in _frames(graph)])
        self._relations: list[RelationScore] = []

    def detect(self, images: Sequence[Image.Image], threshold: float) -> list[Detections]:
        """The gold boxes of the next frames."""
        return [self._noisy(*next(self._frames)) for _ in images]

    def _noisy(self, boxes: np.ndarray, labels: list[str], relations: list[tuple[int, str, int]]) -> Detections:
        sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
        boxes = boxes + self._rng.normal(0, 1, boxes.shape) * sides * self._jitter
        kept = np.flatnonzero(self._rng.random(len(boxes)) >= self._missed)
        scores = np.where(self._rng.random(len(kept)) < self._weak, 0.3, 0.9)
        order = np.argsort(-scores, kind="stable")
        place = {int(kept[j]): i for i, j in enumerate(order)}
        sure = int((scores > 0.5).sum())
        told = [RelationScore(place[a], p, place[b], 0.9) for a, p, b in relations if a in place and b in place]
        self._relations = [each for each in told if max(each.subject, each.object) < sure]
        found = Detections(boxes[kept], scores, [labels[i] for i in kept])
        return found.select(order)

    def relations(self, images: Sequence[Image.Image], found: Sequence[Detections]) -> list[list[RelationScore]]:
        """The gold relations of the frame."""
        return [self._relations]


def _frames(graph: SceneGraph) -> list[tuple[np.ndarray, list[str], list[tuple[int, str, int]]]]:
    source = graph.sources[0]
    events = set(graph.metadata["events"])
    tracks = {}
    for thing in graph.objects:
        (track,) = (
            each.region
            for each in thing.groundings
            if isinstance(each.region, Track) and isinstance(each.region.points[0].region, Box)
        )
        tracks[thing.id] = {point.frame: point.region.xyxy for point in track.points}
    frames = []
    for number in range(round((source.duration or 0) * (source.fps or 0))):
        there = [thing for thing in graph.objects if number in tracks[thing.id]]
        place = {thing.id: i for i, thing in enumerate(there)}
        held = [
            (place[each.subject], each.predicate, place[each.object])
            for each in graph.relations
            if each.id not in events and each.time and each.time.start <= number / source.fps < each.time.end - 1e-6
            if each.subject in place and each.object in place
        ]
        boxes = np.array([tracks[thing.id][number] for thing in there], float).reshape(-1, 4)
        frames.append((boxes, [thing.label for thing in there], held))
    return frames


def parse_gold(graphs: Sequence[SceneGraph], oracle: Oracle, **settings: Any) -> list[SceneGraph]:
    """What the video parser makes of gold detections."""
    parser = VideoParser(ImageParser(oracle, relations=oracle), batch_size=1, **settings)
    return [parser._parse(BlankFilm(graph), f"film {i}", graph.sources[0].uri) for i, graph in enumerate(graphs)]
