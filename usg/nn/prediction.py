"""From the state of a node to a label: the prediction head, tied to the label table.

    logits(h) = LayerNorm(GELU(W h)) . table^T + bias        (the head of BERT, Devlin et al. 2019, section 3.1)

restricted to the labels seen as the kind of node that is asked for.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.batch import Vocabulary
from usg.batch.vocabulary import SPECIALS
from usg.graph import NodeKind


class LabelHead(nn.Module):
    """Scores V labels; t states, d wide."""

    def __init__(self, vocabulary: Vocabulary, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.bias = nn.Parameter(torch.zeros(len(vocabulary)))
        # Row k: labels of kind k; the last row: every label but the specials, which nothing is ever called.
        anything = np.arange(len(vocabulary)) >= len(SPECIALS)
        allowed = np.concatenate([(vocabulary.counts > 0).T, anything[None]])
        self.register_buffer("allowed", torch.from_numpy(allowed), persistent=False)
        self.allowed: Tensor
        self.sizes: list[int] = allowed.sum(axis=1).tolist()

    @torch.no_grad()
    def reset_bias(self, vocabulary: Vocabulary) -> None:
        """Start from how often each label was seen, whatever the kind: b = log(count + 1/2) less its maximum."""
        logs = np.log(vocabulary.counts.sum(axis=1) + 0.5)
        self.bias.copy_(torch.from_numpy(logs - logs.max()))

    def forward(self, states: Tensor, table: Tensor, kind: NodeKind | None) -> Tensor:
        """`(t, d)` states and the `(V, d)` table to `(t, V)` logits, -inf for labels that are not of the kind.

        Raises:
            ValueError: the vocabulary has no label of that kind.
        """
        row = -1 if kind is None else int(kind)
        if not self.sizes[row]:
            what = "label" if kind is None else NodeKind(kind).name.lower()
            raise ValueError(f"the vocabulary has no {what} to predict; build it from graphs and texts that have some")
        hidden = self.norm(F.gelu(self.linear(states)))
        return (hidden @ table.T + self.bias).masked_fill(~self.allowed[row], float("-inf"))
