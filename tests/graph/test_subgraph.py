"""subgraph, relabel and rename."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import scene_graphs

from usg.graph import (
    Attribute,
    GraphError,
    Relation,
    SceneGraph,
    SceneObject,
    isomorphic,
    relabel,
    rename,
    subgraph,
)

GRAPH = SceneGraph(
    objects=(SceneObject("m", "man"), SceneObject("o", "orange"), SceneObject("t", "table")),
    attributes=(Attribute("a", "o", "orange", kind="colour"), Attribute("b", "t", "small")),
    relations=(Relation("r", "m", "holding", "o"), Relation("q", "o", "on", "t")),
)


@given(st.data())
def test_subgraph(data: st.DataObject) -> None:
    graph = data.draw(scene_graphs())
    ids = [obj.id for obj in graph.objects]
    kept = data.draw(st.sets(st.sampled_from(ids))) if ids else set()
    part = subgraph(graph, kept)
    assert {obj.id for obj in part.objects} == kept
    for element in graph.elements():
        touched = {getattr(element, role) for role in ("subject", "object") if hasattr(element, role)} or {element.id}
        assert (element.id in part) == (touched <= kept)
    assert subgraph(graph, ids) == graph
    assert subgraph(part, kept) == part


def test_subgraph_names_an_unknown_id() -> None:
    with pytest.raises(LookupError, match="no element has the id 'x'"):
        subgraph(GRAPH, ["m", "x"])
    with pytest.raises(LookupError, match="'a' is attribute, not an object"):
        subgraph(GRAPH, ["a"])
    with pytest.raises(TypeError, match=r"pass a list of ids: \['m'\]"):
        subgraph(GRAPH, "m")


def test_relabel() -> None:
    everywhere = relabel(GRAPH, {"orange": "tangerine", "on": "lying on"})
    assert everywhere["o"].label == "tangerine"  # type: ignore[union-attr]
    assert everywhere["a"].value == "tangerine"  # type: ignore[union-attr]
    assert everywhere.triples[1] == ("tangerine", "lying on", "table")
    fruit = relabel(GRAPH, {"orange": "tangerine"}, kinds=["object"])
    assert fruit["o"].label == "tangerine"  # type: ignore[union-attr]
    assert fruit["a"].value == "orange"  # type: ignore[union-attr]
    assert relabel(GRAPH, {}) == GRAPH
    with pytest.raises(ValueError, match="expected a collection of object, attribute, relation"):
        relabel(GRAPH, {}, kinds=["node"])
    with pytest.raises(GraphError, match="label is empty"):
        relabel(GRAPH, {"man": ""})


def test_rename() -> None:
    new = rename(GRAPH, {"m": "o", "o": "m", "r": "r2"})
    assert new.triples == GRAPH.triples
    assert isomorphic(new, GRAPH)
    assert new["o"].label == "man"  # type: ignore[union-attr]
    assert rename(new, {"m": "o", "o": "m", "r2": "r"}) == GRAPH
    with pytest.raises(LookupError, match="no element has the id 'x'"):
        rename(GRAPH, {"x": "y"})
    with pytest.raises(LookupError, match="no source has the id 'x'"):
        rename(GRAPH, sources={"x": "y"})
    with pytest.raises(GraphError, match="id 'o' is used twice"):
        rename(GRAPH, {"m": "o"})
