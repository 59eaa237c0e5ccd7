"""The encoders that `usg bench pretrain` compares: ours, and layers of PyTorch Geometric in its place.

All read the same Levi graphs through the same embedding of nodes and answer through the same head; what stands between
differs. Our layer has 12 d^2 weights beside its tables of edge types, those of the peers as many:

* `TransformerConv` (Shi et al., IJCAI 2021) with an embedding of the edge's type as its features, which it projects
  edge by edge, in the frame of our layer: normalised before, added after, then the same SwiGLU. It has the weights of
  our attention and those of its edges besides, so the SwiGLU is narrower by a third of the width of the embedding.
* `GPSConv` (Rampasek et al., NeurIPS 2022) as GraphGPS has it: GINEConv along the edges, with an embedding of their
  types, beside full attention within each graph, for which graphs are padded, then two linear layers of 2 d. The
  network of the GINEConv is as wide as that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.batch import GraphBatch, Vocabulary
from usg.nn import GraphTransformer, GraphTransformerConfig

__all__ = ["SYSTEMS", "GPSEncoder", "TransformerConvEncoder"]


class TransformerConvEncoder(GraphTransformer):
    """The graph transformer with TransformerConv for its attention.

    Args:
        config: sizes.
        vocabulary: the labels.
        narrow: the embedding of an edge's type is as wide as a head, not as a node: fewer products.
    """

    def __init__(self, config: GraphTransformerConfig, vocabulary: Vocabulary, narrow: bool = False) -> None:
        super().__init__(config, vocabulary)
        edge_width = config.dim // config.heads if narrow else config.dim
        self.blocks = nn.ModuleList(_ConvBlock(config, edge_width) for _ in range(config.layers))
        self.edges = nn.Embedding(config.edge_types, edge_width)

    def forward(self, batch: GraphBatch) -> Tensor:
        """`(n, d)` the state of every node of the batch."""
        x = self.nodes(batch, self.labels(batch))
        edge_index, edges = _edge_index(batch), self.edges(batch.edge_type)
        for block in self.blocks:
            x = block(x, edge_index, edges)
        return self.norm(x)


class GPSEncoder(GraphTransformer):
    """The graph transformer with GPSConv for its layers; arguments as there."""

    def __init__(self, config: GraphTransformerConfig, vocabulary: Vocabulary) -> None:
        super().__init__(config, vocabulary)
        self.blocks = nn.ModuleList(_gps_layer(config) for _ in range(config.layers))
        self.edges = nn.Embedding(config.edge_types, config.dim)

    def forward(self, batch: GraphBatch) -> Tensor:
        """`(n, d)` the state of every node of the batch."""
        x = self.nodes(batch, self.labels(batch))
        edge_index, edges = _edge_index(batch), self.edges(batch.edge_type)
        for block in self.blocks:
            x = block(x, edge_index, batch.node_graph, edge_attr=edges)
        return self.norm(x)


SYSTEMS: dict[str, Callable[[GraphTransformerConfig, Vocabulary], GraphTransformer]] = {
    "usg": GraphTransformer,
    "TransformerConv": TransformerConvEncoder,
    "TransformerConv, narrow": partial(TransformerConvEncoder, narrow=True),
    "GPSConv": GPSEncoder,
}
"""The encoders by the names of their rows, ours first."""


class _ConvBlock(nn.Module):
    """Letters: n nodes, e edges, d width, w that of the features of edges."""

    def __init__(self, config: GraphTransformerConfig, edge_width: int) -> None:
        from torch_geometric.nn import TransformerConv

        super().__init__()
        hidden = config.hidden_width - edge_width // 3
        self.attention_norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.attention = TransformerConv(
            config.dim,
            config.dim // config.heads,
            heads=config.heads,
            dropout=config.attention_dropout,
            edge_dim=edge_width,
        )
        self.feed_norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.gate_up = nn.Linear(config.dim, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, config.dim, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, edge_index: Tensor, edges: Tensor) -> Tensor:
        """`(n, d)` states, `(2, e)` edges and their `(e, w)` features to `(n, d)` states."""
        x = x + self.dropout(self.attention(self.attention_norm(x), edge_index, edges))
        gate, up = self.gate_up(self.feed_norm(x)).chunk(2, dim=-1)
        return x + self.dropout(self.down(F.silu(gate) * up))


def _gps_layer(config: GraphTransformerConfig) -> Any:
    from torch_geometric.nn import GINEConv, GPSConv

    dim = config.dim
    local = GINEConv(nn.Sequential(nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim)))
    return GPSConv(dim, local, heads=config.heads, dropout=config.dropout)


def _edge_index(batch: GraphBatch) -> Tensor:
    """`(2, e)` int64 sources and targets, sorted by target."""
    return torch.stack([batch.graph.col, batch.graph.row_index]).long()
