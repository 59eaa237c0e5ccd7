"""A scene as a film: its picture begins to move. 16 to 32 frames, one to three events, gold tracks and time spans.

Events are told as a relation from who does something to what it is done to, with the time in which it happens;
those that have no second participant (enters, exits, bounces) as an attribute of the kind `action`. All other relations
are those that the frames show, as in pictures, each with the stretch of time in which it holds. An object's groundings
are a track of the boxes and one of the masks of its visible pixels, with no point where too little of it is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.region import Box, TimeSpan, Track, TrackPoint
from usg.graph.rle import encode_mask, mask_box
from usg.graph.scene_graph import SceneGraph
from usg.world import tables
from usg.world.draw import Facts, Uniform
from usg.world.pixels.backgrounds import background
from usg.world.pixels.events import WEIGHTS, Event, is_seen, possible
from usg.world.pixels.motion import Actors
from usg.world.pixels.picture import PIXELS_VERSION, sample_stage, scene_attributes, visible_actors
from usg.world.pixels.relations import Triple, coverings, spatial, structural
from usg.world.pixels.render import Rendering, render
from usg.world.pixels.stage import Stage
from usg.world.priors import DEFAULT, Priors
from usg.world.scene import FILM, stream

FPS = 8.0
SHORTEST, LONGEST = 16, 32
_PHASE = 5
"""Fewest frames of a phase."""
_HELD = 3
"""A relation is stated when it holds for so many frames on end; a gap of one frame does not end it."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as it was filmed: [first, last) frames."""

    name: str
    subject: int
    object: int | None
    first: int
    last: int


@dataclass(frozen=True)
class Film:
    """A film and what it shows. T frames, H = W = side."""

    images: NDArray[np.uint8]
    """(T, H, W, 3) RGB."""
    graph: SceneGraph
    stages: tuple[Stage, ...]
    happenings: tuple[Happening, ...]


def sample_film(split: str, seed: int, index: int, *, side: int = 128, priors: Priors = DEFAULT) -> Film:
    """Samples one film with its graph; its scene is that of the picture of the same split, seed and index.

    Args:
        split: train, val, iid, compose, longer, or style.
        seed: of the data set.
        index: of the scene in the data set.
        side: of a frame, pixels.
        priors: the world.

    Raises:
        LookupError: if there is no such split.
        ValueError: if `seed` or `index` is negative, or `side` is below 32.

    >>> film = sample_film("train", 0, 2)
    >>> len(film.images), [happening.name for happening in film.happenings]
    (28, ['falls from', 'approaches', 'exits'])
    """
    facts, stage = sample_stage(split, seed, index, priors)
    stages, happenings = script(stage, stream("iid" if split == "style" else split, seed, index, FILM))
    behind = background(stage.backdrop, stage.horizon, side, stage.seed)
    renderings = [render(one, side, behind, frame) for frame, one in enumerate(stages)]
    metadata = {
        "world": tables.WORLD_VERSION, "pixels": PIXELS_VERSION, "scene_type": priors.scene_types[facts.scene],
        "palette": priors.palettes[facts.palette], "split": split, "seed": seed, "index": index,
    }  # fmt: skip
    graph = film_graph(facts, priors, stages, renderings, happenings, metadata)
    return Film(np.stack([one.image for one in renderings]), graph, stages, happenings)


def script(stage: Stage, uniform: Uniform) -> tuple[tuple[Stage, ...], tuple[Happening, ...]]:
    """Draws what happens and returns the stage of every frame.

    Args:
        stage: how it begins, but for what enters.
        uniform: the randomness.
    """
    length = SHORTEST + int(uniform() * (LONGEST - SHORTEST + 1))
    wanted = 1 + int(uniform() * (1 + (length >= 20) + (length >= 28)))
    actors: Actors = {actor.index: actor for actor in stage.actors}
    pause = 1 + int(2 * uniform())
    frames, happenings = [actors] * pause, list[Happening]()
    for number in range(wanted):
        room = (length - len(frames)) // (wanted - number) - 1
        event = _choose(actors, stage.horizon, not number, room, uniform)
        if event is None:
            break
        if event.before is not None:
            actors = event.before(actors, 0.0)
            frames = [actors] * len(frames)
        for phase in event.phases:
            count = max(_PHASE, int(room * phase.share * (0.75 + 0.25 * uniform())))
            happenings.append(Happening(phase.name, phase.subject, phase.object, len(frames), len(frames) + count))
            frames += [phase.motion(actors, (step + 1) / count) for step in range(count)]
            actors = frames[-1]
        frames.append(actors)
    frames += [actors] * (length - len(frames))
    return tuple(replace(stage, actors=tuple(now.values())) for now in frames), tuple(happenings)


