"""Equality up to the names of the parts.

Two graphs are isomorphic when ids can be exchanged one for one so that everything else agrees: labels, negation,
scores, times, who has which attribute, who stands in which relation to whom and, unless left aside, where each source
shows it. Order and metadata do not count. The graphs are compared as directed graphs in which sources, groundings and
elements are nodes, first by counting the neighbourhoods of their nodes (Weisfeiler and Lehman, 1968), which settles
nearly every case, then by VF2 (Cordella et al., TPAMI 2004; NetworkX), which settles the rest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from usg.graph.scene_graph import SceneGraph

if TYPE_CHECKING:
    import networkx

_ROUNDS = 4


def isomorphic(a: SceneGraph, b: SceneGraph, *, groundings: bool = True, scores: bool = True) -> bool:
    """Whether the graphs are one graph but for the ids and the order of their parts.

    Args:
        a: a scene graph.
        b: another.
        groundings: compare sources and groundings too; without them only what the graph says counts.
        scores: compare the scores.

    >>> from usg.graph import Relation, SceneObject
    >>> man, dog = SceneObject("0", "man"), SceneObject("1", "dog")
    >>> a = SceneGraph(objects=[man, dog], relations=[Relation("2", "0", "on", "1")])
    >>> man, dog = SceneObject("m", "man"), SceneObject("d", "dog")
    >>> b = SceneGraph(objects=[dog, man], relations=[Relation("r", "m", "on", "d")])
    >>> a == b, isomorphic(a, b)
    (False, True)
    """
    if (len(a.objects), len(a.attributes), len(a.relations)) != (len(b.objects), len(b.attributes), len(b.relations)):
        return False
    if groundings and len(a.sources) != len(b.sources):
        return False
    contents: dict[Any, int] = {}
    left, right = _digraph(a, groundings, scores, contents), _digraph(b, groundings, scores, contents)
    if left.number_of_nodes() != right.number_of_nodes() or left.number_of_edges() != right.number_of_edges():
        return False
    settled = _same_neighbourhoods(left, right, contents)
    if settled is not None:
        return settled
    from networkx.algorithms.isomorphism import DiGraphMatcher

    # Refined contents make almost every node unique, so that the search rarely branches.
    return bool(DiGraphMatcher(left, right, lambda x, y: x["content"] == y["content"]).is_isomorphic())


def _digraph(graph: SceneGraph, groundings: bool, scores: bool, contents: dict[Any, int]) -> networkx.DiGraph[Any]:
    """The graph to match; a node's content is numbered by `contents`, so that equal numbers are equal contents.

    Edges: attribute to object, subject to relation, relation to object, grounding to element, source to grounding.

    The kinds of the ends say the role, so edges carry no label; a relation of an object with itself is a two-cycle.
    """
    import networkx

    out: networkx.DiGraph[Any] = networkx.DiGraph()

    def add(key: object, part: Any, **blank: Any) -> None:
        if hasattr(part, "score") and not scores:
            blank["score"] = None
        out.add_node(key, content=contents.setdefault(replace(part, **blank), len(contents)))

    if groundings:
        for source in graph.sources:
            add(("source", source.id), source, id="")
    for obj in graph.objects:
        add(obj.id, obj, id="", groundings=())
    for attribute in graph.attributes:
        add(attribute.id, attribute, id="", object="", groundings=())
        out.add_edge(attribute.id, attribute.object)
    for relation in graph.relations:
        add(relation.id, relation, id="", subject="", object="", groundings=())
        out.add_edge(relation.subject, relation.id)
        out.add_edge(relation.id, relation.object)
    if groundings:
        for element in graph.elements():
            for i, grounding in enumerate(element.groundings):
                add((element.id, i), grounding, source="")
                out.add_edge((element.id, i), element.id)
                out.add_edge(("source", grounding.source), (element.id, i))
    return out


def _same_neighbourhoods(
    left: networkx.DiGraph[Any], right: networkx.DiGraph[Any], contents: dict[Any, int]
) -> bool | None:
    """Refine the contents of both graphs by those of the neighbours, until it is settled whether they are isomorphic.

    They are not as soon as the counts of contents differ. They are when every node was unique before a refinement
    and the counts still agree: contents then pair the nodes, and the refined ones say that the pairs have the same
    neighbours. Otherwise `None`.
    """
    for _ in range(_ROUNDS):
        counts: list[Counter[int]] = []
        unique = len(set(dict(left.nodes(data="content")).values())) == left.number_of_nodes()
        for graph in (left, right):
            old = dict(graph.nodes(data="content"))
            new = {}
            for node, content in old.items():
                before = tuple(sorted(old[x] for x in graph.predecessors(node)))
                after = tuple(sorted(old[x] for x in graph.successors(node)))
                new[node] = contents.setdefault((content, before, after), len(contents))
            for node, content in new.items():
                graph.nodes[node]["content"] = content
            counts.append(Counter(new.values()))
        if counts[0] != counts[1]:
            return False
        if unique:
            return True
    return None
