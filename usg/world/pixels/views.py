"""One graph of several media, and each medium's share of it.

`unite` joins graphs that call the same object by the same id: an object is one node with the groundings of every medium
that shows it, and so is an attribute or a relation that says the same. That is the gold of association: which mentions,
boxes and tracks are of one thing. `view` takes one medium's share out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from usg.graph.elements import Attribute, Element, Grounding, Relation, SceneObject
from usg.graph.scene_graph import SceneGraph

_E = TypeVar("_E", SceneObject, Attribute, Relation)


def unite(graphs: Sequence[SceneGraph], metadata: dict[str, Any]) -> SceneGraph:
    """Returns the union of graphs of one scene; attributes and relations get new ids a0, ..., r0, ....

    Args:
        graphs: with the same ids for the same objects, and sources of different names.
        metadata: of the union.

    Raises:
        ValueError: if an object has two labels.

    >>> cup, hat = SceneObject("o0", "cup"), SceneObject("o1", "hat")
    >>> both = unite([SceneGraph(objects=(cup,)), SceneGraph(objects=(cup, hat))], {})
    >>> [obj.id for obj in both.objects]
    ['o0', 'o1']
    """
    objects: dict[str, SceneObject] = {}
    attributes: dict[tuple[Any, ...], Attribute] = {}
    relations: dict[tuple[Any, ...], Relation] = {}
    for graph in graphs:
        for obj in graph.objects:
            known = objects.get(obj.id, obj)
            if known.label != obj.label:
                raise ValueError(f"object {obj.id!r} is a {known.label!r} in one graph and a {obj.label!r} in another")
            objects[obj.id] = obj if known is obj else _joined(known, obj)
        for a in graph.attributes:
            key = (a.object, a.kind, a.value, a.time, a.negated)
            attributes[key] = _joined(attributes[key], a) if key in attributes else a
        for r in graph.relations:
            key = (r.subject, r.predicate, r.object, r.time, r.negated)
            relations[key] = _joined(relations[key], r) if key in relations else r
    return SceneGraph(
        sources=tuple(source for graph in graphs for source in graph.sources),
        objects=tuple(objects[name] for name in sorted(objects, key=lambda name: (len(name), name))),
        attributes=tuple(replace(a, id=f"a{i}") for i, a in enumerate(attributes.values())),
        relations=tuple(replace(r, id=f"r{i}") for i, r in enumerate(relations.values())),
        metadata=metadata,
    )


def _joined(one: _E, two: _E) -> _E:
    return replace(one, groundings=(*one.groundings, *(g for g in two.groundings if g not in one.groundings)))


def view(graph: SceneGraph, source: str) -> SceneGraph:
    """Returns what one medium shows: the elements grounded in it, with those groundings alone.

    Args:
        graph: of several media.
        source: id of the medium.

    Raises:
        LookupError: if the graph has no such source.

    >>> seen = SceneObject("o0", "cup", groundings=(Grounding("image"),))
    >>> from usg.graph.elements import Source
    >>> graph = SceneGraph((Source("image", "image"), Source("text", "text")), (seen, SceneObject("o1", "hat")))
    >>> view(graph, "image").objects == (seen,)
    True
    """
    medium = graph.source(source)
    objects = _shown(graph.objects, source)
    there = {obj.id for obj in objects}
    return SceneGraph(
        (medium,),
        objects,
        tuple(a for a in _shown(graph.attributes, source) if a.object in there),
        tuple(r for r in _shown(graph.relations, source) if r.subject in there and r.object in there),
        graph.metadata,
    )


def _shown(elements: tuple[_E, ...], source: str) -> tuple[_E, ...]:
    kept = (replace(e, groundings=tuple(g for g in e.groundings if g.source == source)) for e in elements)
    return tuple(element for element in kept if element.groundings)


def grounded_in(element: Element, source: str) -> bool:
    """Says whether a medium shows an element."""
    return any(grounding.source == source for grounding in element.groundings)


def only(groundings: tuple[Grounding, ...], source: str, name: str) -> tuple[Grounding, ...]:
    """Returns the groundings in one source, under another name."""
    return tuple(replace(g, source=name) for g in groundings if g.source == source)
