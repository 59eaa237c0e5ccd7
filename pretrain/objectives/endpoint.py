"""Endpoint prediction: which object does a relation point to?

For some relations one end is cut off (both directions of its edges) and found again among the objects of the graph by a
pointer softmax, P(o) = softmax_o <W_r h_relation, W_o h_o> / sqrt(d) (Vinyals et al., Pointer Networks, NeurIPS 2015,
equation 3, with a bilinear score). Counting labels does not solve it, and it is the native form of grounding.
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.batch import GraphBatch
from usg.graph import EdgeType, NodeKind
from usg.nn import GraphTransformer
from usg.ops import segment_max, segment_softmax, segment_sum
from usg.pretrain.objectives.draws import Draws
from usg.pretrain.objectives.objective import Objective, Targets, mean_loss
from usg.pretrain.objectives.structure import arguments, in_graphs, relation_pairs, select_edges

ENDS = {
    "subject": (EdgeType.SUBJECT_TO_RELATION, EdgeType.RELATION_TO_SUBJECT),
    "object": (EdgeType.OBJECT_TO_RELATION, EdgeType.RELATION_TO_OBJECT),
}
TWO_HOP = (EdgeType.SUBJECT_TO_OBJECT, EdgeType.OBJECT_TO_SUBJECT)


class Endpoint(Objective):
    """Find the hidden subject or object of relations.

    Relations that are not alone between their two objects are left out: the others would show the hidden end.

    Args:
        rate: share of the relations of which one end is hidden.
        weight, share: as in `Objective`.
    """

    def __init__(self, rate: float = 0.15, weight: float = 0.5, share: float = 1.0) -> None:
        super().__init__(weight, share)
        if not 0.0 < rate <= 1.0:
            raise ValueError(f"Endpoint: rate is {rate}; expected a share in (0, 1]")
        self.rate = rate

    def build(self, dim: int) -> None:
        """The two projections of the pointer."""
        self.relation = nn.Linear(dim, dim)
        self.object = nn.Linear(dim, dim)

    def corrupt(self, batch: GraphBatch, lots: Tensor, draws: Draws) -> Targets:
        """Cut one end of the chosen relations: its edges, and any two-hop edge that would show it."""
        _, subject, target = arguments(batch)
        chosen = (batch.kind == NodeKind.RELATION) & in_graphs(batch, self.applies_to(lots))
        chosen &= draws.nodes() < self.rate
        chosen &= ~_has_company(relation_pairs(batch, subject, target))
        at_subject = chosen & (draws.nodes() < 0.5)
        listener, speaker = batch.graph.row_index.long(), batch.graph.col.long()
        cut = torch.zeros_like(batch.edge_type, dtype=torch.bool)
        for end, nodes in (("subject", at_subject), ("object", chosen & ~at_subject)):
            to_relation, to_object = ENDS[end]
            cut |= (batch.edge_type == to_relation) & nodes[listener]
            cut |= (batch.edge_type == to_object) & nodes[speaker]
        pairs = torch.cat(
            [subject[chosen] * batch.num_nodes + target[chosen], target[chosen] * batch.num_nodes + subject[chosen]]
        )
        for edge_type in TWO_HOP:
            cut |= (batch.edge_type == edge_type) & torch.isin(speaker * batch.num_nodes + listener, pairs)
        nodes = chosen.nonzero().squeeze(1)
        answers = torch.where(at_subject, subject, target)[nodes]
        corrupted = replace(batch, graph=select_edges(batch.graph, ~cut), edge_type=batch.edge_type[~cut])
        return Targets(nodes, answers, corrupted)

    def loss(self, model: GraphTransformer, states: Tensor, targets: Targets) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean cross-entropy of the pointers over the objects of each relation's graph."""
        batch = targets.batch
        candidates = (batch.kind == NodeKind.OBJECT).nonzero().squeeze(1)
        graph = batch.node_graph[candidates].long()
        count = torch.bincount(graph, minlength=batch.num_graphs)
        first = F.pad(count.cumsum(0), (1, 0))
        own = batch.node_graph[targets.nodes].long()
        size = count[own]
        rowptr = F.pad(size.cumsum(0), (1, 0)).int()
        row = torch.repeat_interleave(torch.arange(len(targets), device=size.device), size)
        column = candidates[first[own][row] + torch.arange(len(row), device=size.device) - rowptr[row]]
        query = self.relation(states[targets.nodes])
        key = self.object(states[candidates])
        position = torch.full_like(batch.label, -1)
        position[candidates] = torch.arange(len(candidates), device=candidates.device)
        scores = (query[row] * key[position[column]]).sum(-1) / query.shape[-1] ** 0.5
        probability = segment_softmax(scores[:, None], rowptr).squeeze(1)
        right = column == targets.answers[row]
        found = segment_sum((probability * right)[:, None], rowptr).squeeze(1)
        losses = -found.clamp(min=torch.finfo(found.dtype).tiny).log()
        best = segment_max(probability.detach()[:, None], rowptr).squeeze(1)
        return mean_loss(losses, (found.detach() >= best).sum(), len(targets))


def _has_company(pair: Tensor) -> Tensor:
    """`(n,)` bool: relations between two objects that another relation joins too."""
    _, inverse, count = torch.unique(pair, return_inverse=True, return_counts=True)
    return (pair >= 0) & (count[inverse] > 1)
