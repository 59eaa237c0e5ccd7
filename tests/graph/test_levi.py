"""The Levi form: its edges, and the way back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from strategies import scene_graphs

from usg.graph import (
    Attribute,
    EdgeType,
    LeviGraph,
    NodeKind,
    Relation,
    SceneGraph,
    SceneObject,
    from_levi,
    isomorphic,
    to_levi,
)


def structure(graph: SceneGraph) -> SceneGraph:
    """The graph with only labels, ids and references."""
    return SceneGraph(
        (),
        tuple(SceneObject(o.id, o.label) for o in graph.objects),
        tuple(Attribute(a.id, a.object, a.value) for a in graph.attributes),
        tuple(Relation(r.id, r.subject, r.predicate, r.object) for r in graph.relations),
    )


@given(scene_graphs())
def test_round_trip_of_the_structure(graph: SceneGraph) -> None:
    assert from_levi(to_levi(graph)) == structure(graph)
    assert from_levi(to_levi(graph, two_hop=True)) == structure(graph)


@given(scene_graphs(grounded=False))
def test_every_edge_has_its_reverse_and_nothing_else(graph: SceneGraph) -> None:
    levi = to_levi(graph)
    n = 1 + len(graph.objects) + len(graph.attributes) + len(graph.relations)
    assert len(levi) == n == len(levi.kinds) == len(levi.ids)
    edges = {(s, d, t) for (s, d), t in zip(levi.edges.T.tolist(), levi.edge_types.tolist(), strict=True)}
    assert len(edges) == levi.edges.shape[1] == n + 2 * (n - 1) + 2 * len(graph.attributes) + 4 * len(graph.relations)
    pairs = [(1, 2), (3, 4), (5, 6), (8, 9)]
    reverse = {a: b for pair in pairs for a, b in (pair, pair[::-1])} | {0: 0}
    assert {(d, s, reverse[t]) for s, d, t in edges} == edges


def test_two_hop_edges() -> None:
    graph = SceneGraph(
        objects=(SceneObject("m", "man"), SceneObject("h", "horse")),
        attributes=(Attribute("a", "h", "brown"), Attribute("b", "h", "big"), Attribute("c", "m", "tall")),
        relations=(Relation("r", "m", "riding", "h"),),
    )
    levi = to_levi(graph, two_hop=True)
    extra = levi.edge_types >= EdgeType.SUBJECT_TO_OBJECT
    found = {
        (levi.labels[s], EdgeType(t).name, levi.labels[d])
        for (s, d), t in zip(levi.edges[:, extra].T, levi.edge_types[extra], strict=True)
    }
    assert found == {
        ("man", "SUBJECT_TO_OBJECT", "horse"),
        ("horse", "OBJECT_TO_SUBJECT", "man"),
        ("brown", "SIBLING", "big"),
        ("big", "SIBLING", "brown"),
    }


def test_direction_cannot_be_lost() -> None:
    objects = (SceneObject("m", "man"), SceneObject("h", "horse"))
    one = to_levi(SceneGraph(objects=objects, relations=(Relation("r", "m", "riding", "h"),)))
    other = to_levi(SceneGraph(objects=objects, relations=(Relation("r", "h", "riding", "m"),)))
    assert one.edges.tolist() != other.edges.tolist()
    assert not isomorphic(from_levi(one), from_levi(other))


def test_nodes_without_ids_get_some_and_words_are_passed_over() -> None:
    levi = LeviGraph(
        np.array([NodeKind.GRAPH, NodeKind.OBJECT, NodeKind.WORD]),
        ("<graph>", "dog", "a"),
        (None, None, None),
        np.zeros((2, 0), dtype=np.int64),
        np.zeros(0, dtype=np.int64),
    )
    assert from_levi(levi) == SceneGraph(objects=(SceneObject("n1", "dog"),))


@pytest.mark.parametrize("missing", [EdgeType.OBJECT_TO_ATTRIBUTE, EdgeType.SUBJECT_TO_RELATION])
def test_a_loose_node_is_named(missing: EdgeType) -> None:
    graph = SceneGraph(
        objects=(SceneObject("m", "man"),),
        attributes=(Attribute("a", "m", "tall"),),
        relations=(Relation("r", "m", "near", "m"),),
    )
    levi = to_levi(graph)
    kept = levi.edge_types != missing
    with pytest.raises(ValueError, match=rf"has no {missing.name} edge"):
        from_levi(replace(levi, edges=levi.edges[:, kept], edge_types=levi.edge_types[kept]))
