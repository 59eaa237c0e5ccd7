"""A fixed number of graph tokens, whatever the size of the graph: learnt latents that read its nodes.

This is Flamingo's Perceiver resampler (Alayrac et al. 2022, https://arxiv.org/abs/2204.14198, section 3.1.1), whose
keys are the nodes and the latents themselves. Nodes and latents are packed like everything here, so graphs of any size
stand in one batch without padding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.batch import GraphBatch
from usg.nn.bridge.interface import Places, ScaledNorm, TokenBridge
from usg.ops import CSR, graph_attention

__all__ = ["ResamplerBridge"]


class ResamplerBridge(TokenBridge):
    """A `Bridge`; letters as there, and g graphs, K latents.

    Args:
        dim: d.
        language_dim: D.
        size: root mean square of the language model's embeddings.
        latents: K.
        layers: of attention and feed-forward.
        heads: of attention.
    """

    def __init__(
        self, dim: int, language_dim: int, size: float, latents: int = 32, layers: int = 2, heads: int = 4
    ) -> None:
        super().__init__()
        if latents < 1 or dim % heads:
            raise ValueError(f"a resampler needs latents and a width that heads divide, got {latents}, {dim} / {heads}")
        self.soft = latents
        self.latents = nn.Parameter(torch.randn(latents, dim) * 0.5)
        self.layers = nn.ModuleList(_Layer(dim, heads) for _ in range(layers))
        self.project = nn.Linear(dim, language_dim)
        self.norm = ScaledNorm(size)

    def forward(self, states: Tensor, batch: GraphBatch, places: Places) -> Tensor:
        """`(n, d)` to `(t, D)`; t is K for each graph that has places."""
        graphs = batch.num_graphs
        edges = _node_to_latent(batch, self.soft)
        x = self.latents.repeat(graphs, 1)
        for layer in self.layers:
            x = layer(x, states, edges)
        tokens: Tensor = self.norm(self.project(x))
        # The k-th place of a graph is its k-th latent.
        first = torch.searchsorted(places.graph, places.graph)
        rank = torch.arange(len(places.graph), device=first.device) - first
        return tokens[places.graph * self.soft + rank]


class _Layer(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.node_norm, self.feed_norm = (nn.RMSNorm(dim, eps=1e-6) for _ in range(3))
        self.query = nn.Linear(dim, dim, bias=False)
        self.key_value = nn.Linear(dim, 2 * dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)
        self.up = nn.Linear(dim, 4 * dim)
        self.down = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor, states: Tensor, edges: CSR) -> Tensor:
        """`(g K, d)` latents that hear the `(n, d)` nodes and one another."""
        latents = self.norm(x)
        heard = torch.cat([self.node_norm(states), latents])
        q = self.query(latents).unflatten(1, (self.heads, -1))
        k, v = self.key_value(heard).unflatten(1, (2, self.heads, -1)).unbind(1)
        table = q.new_zeros(1, *q.shape[1:])
        types = torch.zeros(edges.num_edges, dtype=torch.int64, device=q.device)
        attended = graph_attention(q, k, v, edges, types, table, table, q.new_zeros(1, self.heads))
        x = x + self.out(attended.flatten(1))
        fed: Tensor = x + self.down(F.gelu(self.up(self.feed_norm(x))))
        return fed


def _node_to_latent(batch: GraphBatch, latents: int) -> CSR:
    """Edges into the latents of each graph, from its nodes and, numbered behind all nodes, its latents."""
    n, g, device = batch.num_nodes, batch.num_graphs, batch.device
    of_graph = torch.arange(g, device=device).repeat_interleave(latents)
    source = torch.cat([torch.arange(n, device=device), n + torch.arange(g * latents, device=device)])
    graph = torch.cat([batch.node_graph, of_graph])
    source = source.repeat_interleave(latents)
    target = (graph.unsqueeze(1) * latents + torch.arange(latents, device=device)).flatten()
    return CSR.from_edges(source, target, g * latents, num_sources=n + g * latents)[0]
