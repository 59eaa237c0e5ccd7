"""Trajectories: the boxes of a film's tracks on an even grid of frames, which is what events are read from.

n tracks, T frames, coordinates as shares of the frame's width and height:

    boxes   (n, T, 4)   xyxy; where a track has no box, the one between its neighbours or the nearest in time
    seen    (n, T)      whether it has one there

A track has a box in a frame of the grid if it has one within half a step of that, or where it is whole between two that
are no more than `BRIDGE` steps apart and the film was looked at more seldom than the grid asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Box, TimeSpan, Track
from usg.graph.scene_graph import SceneGraph

Floats = NDArray[np.float32]


class Moment(NamedTuple):
    """An event in frames of the grid: [first, last). `object` is -1 where there is no second participant."""

    kind: int
    subject: int
    object: int
    first: int
    last: int


@dataclass(frozen=True)
class Trajectories:
    """See the module docstring.

    Attributes:
        labels: of the tracks.
        events: what happens, where that is known; kinds are places in a list of names.
    """

    boxes: Floats
    seen: NDArray[np.bool_]
    labels: tuple[str, ...]
    events: tuple[Moment, ...] = ()

    def __len__(self) -> int:
        """How many tracks."""
        return len(self.labels)


def on_grid(
    seconds: NDArray[np.float64], boxes: Floats, times: NDArray[np.float64], step: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """The boxes of one track at the times of a grid.

    Args:
        seconds: (m,) when it was seen, ascending.
        boxes: (m, 4).
        times: (T,) of the grid.
        step: seconds between two frames that were looked at, or of the grid, whichever is more.

    Returns:
        (T, 4) boxes, between those seen by straight lines and before and after them as they were; (T,) whether seen.

    >>> boxes = np.array([[0, 0, 1, 1], [2, 0, 3, 1]], np.float32)
    >>> found = on_grid(np.array([0.0, 0.2]), boxes, np.arange(4) / 10, 0.1)
    >>> found[0][:, 0].tolist(), found[1].tolist()
    ([0.0, 1.0, 2.0, 2.0], [True, False, True, False])
    """
    filled = np.stack([np.interp(times, seconds, boxes[:, k]) for k in range(4)], 1).astype(np.float32)
    after = np.searchsorted(seconds, times)
    before = np.clip(after - 1, 0, len(seconds) - 1)
    after = np.clip(after, 0, len(seconds) - 1)
    nearest = np.minimum(np.abs(seconds[before] - times), np.abs(seconds[after] - times))
    return filled, nearest <= 0.5 * step + 1e-6


class NoTracks(ValueError):
    """Nothing in a film has a track of boxes."""


def from_graph(graph: SceneGraph, rate: float, kinds: Mapping[str, int]) -> Trajectories:
    """The trajectories and events of a film's gold graph.

    Args:
        graph: of one film; its objects have tracks of boxes.
        rate: frames a second of the grid.
        kinds: names of events and their places.

    Raises:
        ValueError: the graph is not of one film, or that has no size.
        NoTracks: nothing in it has a track of boxes.
    """
    films = [each for each in graph.sources if each.modality == "video"]
    if len(films) != 1:
        names = ", ".join(each.id for each in graph.sources) or "none"
        raise ValueError(f"a graph of {len(films)} films, expected one; its sources are {names}")
    (source,) = films
    if not source.width or not source.height:
        raise ValueError(f"the film {source.uri or source.id} has no width and height; shares of the frame need them")
    tracks = {thing.id: track for thing in graph.objects if (track := _track(thing.groundings, source.id)) is not None}
    if not tracks:
        raise NoTracks(f"the film {source.uri or source.id} has no track of boxes")
    end = source.duration or max(track.time[1] for track in tracks.values()) + 1 / rate
    times = np.arange(max(1, round(end * rate))) / rate
    labels = {thing.id: thing.label for thing in graph.objects}
    step = max(1 / rate, 1 / (source.fps or rate))
    size = np.array([source.width, source.height] * 2, np.float32)
    pairs = []
    for track in tracks.values():
        seconds = np.array([point.seconds for point in track.points])
        boxes = np.array([point.region.xyxy for point in track.points if isinstance(point.region, Box)], np.float32)
        pairs.append(on_grid(seconds, boxes / size, times, step))
    place = {name: i for i, name in enumerate(tracks)}
    facts: list[tuple[str, str, str | None, TimeSpan | None]]
    facts = [(each.value, each.object, None, each.time) for each in graph.attributes if each.kind == "action"]
    facts += [(each.predicate, each.subject, each.object, each.time) for each in graph.relations]
    events = [
        Moment(
            kinds[name],
            place[who],
            -1 if whom is None else place[whom],
            round(time.start * rate),
            round(time.end * rate),
        )
        for name, who, whom, time in facts
        if name in kinds and time is not None and who in place and (whom is None or whom in place)
    ]
    return Trajectories(
        np.stack([each[0] for each in pairs]),
        np.stack([each[1] for each in pairs]),
        tuple(labels[name] for name in tracks),
        tuple(each for each in events if each.last > each.first),
    )


def _track(groundings: Sequence[object], source: str) -> Track | None:
    """The first track of boxes."""
    for each in groundings:
        region = getattr(each, "region", None)
        if (
            getattr(each, "source", None) == source
            and isinstance(region, Track)
            and isinstance(region.points[0].region, Box)
        ):
            return region
    return None
