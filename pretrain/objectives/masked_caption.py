"""Masked caption: words of a caption that realise graph nodes, predicted from the graph and the remaining words.

Of the mentions in a caption (all words that realise one node), a share is hidden, as ERNIE-ViL does (Yu et al., AAAI
2021, section 3.2), but the words read a scene graph instead of region features: L = mean of -log P(word | graph,
other words). The graph never hears the words, so hidden nodes are not betrayed by the caption. It teaches to look
things up by description, which question answering and grounding need.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from usg.batch import GraphBatch
from usg.batch.vocabulary import MASK_INDEX
from usg.graph import NodeKind
from usg.nn import GraphTransformer
from usg.pretrain.objectives.draws import Draws
from usg.pretrain.objectives.objective import Objective, Targets, cross_entropy
from usg.pretrain.objectives.structure import in_graphs


class MaskedCaption(Objective):
    """Predict the hidden words of a caption. Batches must carry captions (`data.captions: true`).

    Args:
        mention_rate: share of mentioned nodes whose words are hidden.
        other_rate: share of the words that mention no node and are hidden too.
        hide_node: probability that the node is hidden together with its mention; use 1 where the graph was parsed from
            the very caption, else the task is copying.
        weight, share: as in `Objective`.
    """

    def __init__(
        self,
        mention_rate: float = 0.3,
        other_rate: float = 0.0,
        hide_node: float = 0.0,
        weight: float = 1.0,
        share: float = 1.0,
    ) -> None:
        super().__init__(weight, share)
        for name, rate in (("mention_rate", mention_rate), ("other_rate", other_rate), ("hide_node", hide_node)):
            if not 0.0 <= rate <= 1.0:
                raise ValueError(f"MaskedCaption: {name} is {rate}; expected a share in [0, 1]")
        self.mention_rate, self.other_rate, self.hide_node = mention_rate, other_rate, hide_node

    def corrupt(self, batch: GraphBatch, lots: Tensor, draws: Draws) -> Targets:
        """Hide mentions whole: all words of a node are hidden together."""
        words = (batch.kind == NodeKind.WORD) & in_graphs(batch, self.applies_to(lots)) & (batch.label != MASK_INDEX)
        lottery = draws.nodes()
        mentioned = lottery < self.mention_rate
        hidden = words & torch.where(
            batch.mention >= 0, mentioned[batch.mention.clamp(min=0)], lottery < self.other_rate
        )
        label = torch.where(hidden, MASK_INDEX, batch.label)
        if self.hide_node > 0:
            nodes = batch.mention[hidden & (batch.mention >= 0)]
            nodes = nodes[draws.nodes()[nodes] < self.hide_node]
            label[nodes] = MASK_INDEX
        nodes = hidden.nonzero().squeeze(1)
        return Targets(nodes, batch.label[nodes], replace(batch, label=label))

    def loss(self, model: GraphTransformer, states: Tensor, targets: Targets) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean cross-entropy over the hidden words, among all words of captions."""
        if not len(targets) and not model.head.sizes[NodeKind.WORD]:
            return states.new_zeros(()), {}
        return cross_entropy(model.label_logits(states[targets.nodes], NodeKind.WORD), targets.answers)
