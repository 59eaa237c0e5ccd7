"""One scene in three media that show overlapping but not equal parts of it: a text, a picture and a film.

The picture and the film are of the same scene from the same place, each without something that the other two may have
(with all that it carries); the text leaves out a third thing, and says only some of what is so in the scene. The gold
is one graph in which an object has one node however many media show it (`usg.world.pixels.views`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from usg.graph.elements import Relation, Source
from usg.graph.region import TimeSpan
from usg.graph.scene_graph import SceneGraph
from usg.graph.subgraph import subgraph
from usg.world import tables
from usg.world.captions import add_captions
from usg.world.draw import Facts, Uniform, shuffled
from usg.world.pixels.backgrounds import background
from usg.world.pixels.films import film_graph, script
from usg.world.pixels.motion import carried
from usg.world.pixels.picture import PIXELS_VERSION, picture_graph, sample_stage
from usg.world.pixels.render import render
from usg.world.pixels.stage import Stage
from usg.world.pixels.views import grounded_in, only, unite
from usg.world.priors import DEFAULT, Priors
from usg.world.scene import FILM, VIEWS, stream
from usg.world.spatial import SPATIAL

MEDIA = ("text", "image", "video")
_SAID = 3
"""How many spatial relations a text may speak of, beside the structure."""
_LEAST = 2
"""Fewest things that a medium keeps."""


@dataclass(frozen=True)
class Multimodal:
    """A scene in three media, and the one graph of them."""

    text: str
    image: NDArray[np.uint8]
    """(side, side, 3) RGB."""
    video: NDArray[np.uint8]
    """(T, side, side, 3) RGB."""
    graph: SceneGraph


def sample_multimodal(split: str, seed: int, index: int, *, side: int = 128, priors: Priors = DEFAULT) -> Multimodal:
    """Samples one scene in three media.

    Args:
        split: train, val, iid, compose, longer, or style.
        seed: of the data set.
        index: of the scene in the data set.
        side: of the picture and of the frames, pixels.
        priors: the world.

    Raises:
        LookupError: if there is no such split.
        ValueError: if `seed` or `index` is negative, or `side` is below 32.

    >>> made = sample_multimodal("train", 0, 0, side=64)
    >>> [source.id for source in made.graph.sources], len(made.video)
    (['text', 'image', 'video'], 20)
    """
    facts, stage = sample_stage(split, seed, index, priors)
    named = "iid" if split == "style" else split
    uniform = stream(named, seed, index, VIEWS)
    without = _left_out(stage, uniform)
    world = picture_graph(facts, priors, stage, render(stage, side), {})
    text, said = _text(subgraph(world, [o.id for o in world.objects if o.id not in without["text"]]), uniform)
    seen = _without(stage, without["image"])
    drawing = render(seen, side)
    pictured = picture_graph(facts, priors, seen, drawing, {})
    images, filmed = _film(facts, priors, _without(stage, without["video"]), side, stream(named, seed, index, FILM))
    events = {(r.subject, r.predicate, r.object, r.time) for r in filmed.relations if r.id in filmed.metadata["events"]}
    actions = {(a.object, a.value, a.time) for a in filmed.attributes if a.id in filmed.metadata["events"]}
    metadata = {
        "world": tables.WORLD_VERSION, "pixels": PIXELS_VERSION, "scene_type": priors.scene_types[facts.scene],
        "palette": priors.palettes[facts.palette], "split": split, "seed": seed, "index": index, "frames": len(images),
        "amodal": pictured.metadata["amodal"], "visibility": pictured.metadata["visibility"],
    }  # fmt: skip
    graph = unite([said, pictured, filmed], metadata)
    told = [a.id for a in graph.attributes if (a.object, a.value, a.time) in actions]
    told += [r.id for r in graph.relations if (r.subject, r.predicate, r.object, r.time) in events]
    views = {medium: [o.id for o in graph.objects if grounded_in(o, medium)] for medium in MEDIA}
    graph = replace(graph, metadata={**metadata, "events": told, "views": views})
    return Multimodal(text, drawing.image, images, graph)


def _left_out(stage: Stage, uniform: Uniform) -> dict[str, set[str]]:
    """What each medium does not show: a thing with all that it carries, another for each, if enough remains."""
    actors = {actor.index: actor for actor in stage.actors}
    units = [carried(actors, i) for i in actors]
    units = [unit for unit in units if len(unit) <= max(1, len(actors) // 3)]
    found: dict[str, set[str]] = {medium: set() for medium in MEDIA}
    taken: set[int] = set()
    free = iter([units[k] for k in shuffled(len(units), uniform)])
    for medium in [MEDIA[k] for k in shuffled(len(MEDIA), uniform)]:
        unit = next((unit for unit in free if not taken & set(unit) and len(actors) - len(unit) >= _LEAST), [])
        taken |= set(unit)
        found[medium] = {f"o{i}" for i in unit}
    return found


def _without(stage: Stage, names: set[str]) -> Stage:
    return replace(stage, actors=tuple(actor for actor in stage.actors if f"o{actor.index}" not in names))


def _text(graph: SceneGraph, uniform: Uniform) -> tuple[str, SceneGraph]:
    """A caption of a graph, and the graph of what it says."""
    loose = [r for r in graph.relations if r.predicate in SPATIAL]
    chosen: dict[frozenset[str], Relation] = {}
    for k in shuffled(len(loose), uniform)[: 2 * _SAID]:
        chosen.setdefault(frozenset((loose[k].subject, loose[k].object)), loose[k])
    kept = {r.id for r in list(chosen.values())[:_SAID]}
    thin = replace(graph, relations=tuple(r for r in graph.relations if r.predicate not in SPATIAL or r.id in kept))
    told = add_captions(thin, 3, uniform)
    name = "caption2" if uniform() < 0.5 else "caption1"  # all of it, or about half
    source = next(source for source in told.sources if source.id == name)
    ends = {i for r in told.relations if grounded_in(r, name) for i in (r.subject, r.object)}
    ends |= {a.object for a in told.attributes if grounded_in(a, name)}
    said = SceneGraph(
        (Source("text", "text", text=source.text),),
        tuple(
            replace(o, groundings=only(o.groundings, name, "text"))
            for o in told.objects
            if grounded_in(o, name) or o.id in ends
        ),
        tuple(replace(a, groundings=only(a.groundings, name, "text")) for a in told.attributes if grounded_in(a, name)),
        tuple(replace(r, groundings=only(r.groundings, name, "text")) for r in told.relations if grounded_in(r, name)),
    )
    return source.text or "", said


def _film(
    facts: Facts, priors: Priors, stage: Stage, side: int, uniform: Uniform
) -> tuple[NDArray[np.uint8], SceneGraph]:
    """The frames and their graph, in which what holds all the time is said without a time."""
    stages, happenings = script(stage, uniform)
    behind = background(stage.backdrop, stage.horizon, side, stage.seed)
    drawings = [render(one, side, behind, frame) for frame, one in enumerate(stages)]
    graph = film_graph(facts, priors, stages, drawings, happenings, {})
    whole = TimeSpan(0.0, float(graph.sources[0].duration or 0.0))
    relations: Sequence[Relation] = [replace(r, time=None) if r.time == whole else r for r in graph.relations]
    return np.stack([one.image for one in drawings]), replace(graph, relations=tuple(relations))
