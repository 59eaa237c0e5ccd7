"""The interface of a pretraining objective.

A training step asks each objective in turn to corrupt the batch that the last one left, runs the encoder once over
the result, and adds up the weighted losses. All chance comes from the generator that is handed in, so that masks are
a function of (seed, step).

An objective applies to a share of the graphs. Every graph draws one number u in [0, 1) from the step's generator;
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
    def corrupt(self, batch: GraphBatch, lots: Tensor, generator: torch.Generator) -> Targets:
        """Hide something: the targets carry the changed batch; the one given is left as it is."""

    @abstractmethod
    def loss(self, model: GraphTransformer, states: Tensor, targets: Targets) -> tuple[Tensor, dict[str, Tensor]]:
        """The mean loss over the targets and the figures to log, from states `(n, dim)`."""


def draw(count: int, generator: torch.Generator, like: Tensor) -> Tensor:
    """`(count,)` uniform numbers in [0, 1), drawn on the generator's device and moved to that of `like`."""
    return torch.rand(count, generator=generator, device=generator.device).to(like.device)


def cross_entropy(logits: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
    """Mean loss and accuracy over the rows `(t, c)` whose answer `(t,)` can be given at all.

    A label that was never seen as the kind asked for has the logit -inf, one that the vocabulary lacks has none (its
    index is c or more): both count as wrong and add no loss.
    """
    known = answers < logits.shape[1]
    possible = known & (logits.gather(1, torch.where(known, answers, 0)[:, None]).squeeze(1) > -torch.inf)
    loss = F.cross_entropy(logits[possible], answers[possible], reduction="sum") / max(int(possible.sum()), 1)
    return loss, (logits.detach().argmax(-1) == answers).float().mean()
