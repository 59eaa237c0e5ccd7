"""Equality up to renaming."""

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import renamed, scene_graphs

from usg.graph import Attribute, Box, Grounding, Relation, SceneGraph, SceneObject, Source, isomorphic


@given(st.data())
def test_isomorphic_to_every_renaming(data: st.DataObject) -> None:
    graph = data.draw(scene_graphs())
    other = data.draw(renamed(graph))
    assert isomorphic(graph, other)
    assert isomorphic(other, graph)
    assert isomorphic(graph, other, groundings=False, scores=False)


def near(edges: list[tuple[int, int]], n: int) -> SceneGraph:
    return SceneGraph(
        objects=tuple(SceneObject(f"o{i}", "x") for i in range(n)),
        relations=tuple(Relation(f"r{i}", f"o{a}", "near", f"o{b}") for i, (a, b) in enumerate(edges)),
    )


def test_regular_graphs_are_told_apart() -> None:
    # Two triangles and a hexagon agree in every count of neighbourhoods; only the search can tell them.
    triangles = near([(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)], 6)
    hexagon = near([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0)], 6)
    assert not isomorphic(triangles, hexagon)
    assert isomorphic(hexagon, near([(5, 3), (3, 1), (1, 0), (0, 2), (2, 4), (4, 5)], 6))


@given(st.integers(1, 5), st.data())
def test_agrees_with_networkx(n: int, data: st.DataObject) -> None:
    pairs = st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=6)
    one, other = data.draw(pairs), data.draw(pairs)
    graphs = []
    for edges in (one, other):
        graph = networkx.MultiDiGraph()
        graph.add_nodes_from(range(n))
        graph.add_edges_from(edges)
        graphs.append(graph)
    assert isomorphic(near(one, n), near(other, n)) == networkx.is_isomorphic(*graphs)


BASE = SceneGraph(
    sources=(Source("i", "image"), Source("j", "image")),
    objects=(
        SceneObject("m", "man", score=0.5, groundings=(Grounding("i", Box(0, 0, 1, 1)),)),
        SceneObject("h", "horse", groundings=(Grounding("j", Box(0, 0, 2, 2)),)),
    ),
    attributes=(Attribute("a", "h", "two", number=-1),),
    relations=(Relation("r", "m", "riding", "h"),),
)


@pytest.mark.parametrize(
    ("changed", "without_groundings"),
    [
        ({"relations": (Relation("r", "h", "riding", "m"),)}, False),
        ({"relations": (Relation("r", "m", "riding", "h", negated=True),)}, False),
        ({"attributes": (Attribute("a", "m", "two", number=-1),)}, False),
        # hash(-1) == hash(-2): contents must be compared, not their hashes.
        ({"attributes": (Attribute("a", "h", "two", number=-2),)}, False),
        ({"sources": (Source("i", "image"), Source("j", "image"), Source("k", "image"))}, True),
        (
            {
                "objects": (
                    SceneObject("m", "man", score=0.5, groundings=(Grounding("i", Box(0, 0, 1, 1)),)),
                    SceneObject("h", "horse", groundings=(Grounding("i", Box(0, 0, 2, 2)),)),
                )
            },
            True,
        ),
    ],
)
def test_what_differs_is_seen(changed: dict[str, object], without_groundings: bool) -> None:
    parts = {name: getattr(BASE, name) for name in ("sources", "objects", "attributes", "relations")}
    other = SceneGraph(**{**parts, **changed})  # type: ignore[arg-type]
    assert not isomorphic(BASE, other)
    assert isomorphic(BASE, other, groundings=False) is without_groundings


def test_scores_can_be_left_aside() -> None:
    one, other = (SceneGraph(objects=(SceneObject("o", "dog", score=score),)) for score in (0.5, 0.6))
    assert not isomorphic(one, other)
    assert isomorphic(one, other, scores=False)


def test_metadata_does_not_count() -> None:
    assert isomorphic(SceneGraph(), SceneGraph(metadata={"a": 1}))
