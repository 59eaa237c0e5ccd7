"""NetworkX multigraphs: nothing is lost, and a hand-made one is read."""

import json

import networkx
import pytest
from hypothesis import given
from strategies import scene_graphs

from usg.graph import GraphError, SceneGraph, from_networkx, to_networkx


@given(scene_graphs())
def test_round_trip(graph: SceneGraph) -> None:
    multigraph = to_networkx(graph)
    assert multigraph.number_of_nodes() == len(graph.objects)
    assert multigraph.number_of_edges() == len(graph.relations)
    assert from_networkx(multigraph) == graph


@given(scene_graphs())
def test_networkx_can_write_it_as_json(graph: SceneGraph) -> None:
    data = json.loads(json.dumps(networkx.node_link_data(to_networkx(graph), edges="edges")))
    assert from_networkx(networkx.node_link_graph(data, edges="edges")) == graph


def test_a_hand_made_multigraph() -> None:
    multigraph = networkx.MultiDiGraph()
    multigraph.add_node("m", label="man")
    multigraph.add_node("h", label="horse", attributes=[{"value": "brown", "kind": "colour"}])
    multigraph.add_edge("m", "h", predicate="riding")
    graph = from_networkx(multigraph)
    assert graph.triples == [("man", "riding", "horse")]
    assert graph.attributes_of("h")[0].value == "brown"


def test_what_is_missing_is_named() -> None:
    multigraph = networkx.MultiDiGraph()
    multigraph.add_node("m", name="man")
    with pytest.raises(GraphError, match=r"node 'm': no 'label' among its data \['name'\]"):
        from_networkx(multigraph)
    multigraph.nodes["m"]["label"] = "man"
    with pytest.raises(GraphError, match=r"objects\[0\]: unknown key 'name'"):
        from_networkx(multigraph)
    del multigraph.nodes["m"]["name"]
    multigraph.add_edge("m", "m")
    with pytest.raises(GraphError, match="edge 'm' -> 'm': no 'predicate'"):
        from_networkx(multigraph)
    with pytest.raises(GraphError, match=r"the graph is DiGraph, expected networkx\.MultiDiGraph"):
        from_networkx(networkx.DiGraph())
