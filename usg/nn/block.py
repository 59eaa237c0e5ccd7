"""One layer of the graph transformer: attention along typed edges, then a gated feed-forward layer.

    x = x + W_o attention(W_qkv norm(x))        usg.ops.graph_self_attention, with a key, value and bias per edge type
    x = x + W_down (silu(W_gate norm(x)) * W_up norm(x))

Normalisation comes first and by root mean square (Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467); the
feed-forward layer is SwiGLU (Shazeer 2020, https://arxiv.org/abs/2002.05202).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.nn.config import GraphTransformerConfig
from usg.ops import CSR, graph_self_attention


class Block(nn.Module):
    """Letters: n nodes, e edges, d width, H heads, D = d / H, T edge types."""

    def __init__(self, config: GraphTransformerConfig) -> None:
        super().__init__()
        heads, width = config.heads, config.dim // config.heads
        self.heads = heads
        self.attention_dropout = config.attention_dropout
        self.attention_norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.qkv = nn.Linear(config.dim, 3 * config.dim, bias=False)
        self.out = nn.Linear(config.dim, config.dim, bias=False)
        self.key_table = nn.Parameter(torch.empty(config.edge_types, heads, width))
        self.value_table = nn.Parameter(torch.empty(config.edge_types, heads, width))
        self.bias = nn.Parameter(torch.empty(config.edge_types, heads))
        self.feed_norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.gate_up = nn.Linear(config.dim, 2 * config.hidden_width, bias=False)
        self.down = nn.Linear(config.hidden_width, config.dim, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, graph: CSR, edge_type: Tensor) -> Tensor:
        """`(n, d)` states and the `(e,)` types of their edges to `(n, d)` states."""
        heard = graph_self_attention(
            self.qkv(self.attention_norm(x)).view(x.shape[0], 3, self.heads, -1),
            graph,
            edge_type,
            self.key_table,
            self.value_table,
            self.bias,
            dropout=self.attention_dropout if self.training else 0.0,
        )
        x = x + self.dropout(self.out(heard.flatten(1)))
        gate, up = self.gate_up(self.feed_norm(x)).chunk(2, dim=-1)
        return x + self.dropout(self.down(F.silu(gate) * up))
