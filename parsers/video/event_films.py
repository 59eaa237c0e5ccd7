"""Films of the procedural world to learn events from: their gold tracks and events, without pictures.

Some events are rare: somebody puts something on a table in one film of forty. What happens in a film is known before it
is drawn (`usg.world.pixels.films.script`, a hundredth of the work), so films are looked through and only those drawn
that have an event of which there are not enough yet. Every other one has the lively priors of usg/world/pixels/even.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from usg.graph.elements import SceneObject
from usg.graph.region import Box, Track
from usg.graph.scene_graph import SceneGraph
from usg.world.pixels.even import LIVELY
from usg.world.pixels.events import EVENTS
from usg.world.pixels.films import sample_film, script
from usg.world.pixels.picture import sample_stage
from usg.world.priors import DEFAULT
from usg.world.scene import FILM, stream

SIDE = 128  # pixels of the frames; boxes are those of the visible pixels


def rare_films(split: str, seed: int, quota: int) -> Iterator[SceneGraph]:
    """Graphs of films until each event was there `quota` times; see the module docstring.

    Args:
        split: of the world, as for `sample_film`.
        seed: of the data set.
        quota: of each event.

    >>> graph = next(rare_films("train", 0, 1))
    >>> all(relation.predicate in EVENTS for relation in graph.relations)
    True
    """
    counts: Counter[str] = Counter()
    for index in count():
        if all(counts[name] >= quota for name in EVENTS):
            return
        priors = LIVELY if index % 2 else DEFAULT
        _, stage = sample_stage(split, seed, index, priors)
        names = [each.name for each in script(stage, stream(split, seed, index, FILM))[1]]
        if any(counts[name] < quota for name in names):
            counts.update(names)
            yield bare(sample_film(split, seed, index, side=SIDE, priors=priors).graph)


def plain_films(split: str, seed: int, n: int) -> Iterator[SceneGraph]:
    """Graphs of the first films of a split, every other one lively."""
    for index in range(n):
        yield bare(sample_film(split, seed, index, side=SIDE, priors=LIVELY if index % 2 else DEFAULT).graph)


def bare(graph: SceneGraph) -> SceneGraph:
    """A film's graph with its boxes and events alone: no masks, looks, or relations that merely hold."""
    events = set(graph.metadata["events"])
    return replace(
        graph,
        objects=tuple(_boxes(thing) for thing in graph.objects),
        attributes=tuple(each for each in graph.attributes if each.id in events),
        relations=tuple(each for each in graph.relations if each.id in events),
    )


def _boxes(thing: SceneObject) -> SceneObject:
    kept = [
        each
        for each in thing.groundings
        if isinstance(each.region, Track) and isinstance(each.region.points[0].region, Box)
    ]
    return replace(thing, groundings=tuple(kept))
