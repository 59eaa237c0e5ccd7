import copy
import dataclasses
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from ops_reference import edge_lists

from usg.ops import CSR


@given(edge_lists())
@settings(max_examples=60, deadline=None)
def test_both_orders_list_the_edges_given(edges):
    source, target, nodes = edges
    graph, order = CSR.from_edges(source, target, nodes)
    graph.validate()
    assert graph.num_edges == len(source)
    assert graph.num_targets == graph.num_sources == nodes
    assert torch.equal(source[order].int(), graph.col)
    assert torch.equal(target[order].int(), graph.row_index)
    assert torch.equal(graph.col[graph.position.long()].sort().values, graph.col[graph.position.long()])
    assert torch.equal(graph.row_index[graph.position.long()], graph.row)
    # Stable: inside a row, edges keep the order in which they were given.
    for i in range(nodes):
        slots = order[graph.rowptr[i] : graph.rowptr[i + 1]]
        assert torch.equal(slots, slots.sort().values)


@given(edge_lists())
@settings(max_examples=30, deadline=None)
def test_transpose_is_the_reversed_graph(edges):
    source, target, nodes = edges
    graph, _ = CSR.from_edges(source, target, nodes)
    back = graph.transpose()
    assert torch.equal(back.row_index, graph.col[graph.position.long()])
    assert torch.equal(back.col, graph.row)
    again = back.transpose()
    for field in dataclasses.fields(CSR):
        assert torch.equal(getattr(again, field.name), getattr(graph, field.name))


def test_numpy_lists_and_int32_give_the_same():
    source, target = [2, 0, 1], [0, 0, 2]
    graphs = [
        CSR.from_edges(source, target, 3)[0],
        CSR.from_edges(np.array(source), np.array(target), 3)[0],
        CSR.from_edges(torch.tensor(source, dtype=torch.int32), torch.tensor(target, dtype=torch.int32), 3)[0],
    ]
    assert all(torch.equal(graph.col, graphs[0].col) for graph in graphs)
    assert CSR.from_edges([], [], 2)[0].rowptr.tolist() == [0, 0, 0]


def test_bipartite_sizes():
    graph, _ = CSR.from_edges([4, 0], [1, 1], num_nodes=2, num_sources=5)
    assert (graph.num_targets, graph.num_sources) == (2, 5)


def test_survives_pickle_copy_and_to():
    graph, _ = CSR.from_edges([1, 0], [0, 1], 2)
    assert graph.to("cpu") is graph
    for other in (pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph), graph.to("meta")):
        assert other.num_edges == 2


@pytest.mark.parametrize(
    ("source", "target", "nodes", "error", "message"),
    [
        ([0, 3], [0, 1], 3, ValueError, r"source\[1\] is 3, outside the 3"),
        ([0, 1], [-1, 1], 3, ValueError, r"target\[0\] is -1"),
        ([0, 1], [0], 3, ValueError, "equally long, got 2 and 1"),
        ([0.5, 1.0], [0, 1], 3, TypeError, "source must hold integers"),
        ([[0, 1]], [[0, 1]], 3, ValueError, r"one dimension, got shape \(1, 2\)"),
    ],
)
def test_refuses_bad_edges(source, target, nodes, error, message):
    with pytest.raises(error, match=message):
        CSR.from_edges(source, target, nodes)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"col": torch.tensor([0, 1])}, TypeError, "CSR.col must be an int32 tensor, got torch.int64"),
        ({"col": [0, 1]}, TypeError, "got list"),
        ({"col": torch.tensor([0, 2], dtype=torch.int32)}, ValueError, r"col\[1\] is 2, outside the 2"),
        ({"row": torch.tensor([0], dtype=torch.int32)}, ValueError, "one entry per edge, got 2, 1, 2"),
        ({"rowptr": torch.tensor([0, 1, 3], dtype=torch.int32)}, ValueError, "rowptr must run from 0 to 2"),
        ({"colptr": torch.tensor([0, 3, 2], dtype=torch.int32)}, ValueError, "colptr falls after entry 1"),
        ({"rowptr": torch.zeros(0, dtype=torch.int32)}, ValueError, "at least one entry"),
        ({"rowptr": torch.zeros(1, 3, dtype=torch.int32)}, ValueError, "one dimension"),
        ({"position": torch.tensor([0, 5], dtype=torch.int32)}, ValueError, r"position\[1\] is 5"),
        ({"row": torch.zeros(2, dtype=torch.int32, device="meta")}, ValueError, "CSR.row is on meta"),
    ],
)
def test_refuses_a_handle_that_does_not_fit(changes, error, message):
    graph, _ = CSR.from_edges([1, 0], [0, 1], 2)
    with pytest.raises(error, match=message):
        dataclasses.replace(graph, **changes)


def test_validate_names_what_disagrees():
    graph, _ = CSR.from_edges([1, 0], [0, 1], 2)
    wrong = dataclasses.replace(graph, position=graph.position.flip(0))
    with pytest.raises(ValueError, match=r"CSR.position\[0\] is 0 but the edges give 1"):
        wrong.validate()
