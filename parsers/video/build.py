"""From the notes of a film to its scene graph.

Objects are numbered by when they are first seen, o0, o1, ...; each is grounded in the source "video" by a track of its
boxes and, where there are masks, one of those. Relations have the time in which they hold and their mean score in it.
Of the values of one kind the one that holds `_MOSTLY` of the time in which a thing is seen is given without a time,
alone; where none does, the thing changes, and every value is given with its time. Events are relations too, or
attributes of the kind "action" where they have one participant; `events` in the metadata lists the ids of both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.region import Box, TimeSpan, Track, TrackPoint
from usg.graph.rle import encode_mask
from usg.graph.scene_graph import SceneGraph
from usg.parsers.video.heads import EventScore
from usg.parsers.video.records import Records, TrackRecord, Value
from usg.parsers.video.smoothing import Span

SOURCE = "video"
"""The id of the source of a film's graph."""
_MOSTLY = 0.7


def kept_tracks(records: Records, threshold: float, looked_at: int) -> list[TrackRecord]:
    """The tracks that become objects, by when they are first seen.

    Args:
        records: of a film.
        threshold: least score.
        looked_at: frames that were parsed.
    """
    kept = [each for each in records.tracks.values() if each.stays(threshold, looked_at)]
    return sorted(kept, key=lambda each: (each.seconds[0], each.number))


def film_graph(
    records: Records,
    tracks: Sequence[TrackRecord],
    events: Sequence[EventScore],
    source: Source,
    threshold: float,
    metadata: dict[str, Any],
) -> SceneGraph:
    """The graph of a film.

    Args:
        records: of the film, closed.
        tracks: that become objects.
        events: between these; those that score less than the threshold are left out.
        source: of the film; its id is `SOURCE`.
        threshold: least score of an event.
        metadata: goes into the graph.
    """
    place = {track.number: f"o{i}" for i, track in enumerate(tracks)}
    here = (Grounding(source.id),)
    groundings = _Groundings(source.id)
    objects = tuple(
        SceneObject(place[track.number], track.label, score=track.score, groundings=groundings(track))
        for track in tracks
    )
    attributes: list[Attribute] = []
    for value, span, always in _values(records, tracks):
        attributes.append(
            Attribute(
                f"a{len(attributes)}", place[value.track], value.value, kind=value.kind, score=round(span.score, 6),
                time=None if always else TimeSpan(span.start, span.end), groundings=here,
            )
        )  # fmt: skip
    relations: list[Relation] = []

    def relate(subject: str, predicate: str, other: str, span: Span) -> str:
        time = TimeSpan(round(span.start, 6), round(span.end, 6))
        relations.append(
            Relation(
                f"r{len(relations)}", subject, predicate, other, score=round(span.score, 6), time=time,
                groundings=(Grounding(source.id, time),),
            )
        )  # fmt: skip
        return relations[-1].id

    for link, span in sorted(records.links):
        if link.subject in place and link.object in place:
            relate(place[link.subject], link.predicate, place[link.object], span)
    event_ids: list[str] = []
    for event in events:
        if event.score < threshold:
            continue
        span = Span(event.start, event.end, event.score)
        if event.object is not None:
            event_ids.append(relate(f"o{event.subject}", event.name, f"o{event.object}", span))
        else:
            time = TimeSpan(round(span.start, 6), round(span.end, 6))
            attributes.append(
                Attribute(
                    f"a{len(attributes)}", f"o{event.subject}", event.name, kind="action", score=round(span.score, 6),
                    time=time, groundings=here,
                )
            )  # fmt: skip
            event_ids.append(attributes[-1].id)
    return SceneGraph((source,), objects, tuple(attributes), tuple(relations), {**metadata, "events": event_ids})


class _Groundings:
    """Makes the groundings of tracks; equal numbers are one object in all, as they are most of a graph's memory."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._moments: dict[int, tuple[int, float]] = {}
        self._coordinates: dict[float, float] = {}

    def __call__(self, track: TrackRecord) -> tuple[Grounding, ...]:
        moment, coordinate = self._moments.setdefault, self._coordinates.setdefault
        when = [moment(f, (f, s)) for f, s in zip(track.frames, track.seconds, strict=True)]
        boxes = [Box(*(coordinate(v, v) for v in box)) for box in track.xyxy().astype(float).round(2).tolist()]
        found = [Track(tuple([TrackPoint(f, s, box) for (f, s), box in zip(when, boxes, strict=True)]))]
        if track.masks:
            empty = encode_mask(np.zeros((track.masks[0].height, track.masks[0].width), bool))
            points = [TrackPoint(f, s, mask) for (f, s), mask in zip(when, track.masks, strict=True) if mask != empty]
            found += [Track(tuple(points))] if points else []
        return tuple(Grounding(self._source, each) for each in found)


def _values(records: Records, tracks: Sequence[TrackRecord]) -> list[tuple[Value, Span, bool]]:
    """The values that are given, and whether for all of the time; see the module docstring."""
    of_track: dict[int, list[tuple[Value, Span]]] = defaultdict(list)
    for value, span in records.values:
        of_track[value.track].append((value, span))
    found: list[tuple[Value, Span, bool]] = []
    for track in tracks:
        kinds: dict[tuple[str, str], dict[Value, list[Span]]] = defaultdict(lambda: defaultdict(list))
        for value, span in sorted(
            of_track[track.number], key=lambda each: (each[0].kind or "", each[0].value, each[1])
        ):
            # Values without a kind do not exclude each other.
            kinds[value.kind or "", "" if value.kind else value.value][value].append(span)
        for values in kinds.values():
            held = {value: sum(span.end - span.start for span in spans) for value, spans in values.items()}
            most = max(values, key=lambda value: (held[value], value.value))
            if held[most] >= _MOSTLY * track.shown:
                found.append((most, _mean(values[most]), True))
            else:
                found += [(value, span, False) for value, spans in values.items() for span in spans]
    return found


def _mean(spans: Sequence[Span]) -> Span:
    length = sum(span.end - span.start for span in spans)
    score = sum(span.score * (span.end - span.start) for span in spans) / max(length, 1e-9)
    return Span(spans[0].start, spans[-1].end, score)
