"""What one medium of a graph shows, as the figures need it: objects with one region each, relations by their numbers.

- What is negated asserts nothing and is left out, with all that is said of it.
- An object that the graph grounds in other media alone is not of this one and is left out. One that has no region at
  all stays: a prediction of it can hit nothing.
- Labels are compared in lower case with single spaces; an underscore is a space, as some data sets write it.
- Without a score an element counts as certain (1); equal scores keep the order of the graph.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from usg.graph.elements import Grounding, SceneObject, Source, is_of
from usg.graph.region import Region, TimeSpan
from usg.graph.scene_graph import SceneGraph
from usg.metrics.facts import normalised

Triple = tuple[str, str, str]
EVENTS = ("event", "action")  # kinds of attributes


class Value(NamedTuple):
    """The value of an attribute, its score, and when it holds if it changes."""

    value: str
    score: float = 1.0
    time: TimeSpan | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """An object: its id and label, its regions in the medium, its score, and the values of its attributes by kind."""

    id: str
    label: str
    regions: tuple[Region, ...] = ()
    score: float = 1.0
    attributes: dict[str, tuple[Value, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A relation: subject and object by their numbers among the things, with its span if it has one."""

    subject: int
    predicate: str
    object: int
    score: float = 1.0
    time: TimeSpan | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """The things and links of one medium of one graph.

    Attributes:
        name: what errors call it.
        things: objects.
        links: relations between them.
        happenings: what happens to one object, subject and object alike: attributes with a span of a kind in `EVENTS`.
        source: the medium; None where the graph has none and no things.
        events: labels of the relations and attributes whose ids the graph's metadata have under `events`.
    """

    name: str
    things: tuple[Thing, ...] = ()
    links: tuple[Link, ...] = ()
    source: Source | None = None
    happenings: tuple[Link, ...] = ()
    events: frozenset[str] = frozenset()

    def triple(self, link: Link) -> Triple:
        """The labels of a link: subject, predicate, object."""
        return (self.things[link.subject].label, link.predicate, self.things[link.object].label)

    def only(self, predicates: Iterable[str]) -> Scene:
        """The scene with the links of these predicates; all where none is given."""
        names = {label_of(name) for name in predicates}
        if not names:
            return self
        return replace(self, links=tuple(link for link in self.links if link.predicate in names))


@lru_cache(maxsize=65_536)  # millions of relations share few words
def label_of(label: str) -> str:
    """A label as it is compared.

    >>> label_of("In_front  of")
    'in front of'
    """
    return normalised(label.replace("_", " "))


def scene_of(graph: SceneGraph, modality: str, name: str = "the graph") -> Scene:
    """What the image or video of a graph shows; what has groundings, but none in it, is left out.

    Args:
        graph: any graph.
        modality: of the medium, "image" or "video".
        name: what errors call it.

    Raises:
        ValueError: the graph has no such medium but objects, or several.

    >>> from usg.graph import Box, Grounding, Relation, SceneObject, Source
    >>> graph = SceneGraph(
    ...     [Source("i", "image")],
    ...     [SceneObject("a", "Cat", groundings=(Grounding("i", Box(0, 0, 2, 2)),)), SceneObject("b", "mat")],
    ...     relations=[Relation("r", "a", "on", "b", score=0.5)],
    ... )
    >>> scene = scene_of(graph, "image")
    >>> scene.triple(scene.links[0]), scene.links[0].score, scene.things[0].regions
    (('cat', 'on', 'mat'), 0.5, (Box(x0=0, y0=0, x1=2, y1=2),))
    """
    sources = [source for source in graph.sources if source.modality == modality]
    if len(sources) > 1:
        raise ValueError(
            f"{name} has {len(sources)} sources of the modality {modality} ({', '.join(s.id for s in sources)}); "
            "expected one: score them one by one"
        )
    if not sources:
        if graph.objects:
            media = ", ".join(sorted({source.modality for source in graph.sources})) or "none"
            raise ValueError(f"{name} has no source of the modality {modality} (its media: {media})")
        return Scene(name)
    source = sources[0]
    attributes: dict[str, dict[str, list[Value]]] = {}
    for each in graph.attributes:
        if not each.negated and each.kind and each.kind not in EVENTS and is_of(each, source.id):
            kinds = attributes.setdefault(each.object, {})
            kinds.setdefault(label_of(each.kind), []).append(Value(label_of(each.value), _score(each.score), each.time))
    things: list[Thing] = []
    number: dict[str, int] = {}
    for thing in graph.objects:
        seen = [grounding for grounding in thing.groundings if grounding.source == source.id]
        if thing.negated or not is_of(thing, source.id):
            continue
        number[thing.id] = len(things)
        things.append(_thing(thing, seen, attributes.get(thing.id, {})))
    links = [
        Link(number[each.subject], label_of(each.predicate), number[each.object], _score(each.score), each.time)
        for each in graph.relations
        if not each.negated and each.subject in number and each.object in number and is_of(each, source.id)
    ]
    happenings = [
        Link(number[each.object], label_of(each.value), number[each.object], _score(each.score), each.time)
        for each in graph.attributes
        if not each.negated and each.time is not None and each.kind in EVENTS
        if each.object in number and is_of(each, source.id)
    ]
    return Scene(name, tuple(things), tuple(links), source, tuple(happenings), _named_events(graph))


def triples_of(graph: SceneGraph) -> set[Triple]:
    """The label triples that a graph asserts, whatever its media: what training has seen of it."""
    label = {thing.id: label_of(thing.label) for thing in graph.objects if not thing.negated}
    return {
        (label[each.subject], label_of(each.predicate), label[each.object])
        for each in graph.relations
        if not each.negated and each.subject in label and each.object in label
    }


def _named_events(graph: SceneGraph) -> frozenset[str]:
    named = graph.metadata.get("events")
    if not isinstance(named, list | tuple):
        return frozenset()
    relations = [label_of(each.predicate) for each in graph.relations if each.id in named]
    return frozenset(relations + [label_of(each.value) for each in graph.attributes if each.id in named])


def _thing(thing: SceneObject, seen: list[Grounding], attributes: dict[str, list[Value]]) -> Thing:
    regions = tuple(grounding.region for grounding in seen if grounding.region is not None)
    labels = [grounding.label for grounding in seen if grounding.label]
    scores = [grounding.score for grounding in seen if grounding.score is not None]
    return Thing(
        thing.id,
        label_of(labels[0] if labels else thing.label),
        regions,
        scores[0] if scores else _score(thing.score),
        {kind: tuple(values) for kind, values in attributes.items()},
    )


def _score(score: float | None) -> float:
    return 1.0 if score is None else score
