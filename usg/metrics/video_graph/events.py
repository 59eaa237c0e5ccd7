"""Events of films: what happens, to whom, and when.

An event is a relation with a time span, or an attribute with one of the kind "event" or "action" (its one participant
is its object). A predicted and a gold event agree when their labels are equal, their participants are the same objects
(those whose tracks are assigned to each other, usg/metrics/video_graph/tracking.py), and their spans overlap:

    tIoU = |a & b| / |a | b|   seconds
    event_f1    2 TP / (predicted + gold), by falling score, each taking the free gold event of most tIoU, if of
                `event_tiou` at least
    span_iou    mean over gold events of the tIoU of the predicted event that they get, 0 for none: the pairs of most
                tIoU first, whatever their tIoU
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from usg.graph.region import TimeSpan
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.scene import Link, Scene, label_of
from usg.metrics.weighted import Figure, ratio


@dataclass(frozen=True, slots=True)
class FilmEvents:
    """Sums of one film: events found, predicted and gold, and tIoU over gold events."""

    found: float
    predicted: float
    gold: float
    span_iou: float


def events_of(scene: Scene, protocol: Protocol) -> list[Link]:
    """The events of a scene, best first.

    >>> from usg.metrics.scene_graph.presets import preset
    >>> from usg.metrics.scene_graph.scene import Thing
    >>> scene = Scene("s", (Thing("a", "ball"),), happenings=(Link(0, "exits", 0, time=TimeSpan(1, 2)),))
    >>> [event.predicate for event in events_of(scene, preset("usg-film"))]
    ['exits']
    """
    names = {label_of(name) for name in protocol.events}
    found = [
        link
        for link in (*scene.links, *scene.happenings)
        if link.time is not None and link.score >= protocol.match_score and (not names or link.predicate in names)
    ]
    return sorted(found, key=lambda link: -link.score)


def film_events(predicted: Scene, gold: Scene, assigned: Mapping[int, int], protocol: Protocol) -> FilmEvents:
    """Compares the events of a film.

    Args:
        predicted: its prediction.
        gold: what happens.
        assigned: predicted object -> gold object.
        protocol: what counts as an event, and how much spans must overlap.
    """
    said, true = events_of(predicted, protocol), events_of(gold, protocol)
    tiou = np.zeros((len(said), len(true)))
    for i, one in enumerate(said):
        who = (assigned.get(one.subject, -1), one.predicate, assigned.get(one.object, -1))
        for j, two in enumerate(true):
            if who == (two.subject, two.predicate, two.object):
                tiou[i, j] = span_overlap(one.time, two.time)
    return FilmEvents(_found(tiou, protocol.event_tiou), len(said), len(true), _spans(tiou))


def span_overlap(first: TimeSpan | None, second: TimeSpan | None) -> float:
    """The overlap in time of two spans; 0 without a span, or where both are empty.

    >>> span_overlap(TimeSpan(0, 4), TimeSpan(2, 6))
    0.3333333333333333
    """
    if first is None or second is None:
        return 0.0
    both = max(0.0, min(first.end, second.end) - max(first.start, second.start))
    either = (first.end - first.start) + (second.end - second.start) - both
    return both / either if either > 0 else 0.0


def event_figures(films: Sequence[FilmEvents]) -> dict[str, Figure]:
    """Event F1, precision, recall and span overlap as figures over films; none where there is no gold event."""
    table = np.array([(film.found, film.predicted, film.gold, film.span_iou) for film in films]).reshape(-1, 4)
    found, predicted, gold, spans = table.T
    if not gold.any():
        return {}
    return {
        "event_f1": ratio(2 * found, predicted + gold),
        "event_precision": ratio(found, predicted),
        "event_recall": ratio(found, gold),
        "span_iou": ratio(spans, gold),
    }


def _found(tiou: np.ndarray[tuple[int, int], np.dtype[np.float64]], least: float) -> int:
    free = np.ones(tiou.shape[1], dtype=bool)
    for row in tiou:
        allowed = np.where(free & (row >= least) & (row > 0), row, -1.0)
        if allowed.size and allowed.max() >= 0:
            free[allowed.argmax()] = False
    return int((~free).sum())


def _spans(tiou: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    left, total = tiou.copy(), 0.0
    while left.size and left.max() > 0:
        i, j = np.unravel_index(int(left.argmax()), left.shape)
        total += float(left[i, j])
        left[i, :] = left[:, j] = 0.0
    return total
