"""PyTorch Geometric forms: nothing is lost, batches form, and what was changed in the tensors counts."""

import pytest
from hypothesis import given
from strategies import scene_graphs

from usg.graph import Attribute, NodeKind, Relation, SceneGraph, SceneObject, from_hetero, from_pyg, to_hetero, to_pyg

GRAPH = SceneGraph(
    objects=(SceneObject("m", "man"), SceneObject("h", "horse", score=0.5)),
    attributes=(Attribute("a", "h", "brown", kind="colour"),),
    relations=(Relation("r", "m", "riding", "h"),),
    metadata={"split": "iid"},
)


@given(scene_graphs())
def test_round_trip_as_data(graph: SceneGraph) -> None:
    data = to_pyg(graph)
    data.validate()
    assert from_pyg(data) == graph


@given(scene_graphs())
def test_round_trip_as_heterodata(graph: SceneGraph) -> None:
    data = to_hetero(graph)
    assert from_hetero(data) == graph
    assert data["object"].num_nodes == len(graph.objects)
    for source, _, target in data.edge_types:
        index = data[source, _, target].edge_index
        assert index.shape[0] == 2
        assert bool((index >= 0).all())
        assert index.shape[1] == 0 or int(index[0].max()) < data[source].num_nodes
        assert index.shape[1] == 0 or int(index[1].max()) < data[target].num_nodes


def test_fields_of_data() -> None:
    data = to_pyg(GRAPH)
    assert data.num_nodes == 5
    assert data.kind.tolist() == [
        NodeKind.GRAPH,
        NodeKind.OBJECT,
        NodeKind.OBJECT,
        NodeKind.ATTRIBUTE,
        NodeKind.RELATION,
    ]
    assert data.label == ["<graph>", "man", "horse", "brown", "riding"]


def test_changes_count() -> None:
    data = to_pyg(GRAPH)
    data.label[2] = "zebra"
    assert from_pyg(data).triples == [("man", "riding", "zebra")]


def test_batches_form() -> None:
    from torch_geometric.data import Batch

    batch = Batch.from_data_list([to_pyg(GRAPH), to_pyg(GRAPH)])
    assert batch.num_nodes == 10
    assert from_pyg(batch[1]) == GRAPH
    both = Batch.from_data_list([to_hetero(GRAPH), to_hetero(GRAPH)])
    assert both["object"].num_nodes == 4


def test_what_is_missing_is_named() -> None:
    data = to_pyg(GRAPH)
    del data.label
    with pytest.raises(ValueError, match="Data has no 'label' among"):
        from_pyg(data)
    data = to_pyg(GRAPH)
    data.ids = data.ids[1:]
    with pytest.raises(ValueError, match="Data has 5 nodes, but 'ids' has the length 4"):
        from_pyg(data)
    hetero = to_hetero(GRAPH)
    del hetero["relation"]
    with pytest.raises(ValueError, match=r"node types \['object', 'attribute'\], expected object, attribute, relation"):
        from_hetero(hetero)
