"""Reading the scene graph back off a packed batch: owners of attributes, arguments of relations, copies."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from usg.batch import GraphBatch
from usg.graph import EdgeType, NodeKind
from usg.ops import CSR


def edges_of_type(batch: GraphBatch, edge_type: EdgeType) -> tuple[Tensor, Tensor]:
    """`(target, source)` int64 node numbers of the edges of one type."""
    chosen = (batch.edge_type == edge_type).nonzero().squeeze(1)
    return batch.graph.row_index[chosen].long(), batch.graph.col[chosen].long()


def arguments(batch: GraphBatch) -> tuple[Tensor, Tensor, Tensor]:
    """`(n,)` owner, subject and object node of every node; -1 where it has none.

    Attributes have an owner, relations a subject and an object.
    """
    columns = []
    for edge_type in (EdgeType.OBJECT_TO_ATTRIBUTE, EdgeType.SUBJECT_TO_RELATION, EdgeType.OBJECT_TO_RELATION):
        column = torch.full_like(batch.label, -1)
        target, source = edges_of_type(batch, edge_type)
        column[target] = source
        columns.append(column)
    return columns[0], columns[1], columns[2]


def relation_pairs(batch: GraphBatch, subject: Tensor, target: Tensor) -> Tensor:
    """`(n,)` the unordered pair a relation joins as a number, equal for duplicates and inverses; -1 elsewhere."""
    low, high = torch.minimum(subject, target), torch.maximum(subject, target)
    return torch.where(batch.kind == NodeKind.RELATION, low * batch.num_nodes + high, torch.full_like(low, -1))


def spread_over_pairs(chosen: Tensor, pair: Tensor) -> Tensor:
    """`(n,)` bool: the chosen relations and every other relation between the same two objects."""
    return chosen | ((pair >= 0) & torch.isin(pair, pair[chosen & (pair >= 0)]))


def spread_over_copies(chosen: Tensor, batch: GraphBatch) -> Tensor:
    """`(n,)` bool: the chosen nodes and all nodes joined to them by identity edges, however far."""
    target, source = edges_of_type(batch, EdgeType.IDENTITY)
    chosen = chosen.clone()
    while True:
        before = int(chosen.sum())
        chosen[target[chosen[source]]] = True
        if int(chosen.sum()) == before:
            return chosen


def in_graphs(batch: GraphBatch, graphs: Tensor) -> Tensor:
    """`(n,)` bool: the nodes of the graphs chosen by the `(g,)` bool."""
    return graphs[batch.node_graph.long()]


def select_edges(graph: CSR, keep: Tensor) -> CSR:
    """The handle with only the slots that the `(e,)` bool keeps, in the same order."""
    new = F.pad(keep.long().cumsum(0), (1, 0))
    kept = keep[graph.position.long()]
    new_transposed = F.pad(kept.long().cumsum(0), (1, 0))
    return CSR(
        rowptr=new[graph.rowptr.long()].int(),
        col=graph.col[keep],
        colptr=new_transposed[graph.colptr.long()].int(),
        row=graph.row[kept],
        position=new[graph.position[kept].long()].int(),
    )
