"""Alignment of media: what a text says of a scene is found among what pictures and films show, and the reverse.

Graphs and objects are matched by a symmetric softmax over all of the batch (InfoNCE as in CLIP, Radford et al., ICML
2021, figure 3), with z = W h / |W h| of the encoder's states h and learnt temperatures t:

    L = 1/2 mean_i [ -log softmax_j(z_i . z'_j / t)_i  -log softmax_j(z'_i . z_j / t)_i ]

for the graph nodes of texts i and pictures j, and likewise for the objects that are in both views of a scene. The
softmax of a picture over texts also has the edited texts e of texts i (`usg.pretrain.view_edits`), as in NegCLIP
(Yuksekgonul et al., ICLR 2023), since labels alone do not tell a text from its edit, with the cosine

    z_e . (z'_j - m) + z_i . m        m = mean_j z'_j

of which nothing is gained by telling edits whatever the picture: many are unlikely.

Leaks closed: no words stand beside a view; the encoder knows no ids and no order of nodes, so neither can be matched;
a text that says the very things that the picture shows makes no pair, its graph would be the same graph; nothing says
where in a text something stands, from which one would see that ends were exchanged; an edited text shows the rest of
its groundings when the true one does. Open: a text may be true of another scene of the batch, which counts against it.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.batch import GraphBatch, View
from usg.graph import NodeKind
from usg.nn import GraphTransformer
from usg.pretrain.objectives.draws import Draws
from usg.pretrain.objectives.objective import Objective, Targets, mean_loss
from usg.training.ranks import gather_over_ranks

_SHARPEST = 100.0  # 1 / t at most, as in CLIP
_TIE = 1e-5  # cosines that differ by less are alike but for rounding: the text is not preferred to its edit


class Alignment(Objective):
    """Match the two views of a scene. Batches must carry views (`data.views`, the share of the graphs that have them).

    Args:
        object_weight: factor of the objects' loss; that of the graphs has 1.
        temperature: t at the start.
        weight: as in `Objective`.
    """

    def __init__(self, object_weight: float = 0.5, temperature: float = 0.07, weight: float = 1.0) -> None:
        super().__init__(weight)
        if object_weight < 0:
            raise ValueError(f"Alignment: object_weight is {object_weight}; expected at least 0")
        if not 1 / _SHARPEST <= temperature <= 1:
            raise ValueError(f"Alignment: temperature is {temperature}; expected at least {1 / _SHARPEST}, at most 1")
        self.object_weight, self.temperature = object_weight, temperature

    def build(self, dim: int) -> None:
        """The two projections, the same for all media, and the logarithms of 1 / t."""
        self.graph = nn.Linear(dim, dim, bias=False)
        self.object = nn.Linear(dim, dim, bias=False)
        self.sharpness = nn.Parameter(torch.full((2,), -math.log(self.temperature)))

    def corrupt(self, batch: GraphBatch, lots: Tensor, draws: Draws) -> Targets:
        """Nothing is hidden: graph nodes and objects of texts, and their counterparts in pictures."""
        said = batch.view[batch.node_graph.long()] == View.SAID
        said &= (batch.kind == NodeKind.GRAPH) | (batch.kind == NodeKind.OBJECT)
        nodes = (said & (batch.counterpart >= 0)).nonzero().squeeze(1)
        return Targets(nodes, batch.counterpart[nodes], batch)

    def loss(self, model: GraphTransformer, states: Tensor, targets: Targets) -> tuple[Tensor, dict[str, Tensor]]:
        """Both losses; logs them, how often the right view is found, and how often a text is preferred to its edit."""
        batch = targets.batch
        is_graph = batch.kind[targets.nodes] == NodeKind.GRAPH
        scale = self.sharpness.clamp(max=math.log(_SHARPEST)).exp()

        edited = batch.graph_nodes[batch.view == View.EDITED]
        texts, pictures = targets.nodes[is_graph], targets.answers[is_graph]
        said, shown, false = (_unit(self.graph, states[nodes]) for nodes in (texts, pictures, edited))
        own = torch.searchsorted(pictures, batch.counterpart[edited])  # pictures ascend
        total, metrics = self._contrast("graph", said, shown, scale[0], said[own], false, shown[own])
        pairs = (targets.nodes[~is_graph], targets.answers[~is_graph])
        said, shown = (_unit(self.object, states[nodes]) for nodes in pairs)
        loss, figures = self._contrast("object", said, shown, scale[1], said[:0], said[:0], said[:0])
        return total + self.object_weight * loss, metrics | figures

    def _contrast(
        self, name: str, said: Tensor, shown: Tensor, scale: Tensor, true: Tensor, false: Tensor, own: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The symmetric loss of k pairs among those of all processes; how often the right one of both is found.

        Args:
            name: of the figures.
            said: `(k, d)` one half of the pairs.
            shown: `(k, d)` the other.
            scale: 1 / t.
            true: `(f, d)` what was edited.
            false: `(f, d)` the edits.
            own: `(f, d)` what is shown of their scenes.
        """
        all_said, all_shown, before, edits = said, shown, 0, torch.cat([true, false], dim=1)
        if self.training:  # processes share a batch; those of a validation all have the same one
            all_said, before = gather_over_ranks(said)
            all_shown, _ = gather_over_ranks(shown)
            edits, _ = gather_over_ranks(edits)
        if not len(all_shown):
            return scale * (said.sum() + shown.sum()), {}  # zero, through all weights
        right = torch.arange(before, before + len(said), device=said.device)
        with torch.autocast(said.device.type, enabled=False):
            mean = all_shown.mean(0)
            all_true, all_false = edits.chunk(2, dim=1)
            to_shown, to_said = said @ all_shown.T, shown @ all_said.T
            to_edits = (shown - mean) @ all_false.T + all_true @ mean
        among = (to_shown, torch.cat([to_said, to_edits], dim=1))
        losses = [F.cross_entropy(scale * cosines, right, reduction="none") for cosines in among]
        correct = (to_shown.argmax(-1) == right).sum() + (to_said.argmax(-1) == right).sum()
        loss, figures = mean_loss(torch.cat(losses), correct, 2 * len(said))
        prefers = ((true - false) * (own - mean)).sum(-1) > _TIE
        _, found = mean_loss(losses[0].new_zeros(0), prefers.sum(), len(prefers))
        figures = {f"{name}_{figure}": value for figure, value in figures.items()}
        return loss, figures | ({"edit_accuracy": found["accuracy"]} if found else {})


def _unit(projection: nn.Linear, states: Tensor) -> Tensor:
    """`(k, d)` states, projected and of length 1, in single precision."""
    return F.normalize(projection(states).float(), dim=-1)
