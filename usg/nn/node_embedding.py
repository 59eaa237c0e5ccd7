"""What a node is before it has heard anything: its label, kind, modality, negation, and where it was seen.

An attribute also says of which kind it is ("colour"), in the vectors that words have, so that it is known to be a
colour when its value is hidden, and that a question about colours finds it.

Numbers that say where (boxes, times, spans) become sines and cosines of octaves (Vaswani et al. 2017, section 3.5, per
coordinate) and one linear layer. Absent is not zero: a node without a box gets a learned vector in its place.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from usg.batch import GraphBatch
from usg.batch.grounding import NUM_MODALITIES
from usg.graph import NodeKind
from usg.nn.config import GraphTransformerConfig


class NodeEmbedding(nn.Module):
    """Sums the features of every node; n nodes, d wide."""

    def __init__(self, config: GraphTransformerConfig) -> None:
        super().__init__()
        self.kind = nn.Embedding(len(NodeKind), config.dim)
        self.attribute_kind = nn.Linear(config.dim, config.dim, bias=False)
        self.modality = nn.Embedding(NUM_MODALITIES, config.dim)
        self.negated = nn.Embedding(2, config.dim)
        # Shares of a source: periods 2, 1, ..., so that the ends 0 and 1 differ; words: 2, 4, ..., from neighbours up.
        self.box = WhereEmbedding(4, config.dim, [2.0 / 2**k for k in range(config.octaves)])
        self.time = WhereEmbedding(2, config.dim, [2.0 / 2**k for k in range(config.octaves)])
        self.span = WhereEmbedding(2, config.dim, [2.0 * 2**k for k in range(config.octaves)])

    def forward(self, batch: GraphBatch, table: Tensor) -> Tensor:
        """`(n, d)` states before the first block.

        Args:
            batch: n nodes.
            table: `(V + u, d)` vectors of the labels.
        """
        x = nn.functional.embedding(batch.label, table)
        x = x + self.kind(batch.kind) + self.modality(batch.modality) + self.negated(batch.negated.long())
        # For every node, though few have one: counting those that do would make a GPU wait.
        kinds = self.attribute_kind(nn.functional.embedding(batch.attribute_kind.clamp(min=0), table))
        x = x + kinds.masked_fill((batch.attribute_kind < 0).unsqueeze(-1), 0.0)
        x = x + self.box(batch.box, batch.has_box)
        x = x + self.time(batch.time, batch.has_time)
        return x + self.span(batch.span, batch.has_span)


class WhereEmbedding(nn.Module):
    """c coordinates as sines and cosines of several periods, then a linear layer; a learned vector where absent."""

    def __init__(self, coordinates: int, dim: int, periods: list[float]) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * coordinates * len(periods), dim)
        self.absent = nn.Parameter(torch.empty(dim))
        self.register_buffer("frequency", 2 * math.pi / torch.tensor(periods, dtype=torch.float64), persistent=False)
        self.frequency: Tensor

    def forward(self, values: Tensor, there: Tensor) -> Tensor:
        """`(n, c)` coordinates and `(n,)` bool to `(n, d)`."""
        dtype = self.linear.weight.dtype
        angle = (values.to(dtype).unsqueeze(-1) * self.frequency.to(dtype)).flatten(1)
        features = torch.cat([angle.sin(), angle.cos()], dim=-1)
        return torch.where(there.unsqueeze(-1), self.linear(features), self.absent)
