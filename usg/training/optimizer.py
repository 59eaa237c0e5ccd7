"""AdamW with warm-up and a cosine to a floor: the optimiser of every training here.

The learning rate of step s of S, with W steps of warm-up and floor f (a share of the peak), is

    peak * (s + 1) / W                                                    for s < W
    peak * (f + (1 - f) * (1 + cos(pi * (s - W) / (S - W))) / 2)          after

(Loshchilov & Hutter, SGDR, 2017, without restarts). Matrices decay; biases, norms and other vectors do not
(Loshchilov & Hutter, Decoupled Weight Decay, 2019; the split is that of GPT-2's training).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class OptimizerSettings:
    """The settings of AdamW and its schedule.

    Args:
        learning_rate: peak learning rate.
        weight_decay: of matrices and embeddings.
        label_decay: of label tables, whose many rare rows over-fit first; None for `weight_decay`.
        warmup_steps: steps until the peak.
        floor: learning rate at the end, as a share of the peak.
        beta1: decay of the mean of gradients.
        beta2: decay of the mean of squared gradients.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    label_decay: float | None = None
    warmup_steps: int = 200
    floor: float = 0.05
    beta1: float = 0.9
    beta2: float = 0.98

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}; expected a positive number")
        for name, decay in (("weight_decay", self.weight_decay), ("label_decay", self.label_decay)):
            if decay is not None and not decay >= 0:
                raise ValueError(f"{name} is {decay}; expected at least 0")
        if self.warmup_steps < 0:
            raise ValueError(f"warmup_steps is {self.warmup_steps}; expected at least 0")
        if not 0 <= self.floor <= 1:
            raise ValueError(f"floor is {self.floor}; expected a share of the peak in [0, 1]")
        for name, value in (("beta1", self.beta1), ("beta2", self.beta2)):
            if not 0 <= value < 1:
                raise ValueError(f"{name} is {value}; expected a number in [0, 1)")


def learning_rate_factor(step: int, total: int, settings: OptimizerSettings) -> float:
    """The learning rate of a step, as a share of the peak.

    Example:
        >>> settings = OptimizerSettings(warmup_steps=10, floor=0.1)
        >>> [round(learning_rate_factor(step, 110, settings), 2) for step in (0, 9, 60, 110)]
        [0.1, 1.0, 0.55, 0.1]
    """
    warmup = min(settings.warmup_steps, max(total - 1, 0))
    if step < warmup:
        return (step + 1) / warmup
    share = min((step - warmup) / max(total - warmup, 1), 1.0)
    return settings.floor + (1 - settings.floor) * (1 + math.cos(math.pi * share)) / 2


def build_optimizer(
    module: nn.Module, settings: OptimizerSettings, total_steps: int, labels: Iterable[nn.Parameter] = ()
) -> dict[str, Any]:
    """AdamW over a module's trainable parameters and its schedule, as `configure_optimizers` returns them.

    Args:
        module: what is trained.
        settings: of the optimiser.
        total_steps: optimiser steps of the whole run.
        labels: the parameters that `label_decay` is for.

    Raises:
        ValueError: nothing is trainable, or the run has no known end.
    """
    if not 0 < total_steps < float("inf"):
        raise ValueError("the learning rate needs to know the number of steps; set trainer.max_steps or max_epochs")
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not trained:
        raise ValueError("no parameter is trainable; unfreeze a part of the model")
    label_decay = settings.weight_decay if settings.label_decay is None else settings.label_decay
    tables = {id(each) for each in labels}
    matrices = [label_decay if id(each) in tables else settings.weight_decay for each in trained]
    decays = [0.0 if each.ndim < 2 else decay for each, decay in zip(trained, matrices, strict=True)]
    groups = [
        {"params": [each for each, own in zip(trained, decays, strict=True) if own == decay], "weight_decay": decay}
        for decay in sorted(set(decays), reverse=True)
    ]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(settings.beta1, settings.beta2))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate_factor(step, total_steps, settings)
    )
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
