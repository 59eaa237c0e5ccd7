"""The figures of one system on films: relations frame by frame or by tubes, objects, tracking, events.

With the unit "frame" a film is scored as its frames are (usg/metrics/scene_graph/scores.py); with "film" its relations
are, by vIoU (usg/metrics/video_graph/relations.py). Objects, tracking and events are scored either way. Items are
films: intervals draw films, so that frames of one stay together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Track
from usg.metrics.scene_graph.detection import detection_figures
from usg.metrics.scene_graph.matched import matched_figures
from usg.metrics.scene_graph.protocol import Protocol, Task
from usg.metrics.scene_graph.recall import gold_of, predicate_recalls, recall_figures
from usg.metrics.scene_graph.scene import Scene, Thing, Triple
from usg.metrics.scene_graph.scores import Scores, grounded, keeps, score_scenes
from usg.metrics.video_graph.events import event_figures, film_events
from usg.metrics.video_graph.film import FilmOverlap, film_overlap, frame_scenes
from usg.metrics.video_graph.relations import average_precision, film_hits, film_scene, tagging_precision
from usg.metrics.video_graph.tracking import film_tracks, tracking_figures
from usg.metrics.weighted import Figure, Floats, mean


@dataclass(frozen=True)
class _Film:
    said: Scene
    true: Scene
    overlap: FilmOverlap


def score_films(
    predicted: Sequence[Scene | None],
    gold: Sequence[Scene],
    protocol: Protocol,
    *,
    task: Task = "sgdet",
    seen: Iterable[Triple] | None = None,
) -> Scores:
    """Scores the predictions of films.

    Args:
        predicted: the scene of each film, its objects with tracks; None where nothing was predicted.
        gold: n scenes.
        protocol: every switch.
        task: what was given to the predictor; where the unit is a frame.
        seen: label triples of training, for zero-shot recall.

    Raises:
        ValueError: there is no gold, the numbers differ, predictions do not fit the task, masks are missing, or the
            protocol refuses a film.

    >>> from usg.graph import Box, TrackPoint
    >>> from usg.metrics.scene_graph.presets import preset
    >>> from usg.metrics.scene_graph.scene import Link
    >>> track = Track(tuple(TrackPoint(i, i / 10, Box(0, 0, 4, 4)) for i in range(3)))
    >>> things = (Thing("a", "cat", (track,)), Thing("b", "mat", (track,)))
    >>> scene = Scene("s", things, (Link(0, "on", 1),))
    >>> score_films([scene, None], [scene, scene], preset("vidvrd")).values()["recall_at_50"]
    0.5
    """
    if len(predicted) != len(gold) or not gold:
        raise ValueError(
            f"{len(predicted)} predictions for {len(gold)} gold films; give one or None for each, and at least one"
        )
    if task != "sgdet" and protocol.unit == "film":
        raise ValueError(f"protocol {protocol.name} scores tubes, which has no task {task}; use one of frames")
    films = []
    for one, two in zip(predicted, gold, strict=True):
        said = _tracked(Scene("a missing prediction") if one is None else one)
        true = grounded(_tracked(two))
        films.append(_Film(said, true, film_overlap(said, true, protocol)))
    counts = {
        "films": len(gold),
        "frames": sum(len(film.overlap.frames) for film in films),
        "gold relations of films": sum(len(film.true.links) for film in films),
        "without prediction at all": sum(scene is None for scene in predicted),
        "gold objects without track, left out": sum(
            len(one.things) - len(film.true.things) for one, film in zip(gold, films, strict=True)
        ),
    }
    figures, predicates = _relation_figures(films, protocol, seen) if protocol.unit == "film" else ({}, {})
    of_frames = _frame_scores(films, protocol, task, seen)
    figures |= of_frames.figures
    figures |= _track_figures(films, protocol)
    return Scores(figures, np.arange(len(films)), {**counts, **of_frames.counts}, predicates or of_frames.predicates)


def _relation_figures(
    films: Sequence[_Film], protocol: Protocol, seen: Iterable[Triple] | None
) -> tuple[dict[str, Figure], Mapping[str, Mapping[str, float]]]:
    """Figures over films of relations by their tubes, and the recalls of each predicate."""
    sides = [(film.said.only(protocol.predicates), film.true.only(protocol.predicates)) for film in films]
    if protocol.predicates and not any(true.links for _, true in sides):
        raise ValueError(f"no gold relation has one of the predicates {', '.join(protocol.predicates)}")
    pairs = [
        (film_scene(said, film.overlap, protocol), film_scene(true, film.overlap, protocol))
        for (said, true), film in zip(sides, films, strict=True)
    ]
    kept = [keeps(said.scene, true.scene, protocol) for said, true in pairs]
    gold = gold_of([true.scene for _, true in pairs], kept, seen if protocol.zero_shot else None)
    hits = [film_hits(*pair, film.overlap, protocol) for pair, film in zip(pairs, films, strict=True)]
    figures = recall_figures(gold, [each.strict for each in hits], protocol)
    if protocol.soft:
        figures |= recall_figures(gold, [each.soft for each in hits], protocol, "soft_")
    if protocol.weak_viou is not None:
        figures |= recall_figures(gold, [each.weak for each in hits], protocol, "weak_")
    if protocol.relation_ap:
        values = [
            average_precision(each.correct, len(true.scene.links)) for each, (_, true) in zip(hits, pairs, strict=True)
        ]
        figures["relation_map"] = mean(values, kept)
    tagged = [tagging_precision(*pair, protocol) for pair in pairs]
    for n in protocol.precision_at:
        figures[f"precision_at_{n}"] = mean([each[n] for each in tagged], kept)
    return figures, predicate_recalls(gold, [each.strict for each in hits], protocol)


def _frame_scores(films: Sequence[_Film], protocol: Protocol, task: Task, seen: Iterable[Triple] | None) -> Scores:
    """The scores over films of what is scored frame by frame."""
    said, true, film_of = [], [], []
    for number, film in enumerate(films):
        said += frame_scenes(film.said, film.overlap.frames)
        true += frame_scenes(film.true, film.overlap.frames)
        film_of += [number] * len(film.overlap.frames)
    at = np.array(film_of, dtype=np.int64)
    if not true:
        scores = Scores({}, at, {}, {})
    elif protocol.unit == "frame":
        scores = score_scenes(said, true, protocol, task=task, seen=seen)
    else:
        scores = Scores(detection_figures(said, true, protocol) | matched_figures(said, true, protocol), at, {}, {})
    counts = {
        f"frames {name}": count
        for name, count in scores.counts.items()
        if name.startswith(("without p", "without g")) and "at all" not in name
    }
    figures = {name: _over_films(figure, at) for name, figure in scores.figures.items()}
    return Scores(figures, np.arange(len(films)), counts, scores.predicates)


def _over_films(figure: Figure, film_of: NDArray[np.int64]) -> Figure:
    def over_films(weights: Floats) -> Floats:
        return figure(weights[:, film_of])

    return over_films


def _track_figures(films: Sequence[_Film], protocol: Protocol) -> dict[str, Figure]:
    tracks, events = [], []
    for film in films:
        sure = np.array([thing.score >= protocol.match_score for thing in film.said.things], dtype=bool)
        overlap = replace(
            film.overlap, both=film.overlap.both * sure[None, :, None], predicted=film.overlap.predicted * sure
        )
        tracks.append(film_tracks(overlap, protocol.iou))
        events.append(film_events(film.said, film.true, tracks[-1].assigned, protocol))
    return tracking_figures(tracks) | event_figures(events)


def _tracked(scene: Scene) -> Scene:
    """The scene with tracks as the only regions: boxes of a film without a frame say nothing of when."""
    things: list[Thing] = []
    for thing in scene.things:
        things.append(replace(thing, regions=tuple(each for each in thing.regions if isinstance(each, Track))))
    return replace(scene, things=tuple(things))
