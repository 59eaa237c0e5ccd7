"""Small graphs of films, written as tables: what the tests of video-graph metrics share. Ten frames a second."""

from collections.abc import Iterable, Mapping, Sequence

from small_graphs import Corners, rectangle

from usg.graph import Attribute, Box, Grounding, Relation, SceneGraph, SceneObject, Source, TimeSpan, Track, TrackPoint

FPS = 10


def track(corners: Corners, frames: Iterable[int], *, masks: bool = False) -> Track:
    """A thing that stands still in some frames."""
    region = rectangle(corners) if masks else Box(*corners)
    return Track(tuple(TrackPoint(frame, frame / FPS, region) for frame in frames))


def film(
    objects: Mapping[str, tuple[str, Track]],
    relations: Sequence[tuple[str, str, str, tuple[int, int] | None] | tuple[str, str, str, tuple[int, int], float]],
    *,
    events: Sequence[tuple[str, str, tuple[int, int]]] = (),
    uri: str | None = None,
) -> SceneGraph:
    """A graph of a film: id -> (label, track); (subject, predicate, object, [frame, frame), score); events of one."""
    return SceneGraph(
        [Source("v", "video", uri=uri, fps=FPS)],
        [SceneObject(id, label, groundings=(Grounding("v", path),)) for id, (label, path) in objects.items()],
        [
            Attribute(f"a{i}", thing, value, kind="event", time=_span(frames))
            for i, (thing, value, frames) in enumerate(events)
        ],
        [
            Relation(f"r{i}", subject, predicate, other, time=_span(frames), score=score[0] if score else None)
            for i, (subject, predicate, other, frames, *score) in enumerate(relations)
        ],
    )


def _span(frames: tuple[int, int] | None) -> TimeSpan | None:
    return None if frames is None else TimeSpan(frames[0] / FPS, frames[1] / FPS)
