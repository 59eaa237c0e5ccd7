"""One graph token per object and relation, as LLaVA has one per patch (Liu et al. 2024, https://arxiv.org/abs/2310.03744).

An object hears its attributes once more before it becomes a token, so what is said of a thing is in one place:

    token_i = norm(W_2 gelu(W_1 (x_i + sum over its attributes a of softmax_a(q_i . k_a / sqrt(d)) v_a)))

Attributes have no token of their own. A scene graph is small, so this costs tens of tokens, and each can be pointed at.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from usg.batch import GraphBatch
from usg.graph import EdgeType
from usg.nn.bridge.interface import Places, ScaledNorm, TokenBridge
from usg.ops import CSR, graph_attention

__all__ = ["PrefixBridge"]


class PrefixBridge(TokenBridge):
    """A `Bridge`; letters as there.

    Args:
        dim: d.
        language_dim: D.
        size: root mean square of the language model's embeddings.
    """

    soft: Literal["nodes"] = "nodes"

    def __init__(self, dim: int, language_dim: int, size: float) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(dim, eps=1e-6)
        self.query = nn.Linear(dim, dim, bias=False)
        self.key = nn.Linear(dim, dim, bias=False)
        self.value = nn.Linear(dim, dim, bias=False)
        self.project = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, language_dim))
        self.norm = ScaledNorm(size)
        nn.init.zeros_(self.value.weight)

    def forward(self, states: Tensor, batch: GraphBatch, places: Places) -> Tensor:
        """`(n, d)` to `(t, D)`."""
        graph, types = _attributes_of_objects(batch)
        x = self.attention_norm(states)
        q, k, v = (part(x).unsqueeze(1) for part in (self.query, self.key, self.value))
        table = q.new_zeros(1, *q.shape[1:])
        pooled = graph_attention(q, k, v, graph, types, table, table, q.new_zeros(1, 1)).squeeze(1)
        token: Tensor = self.norm(self.project((states + pooled)[places.node]))
        return token


def _attributes_of_objects(batch: GraphBatch) -> tuple[CSR, Tensor]:
    """The edges from attributes to their objects, all of one type."""
    chosen = batch.edge_type == EdgeType.ATTRIBUTE_TO_OBJECT
    source, target = batch.graph.col[chosen], batch.graph.row_index[chosen]
    graph, _ = CSR.from_edges(source, target, batch.num_nodes)
    return graph, torch.zeros(graph.num_edges, dtype=torch.int64, device=graph.device)
