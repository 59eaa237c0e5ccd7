"""One graph from the several captions of one image: which of their objects are one thing.

Objects of different captions are one when

- their labels are equal but for case and number ("Dogs", "dog"), and so is their negation;
- their quantities agree: one, exactly n, or many ("dogs", "several dogs"), where many is any n above one;
- nothing said of the one excludes what is said of the other: disjoint colours, opposites ("large", "small"), a value
  that the other denies, or a kind of attribute with other values (usg/graph/merge_evidence.py).

Each object of a caption joins at most one object of the captions before, so two dogs of one caption stay two. Where
there is a choice, pairs that share attributes or relations to equally named things are joined first, then those that
are mentioned at like places. No meaning is compared: "man" and "person" stay two things.

`usg.graph.merge` then carries the joins out; every caption stays a source of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from usg.draw.colours import colour_of
from usg.graph.elements import Attribute, Grounding, SceneObject
from usg.graph.merge import merge
from usg.graph.merge_evidence import conflict
from usg.graph.region import TextSpan
from usg.graph.scene_graph import SceneGraph
from usg.graph.subgraph import rename
from usg.parsers.text.number import has_plural_form, singular

_OPPOSITES = (
    (("large", "big", "huge", "giant"), ("small", "little", "tiny", "mini")),
    (("young",), ("old", "elderly", "older")),
    (("open",), ("closed", "shut")),
    (("tall",), ("short",)),
    (("empty",), ("full",)),
    (("wet",), ("dry",)),
)
_MANY = -1  # more than one, not known how many


def merge_captions(graphs: Sequence[SceneGraph]) -> SceneGraph:
    """One graph of the graphs of captions of one image.

    Args:
        graphs: at least one, each of one text.

    Returns:
        A graph with the sources `text0`, `text1`, ... and elements numbered anew. An object has the label that most
        captions give it; where a caption gives another, its grounding says so.

    Raises:
        ValueError: no graph.

    >>> from usg.graph import Relation, Source
    >>> def caption(text, subject, predicate, object):
    ...     objects = [SceneObject("o0", subject), SceneObject("o1", object)]
    ...     return SceneGraph([Source("text", "text", text=text)], objects, (), [Relation("r0", "o0", predicate, "o1")])
    >>> graphs = [caption("a dog on a mat", "dog", "on", "mat"), caption("Dog eats food", "Dog", "eat", "food")]
    >>> both = merge_captions(graphs)
    >>> both.triples
    [('dog', 'on', 'mat'), ('dog', 'eat', 'food')]
    """
    if not graphs:
        raise ValueError("nothing to merge; give the graph of at least one caption")
    things: list[_Thing] = []
    joined = merge([_relabelled(graph, _join(graph, things), i) for i, graph in enumerate(graphs)])
    vague = {a.value for graph in graphs for a in graph.attributes if _is_vague(a)}
    return _numbered(_labelled(joined, things, vague))


@dataclass(slots=True)
class _Thing:
    """What is known so far of one thing in the image."""

    name: str
    negated: bool
    quantity: int
    attributes: list[Attribute] = field(default_factory=list)
    neighbours: set[tuple[str, str, str]] = field(default_factory=set)
    labels: Counter[str] = field(default_factory=Counter)


def _join(graph: SceneGraph, things: list[_Thing]) -> dict[str, int]:
    """The number of the thing that each object of a graph is; new things are added."""
    mentions = [_mention(graph, obj) for obj in graph.objects]
    pairs = []
    for i, mention in enumerate(mentions):
        rank = sum(other.name == mention.name for other in mentions[:i])
        candidates = [k for k, thing in enumerate(things) if thing.name == mention.name]
        for position, k in enumerate(candidates):
            if _may_be_one(things[k], mention):
                pairs.append((-_evidence(things[k], mention), abs(position - rank), i, k))
    number: dict[int, int] = {}
    for _, _, i, k in sorted(pairs):
        if i not in number and k not in number.values():
            number[i] = k
    for i, mention in enumerate(mentions):
        if i not in number:
            number[i] = len(things)
            things.append(mention)
            continue
        thing = things[number[i]]
        thing.quantity = max(thing.quantity, mention.quantity)
        thing.attributes += mention.attributes
        thing.neighbours |= mention.neighbours
        thing.labels += mention.labels
    return {obj.id: number[i] for i, obj in enumerate(graph.objects)}


def _mention(graph: SceneGraph, obj: SceneObject) -> _Thing:
    neighbours = set()
    for relation in graph.relations_of(obj.id):
        role, other = ("subject", relation.object) if relation.subject == obj.id else ("object", relation.subject)
        neighbours.add((role, relation.predicate, singular(graph.object(other).label)))
    attributes = [a for a in graph.attributes_of(obj.id) if not _is_vague(a)]
    return _Thing(singular(obj.label), obj.negated, _quantity(graph, obj), attributes, neighbours, Counter([obj.label]))


def _quantity(graph: SceneGraph, obj: SceneObject) -> int:
    counts = [a for a in graph.attributes_of(obj.id) if a.kind == "count" and not a.negated]
    exact = [int(a.number) for a in counts if a.number is not None]
    if exact:
        return exact[0]
    texts = {source.id: source.text for source in graph.sources}
    words = [obj.label]
    for grounding in obj.groundings:
        text = texts[grounding.source]
        if text is not None and isinstance(grounding.region, TextSpan):
            words.append(grounding.region.quote(text))
    return _MANY if counts or any(map(has_plural_form, words)) else 1


def _is_vague(attribute: Attribute) -> bool:
    """Whether it is a quantity without a number: "several" does not exclude "four"."""
    return attribute.kind == "count" and attribute.number is None


def _may_be_one(a: _Thing, b: _Thing) -> bool:
    if a.negated != b.negated:
        return False
    if a.quantity != b.quantity and not (_MANY in (a.quantity, b.quantity) and 1 not in (a.quantity, b.quantity)):
        return False
    values = [{x.value.lower() for x in thing.attributes if not x.negated} for thing in (a, b)]
    colours = [{value.split()[-1] for value in some if colour_of(value)} for some in values]
    if colours[0] and colours[1] and not colours[0] & colours[1]:
        return False
    for poles in _OPPOSITES:
        for one, other in (poles, poles[::-1]):
            if values[0] & set(one) and values[1] & set(other) and not values[0] & values[1] & {*one, *other}:
                return False
    return not conflict(a.attributes, b.attributes)


def _evidence(a: _Thing, b: _Thing) -> int:
    values = [{(x.value.lower(), x.negated) for x in thing.attributes} for thing in (a, b)]
    return len(values[0] & values[1]) + len(a.neighbours & b.neighbours)


def _relabelled(graph: SceneGraph, number: dict[str, int], i: int) -> SceneGraph:
    """The graph of caption i with the numbers of things for labels, which is what `merge` joins by.

    The groundings remember the labels. Vague quantities lose their kind, or they would be taken for contradictions.
    """
    graph = rename(graph, sources={source.id: f"text{i}" for source in graph.sources[:1]})

    def remember(grounding: Grounding, label: str) -> Grounding:
        return replace(grounding, label=grounding.label or label)

    objects = tuple(
        replace(obj, label=str(number[obj.id]), groundings=tuple(remember(g, obj.label) for g in obj.groundings))
        for obj in graph.objects
    )
    attributes = tuple(replace(a, kind=None) if _is_vague(a) else a for a in graph.attributes)
    return replace(graph, objects=objects, attributes=attributes)


def _labelled(graph: SceneGraph, things: list[_Thing], vague: set[str]) -> SceneGraph:
    """The merged graph with words for labels again, and vague quantities as counts."""
    objects = []
    for obj in graph.objects:
        label = things[int(obj.label)].labels.most_common(1)[0][0]
        groundings = tuple(replace(g, label=None) if g.label == label else g for g in obj.groundings)
        objects.append(replace(obj, label=label, groundings=groundings))
    attributes = tuple(replace(a, kind="count") if a.kind is None and a.value in vague else a for a in graph.attributes)
    return replace(graph, objects=tuple(objects), attributes=attributes)


def _numbered(graph: SceneGraph) -> SceneGraph:
    new_id = {obj.id: f"o{i}" for i, obj in enumerate(graph.objects)}
    new_id |= {attribute.id: f"a{i}" for i, attribute in enumerate(graph.attributes)}
    return rename(graph, new_id | {relation.id: f"r{i}" for i, relation in enumerate(graph.relations)})