def _choose(actors: Actors, horizon: float, first: bool, room: int, uniform: Uniform) -> Event | None:
    """An event that fits into so many frames: its kind by weight, then one of that kind evenly."""
    kinds: dict[str, list[Event]] = {}
    for event in possible(actors, horizon, first):
        if len(event.phases) * _PHASE <= room and is_seen(actors, event):
            kinds.setdefault(event.name, []).append(event)
    if not kinds:
        return None
    u = uniform() * sum(WEIGHTS.get(name, 1.0) for name in kinds)
    for name in kinds:
        u -= WEIGHTS.get(name, 1.0)
        if u < 0:
            break
    return kinds[name][int(uniform() * len(kinds[name]))]


def film_graph(
    facts: Facts, priors: Priors, stages: Sequence[Stage], renderings: Sequence[Rendering],
    happenings: Sequence[Happening], metadata: dict[str, Any], source: str = "video",
) -> SceneGraph:  # fmt: skip
    """Writes down what a film shows; see the module docstring.

    Args:
        facts: of the scene.
        priors: name the codes.
        stages: of the frames.
        renderings: of the stages.
        happenings: the events.
        metadata: goes into the graph; the events are added to it as `events`.
        source: id of the video.
    """
    boxes: dict[int, list[TrackPoint]] = {}
    masks: dict[int, list[TrackPoint]] = {}
    held: dict[Triple, list[int]] = {}
    for frame, (stage, drawing) in enumerate(zip(stages, renderings, strict=True)):
        place = {actor.index: i for i, actor in enumerate(stage.actors)}
        seen = visible_actors(drawing, stage)
        for one in seen:
            mask = drawing.visible(place[one.actor.index])
            box: Box | None = mask_box(mask)
            if box is not None:
                boxes.setdefault(one.actor.index, []).append(TrackPoint(frame, frame / FPS, box))
                masks.setdefault(one.actor.index, []).append(TrackPoint(frame, frame / FPS, encode_mask(mask)))
        covers = coverings(drawing, stage.actors)
        for triple in (*structural([one.actor for one in seen]), *spatial(seen, covers)):
            held.setdefault(triple, []).append(frame)
    shown = sorted(boxes)
    objects = tuple(
        SceneObject(
            f"o{i}",
            priors.labels[facts.labels[i]],
            groundings=(Grounding(source, Track(tuple(boxes[i]))), Grounding(source, Track(tuple(masks[i])))),
        )
        for i in shown
    )
    here = (Grounding(source),)
    told = scene_attributes(facts, priors, stages[0])
    attributes = [
        Attribute(name, f"o{i}", value, kind=kind, groundings=here) for name, i, kind, value in told if i in boxes
    ]
    relations: list[Relation] = []
    for triple, frames in held.items():
        for first, last in _runs(frames):
            relations.append(_relation(len(relations), triple, first, last, source))
    events: list[str] = []
    for event in happenings:
        if event.subject not in boxes or (event.object is not None and event.object not in boxes):
            continue
        if event.object is None:
            time = TimeSpan(event.first / FPS, event.last / FPS)
            name = f"a{1 + max(int(attribute.id[1:]) for attribute in attributes)}"
            attributes.append(
                Attribute(name, f"o{event.subject}", event.name, kind="action", time=time, groundings=here)
            )
        else:
            triple = (event.subject, event.name, event.object)
            relations.append(_relation(len(relations), triple, event.first, event.last, source))
            name = relations[-1].id
        events.append(name)
    side, length = len(renderings[0].image), len(renderings)
    video = Source(source, "video", width=side, height=side, duration=length / FPS, fps=FPS)
    return SceneGraph(
        (video,), objects, tuple(attributes), tuple(relations), {**metadata, "frames": length, "events": events}
    )


def _relation(number: int, triple: Triple, first: int, last: int, source: str) -> Relation:
    time = TimeSpan(first / FPS, last / FPS)
    return Relation(
        f"r{number}", f"o{triple[0]}", triple[1], f"o{triple[2]}", time=time, groundings=(Grounding(source, time),)
    )


def _runs(frames: Sequence[int]) -> list[tuple[int, int]]:
    """[first, last) stretches of ascending frame numbers, long enough to be stated.

    >>> _runs([0, 1, 2, 4, 5, 9])
    [(0, 6)]
    """
    found: list[list[int]] = []
    for frame in frames:
        if found and frame - found[-1][1] < 2:
            found[-1][1] = frame + 1
        else:
            found.append([frame, frame + 1])
    return [(first, last) for first, last in found if last - first >= _HELD]
