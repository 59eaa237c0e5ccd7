"""The interface of a pretraining objective.

A training step asks each objective in turn to corrupt the batch that the last one left, runs the encoder once over
the result, and adds up the weighted losses. All chance comes from the `Draws` that are handed in, so that masks are
a function of the seed, the step and the graph.

An objective applies to a share of the graphs. Every graph draws one number u in [0, 1);
`share=0.5` takes the graphs with u < 0.5 and `share=-0.5` those with u >= 0.5, so that two objectives can work on
disjoint halves of a batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.batch import GraphBatch
from usg.nn import GraphTransformer
from usg.pretrain.objectives.draws import Draws
from usg.training.ranks import mean_over_ranks


@dataclass(frozen=True)
class Targets:
    """What to predict: t nodes and, for each, the right answer.

    Attributes:
        nodes: `(t,)` int64 node numbers of the corrupted batch.
        answers: `(t,)` int64 vocabulary indices, or node numbers for `Endpoint`.
        batch: the corrupted batch, as the encoder sees it.
    """

    nodes: Tensor
    answers: Tensor
    batch: GraphBatch

    def __len__(self) -> int:
        """The number of predictions asked for."""
        return int(self.nodes.numel())


class Objective(nn.Module, ABC):
    """Base of the objectives: a weight, a share of the graphs, and the two steps `corrupt` and `loss`.

    Args:
        weight: factor of the loss in the sum over objectives.
        share: which graphs it applies to, in [-1, 1] and not 0; see the module's docstring.
    """

    def __init__(self, weight: float = 1.0, share: float = 1.0) -> None:
        super().__init__()
        if weight <= 0:
            raise ValueError(f"weight of {type(self).__name__} is {weight}; leave the objective out instead")
        if not 0 < abs(share) <= 1:
            raise ValueError(f"share of {type(self).__name__} is {share}; expected (0, 1] or [-1, 0)")
        self.weight, self.share = weight, share

    def build(self, dim: int) -> None:
        """Make the parameters the objective needs of its own, once the encoder's width is known; most need none."""

    def applies_to(self, lots: Tensor) -> Tensor:
        """`(g,)` bool, the graphs it applies to, from their lots `(g,)` in [0, 1)."""
        return lots < self.share if self.share > 0 else lots >= 1.0 + self.share

    @abstractmethod
    def corrupt(self, batch: GraphBatch, lots: Tensor, draws: Draws) -> Targets:
        """Hide something: the targets carry the changed batch; the one given is left as it is."""

    @abstractmethod
    def loss(self, model: GraphTransformer, states: Tensor, targets: Targets) -> tuple[Tensor, dict[str, Tensor]]:
        """The mean loss over the targets and the figures to log, from states `(n, dim)`.

        The mean is that over the targets of all processes (`usg.training.ranks`), some of which may have none: all
        weights must be used all the same, and all processes must log the same figures.
        """


def mean_loss(losses: Tensor, right: Tensor, asked: int) -> tuple[Tensor, dict[str, Tensor]]:
    """The mean of losses and the accuracy, over the targets of all processes, as the loss and the figures to log.

    Args:
        losses: `(l,)` the losses that count.
        right: number of right answers, a scalar.
        asked: number of answers.

    Returns:
        The loss, 0 where no loss counts, and the figures, none where nothing was asked.
    """
    counts = mean_over_ranks(torch.tensor([losses.numel(), asked], dtype=torch.float32, device=losses.device))
    counted, rows = counts.tolist()
    loss = losses.sum() / (counted or 1.0)
    return loss, ({"loss": loss.detach(), "accuracy": right.detach() / rows} if rows else {})


def cross_entropy(logits: Tensor, answers: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean loss and accuracy over the rows `(t, c)`, of which the loss is that of answers `(t,)` that can be given.

    A label that was never seen as the kind asked for has the logit -inf, one that the vocabulary lacks has none (its
    index is c or more): both count as wrong and add no loss.
    """
    known = answers < logits.shape[1]
    possible = known & (logits.gather(1, torch.where(known, answers, 0)[:, None]).squeeze(1) > -torch.inf)
    losses = F.cross_entropy(logits[possible], answers[possible], reduction="none")
    return mean_loss(losses, (logits.detach().argmax(-1) == answers).sum(), len(answers))
