"""Parts of a graph and other names for it: `subgraph`, `relabel`, `rename`.

Labels are what a graph says ("sofa"); ids are what its parts are called ("o3"). `relabel` changes the first, for
instance to bring synonyms together; `rename` changes the second and leaves an isomorphic graph.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from usg.graph.elements import Grounding
from usg.graph.scene_graph import SceneGraph


def subgraph(graph: SceneGraph, objects: Iterable[str]) -> SceneGraph:
    """The graph of some objects: they, their attributes and the relations among them, in the order of the graph.

    Sources and metadata are kept.

    Args:
        graph: any scene graph.
        objects: ids of the objects to keep.

    Raises:
        LookupError: an id is not of an object of the graph.

    >>> from usg.graph import Relation, SceneObject
    >>> graph = SceneGraph(
    ...     objects=[SceneObject("m", "man"), SceneObject("h", "horse"), SceneObject("f", "field")],
    ...     relations=[Relation("r0", "m", "riding", "h"), Relation("r1", "h", "in", "f")],
    ... )
    >>> subgraph(graph, ["h", "m"]).triples
    [('man', 'riding', 'horse')]
    """
    if isinstance(objects, str):
        raise TypeError(f"objects is the string {objects!r}; pass a list of ids: [{objects!r}]")
    kept = {graph.object(id).id for id in objects}
    return SceneGraph(
        graph.sources,
        tuple(obj for obj in graph.objects if obj.id in kept),
        tuple(attribute for attribute in graph.attributes if attribute.object in kept),
        tuple(relation for relation in graph.relations if relation.subject in kept and relation.object in kept),
        graph.metadata,
    )


def relabel(
    graph: SceneGraph,
    mapping: Mapping[str, str],
    kinds: Collection[str] = ("object", "attribute", "relation"),
) -> SceneGraph:
    """Replace labels, attribute values and predicates; what the mapping does not name stays.

    The labels that sources give (in the groundings) are theirs and stay too.

    Args:
        graph: any scene graph.
        mapping: old label to new label.
        kinds: which elements to change, any of object, attribute and relation; "orange" is a fruit and a colour.

    Raises:
        ValueError: an unknown kind.
        GraphError: a new label is not a valid label.

    >>> from usg.graph import SceneObject
    >>> graph = SceneGraph(objects=[SceneObject("o0", "couch")])
    >>> relabel(graph, {"couch": "sofa"})["o0"].label
    'sofa'
    """
    unknown = set(kinds) - {"object", "attribute", "relation"}
    if unknown or isinstance(kinds, str):
        raise ValueError(f"kinds is {kinds!r}; expected a collection of object, attribute, relation")
    objects, attributes, relations = graph.objects, graph.attributes, graph.relations
    if "object" in kinds:
        objects = tuple(replace(o, label=mapping[o.label]) if o.label in mapping else o for o in objects)
    if "attribute" in kinds:
        attributes = tuple(replace(a, value=mapping[a.value]) if a.value in mapping else a for a in attributes)
    if "relation" in kinds:
        relations = tuple(
            replace(r, predicate=mapping[r.predicate]) if r.predicate in mapping else r for r in relations
        )
    return SceneGraph(graph.sources, objects, attributes, relations, graph.metadata)


def rename(
    graph: SceneGraph, elements: Mapping[str, str] | None = None, sources: Mapping[str, str] | None = None
) -> SceneGraph:
    """Give elements and sources other ids; every reference follows.

    Args:
        graph: any scene graph.
        elements: old id to new id of objects, attributes and relations; the others keep theirs.
        sources: old id to new id of sources; the others keep theirs.

    Raises:
        LookupError: a mapping names an id that the graph has not.
        GraphError: two parts would have one id.

    >>> from usg.graph import Attribute, SceneObject
    >>> graph = SceneGraph(objects=[SceneObject("o0", "dog")], attributes=[Attribute("a0", "o0", "wet")])
    >>> rename(graph, {"o0": "dog"}).attributes[0].object
    'dog'
    """
    elements, sources = elements or {}, sources or {}
    for id in elements:
        graph[id]
    for id in sources:
        graph.source(id)

    def grounded(groundings: tuple[Grounding, ...]) -> tuple[Grounding, ...]:
        if not sources:
            return groundings
        return tuple(replace(g, source=sources.get(g.source, g.source)) for g in groundings)

    def named(id: str) -> str:
        return elements.get(id, id)

    return SceneGraph(
        tuple(replace(source, id=sources.get(source.id, source.id)) for source in graph.sources),
        tuple(replace(o, id=named(o.id), groundings=grounded(o.groundings)) for o in graph.objects),
        tuple(
            replace(a, id=named(a.id), object=named(a.object), groundings=grounded(a.groundings))
            for a in graph.attributes
        ),
        tuple(
            replace(
                r, id=named(r.id), subject=named(r.subject), object=named(r.object), groundings=grounded(r.groundings)
            )
            for r in graph.relations
        ),
        graph.metadata,
    )
