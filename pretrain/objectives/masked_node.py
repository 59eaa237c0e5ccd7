"""Masked object, attribute and relation prediction.

Of each kind, a share of the nodes is hidden and its label predicted among the labels of that kind from the rest of the
graph: L = sum over kinds k of w_k * mean over hidden nodes of -log P(label | graph without it). Corruption is BERT's by
default, 80 % `<mask>`, 10 % another label of the kind (a colour for a colour), 10 % unchanged (Devlin et al., NAACL
2019, section 3.1); node-level masking of graphs follows AttrMasking (Hu et al., ICLR 2020, section 3.1.2) and ERNIE-ViL
(Yu et al., AAAI 2021, section 3.2), which keeps the arguments of a hidden attribute or relation visible.

Leaks closed: copies of a hidden node in other media are hidden with it; all relations between the same two objects are
hidden together (an inverse or duplicate would give the answer away); boxes of a hidden relation's arguments are dropped
for half of them (else "left of" is read off the boxes); and a hidden node says nothing of where it was seen, because
the length of its span is that of the word, and that a caption has it at all says which labels are possible. A hidden
attribute keeps its kind ("colour"), as the counting baselines know it too.
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
from usg.pretrain.objectives.structure import (
    arguments,
    in_graphs,
    relation_pairs,
    spread_over_copies,
    spread_over_pairs,
)

KINDS = {"object": NodeKind.OBJECT, "attribute": NodeKind.ATTRIBUTE, "relation": NodeKind.RELATION}


class MaskedNode(Objective):
    """Predict the labels of hidden objects, attributes and relations.

    Args:
        object_rate, attribute_rate, relation_rate: share of the nodes of the kind that is hidden, in [0, 1]; in every
            graph that has nodes at all, at least one is.
        object_weight, attribute_weight, relation_weight: factor of the kind's mean loss.
        mask_share: probability that a chosen node shows `<mask>`; of the rest, half show another label of the kind and
            half their own.
        keep_arguments: share of graphs in which the objects of hidden attributes and relations stay visible.
        drop_boxes: probability that the boxes of a hidden relation's arguments are dropped.
        guard_pairs: hide all relations between the same two objects together.
        guard_copies: hide all copies of a hidden node, joined to it by identity edges, together. Graphs whose media
            were merged have one node instead of copies, so that there is nothing to guard.
        weight, share: as in `Objective`.
    """

    def __init__(
        self,
        object_rate: float = 0.3,
        attribute_rate: float = 0.3,
        relation_rate: float = 0.3,
        object_weight: float = 1.0,
        attribute_weight: float = 1.0,
        relation_weight: float = 1.0,
        mask_share: float = 0.8,
        keep_arguments: float = 0.5,
        drop_boxes: float = 0.5,
        guard_pairs: bool = True,
        guard_copies: bool = True,
        weight: float = 1.0,
        share: float = 1.0,
    ) -> None:
        super().__init__(weight, share)
        self.rates = {"object": object_rate, "attribute": attribute_rate, "relation": relation_rate}
        self.weights = {"object": object_weight, "attribute": attribute_weight, "relation": relation_weight}
        shares = {"mask_share": mask_share, "keep_arguments": keep_arguments, "drop_boxes": drop_boxes}
        for name, value in {**{f"{kind}_rate": rate for kind, rate in self.rates.items()}, **shares}.items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"MaskedNode: {name} is {value}; expected a share in [0, 1]")
        self.mask_share, self.keep_arguments, self.drop_boxes = mask_share, keep_arguments, drop_boxes
        self.guard_pairs, self.guard_copies = guard_pairs, guard_copies

    def corrupt(self, batch: GraphBatch, lots: Tensor, draws: Draws) -> Targets:
        """Choose nodes, hide their labels and what would betray them."""
        chosen = self.choose(batch, lots, draws)
        _, subject, target = arguments(batch)
        hidden = chosen
        if self.guard_pairs:
            hidden = spread_over_pairs(hidden, relation_pairs(batch, subject, target))
        if self.guard_copies:
            hidden = spread_over_copies(hidden, batch)
        dice = draws.nodes()
        # What is hidden only because it would betray something gets no chance of being kept.
        label = batch.label.masked_fill(hidden & ((dice < self.mask_share) | ~chosen), MASK_INDEX)
        swapped = chosen & (dice >= (1 + self.mask_share) / 2)
        label[swapped] = self._other_labels(batch, swapped, draws)
        dropped = self._boxes_to_drop(batch, hidden, subject, target, draws)
        corrupted = replace(batch.ungrounded(hidden), label=label)
        corrupted = replace(corrupted, has_box=corrupted.has_box & ~dropped)
        nodes = chosen.nonzero().squeeze(1)
        return Targets(nodes, batch.label[nodes], corrupted)

    def choose(self, batch: GraphBatch, lots: Tensor, draws: Draws) -> Tensor:
        """`(n,)` bool: the nodes to predict."""
        lottery = draws.nodes()
        rate = torch.zeros(len(NodeKind), device=batch.label.device)
        for name, kind in KINDS.items():
            rate[kind] = self.rates[name]
        rate = rate[batch.kind]
        eligible = in_graphs(batch, self.applies_to(lots)) & (rate > 0)
        chosen = eligible & (lottery < rate)
        # At least one in every graph: the eligible node with the smallest lot.
        graph = batch.node_graph.long()
        lowest = lottery.new_full((batch.num_graphs,), 2.0)
        lowest.scatter_reduce_(0, graph, torch.where(eligible, lottery, 2.0), "amin")
        empty = torch.ones_like(lowest, dtype=torch.bool)
        empty[graph[chosen]] = False
        chosen = chosen | (eligible & empty[graph] & (lottery == lowest[graph]))
        return self._keep_arguments(batch, chosen, draws)

    def _keep_arguments(self, batch: GraphBatch, chosen: Tensor, draws: Draws) -> Tensor:
        keep = in_graphs(batch, draws.graphs() < self.keep_arguments)
        visible = torch.zeros_like(chosen)
        for column in arguments(batch):
            visible[column[chosen & keep & (column >= 0)]] = True
        return chosen & ~visible

    def _other_labels(self, batch: GraphBatch, swapped: Tensor, draws: Draws) -> Tensor:
        """A label for each swapped node, drawn from the nodes of its kind; a colour for a colour."""
        group = batch.kind * (batch.vocabulary_size + batch.num_unseen + 1) + batch.attribute_kind + 1
        order = group.argsort(stable=True)
        sorted_groups, wanted = group[order], group[swapped]
        first = torch.searchsorted(sorted_groups, wanted)
        size = torch.searchsorted(sorted_groups, wanted, right=True) - first
        return batch.label[order[first + (draws.nodes()[swapped] * size).long()]]

    def _boxes_to_drop(
        self, batch: GraphBatch, hidden: Tensor, subject: Tensor, target: Tensor, draws: Draws
    ) -> Tensor:
        dropped = torch.zeros_like(hidden)
        relations = hidden & (batch.kind == NodeKind.RELATION)
        relations &= draws.nodes() < self.drop_boxes
        for column in (subject, target):
            dropped[column[relations & (column >= 0)]] = True
        return dropped

    def loss(self, model: GraphTransformer, states: Tensor, targets: Targets) -> tuple[Tensor, dict[str, Tensor]]:
        """Weighted sum over kinds of the mean cross-entropy; logs loss and accuracy by kind."""
        total = states.new_zeros(())
        metrics: dict[str, Tensor] = {}
        kinds = targets.batch.kind[targets.nodes]
        for name, kind in KINDS.items():
            mine = targets.nodes[kinds == kind]
            # Also where none is hidden here: other processes may have some.
            if len(mine) or model.head.sizes[kind]:
                logits = model.label_logits(states[mine], kind)
                loss, figures = cross_entropy(logits, targets.answers[kinds == kind])
                total = total + self.weights[name] * loss
                metrics |= {f"{name}_{figure}": value for figure, value in figures.items()}
        return total, metrics
