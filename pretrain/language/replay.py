"""A batch whose loss is no number, written out so that the step can be looked at and done again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from lightning.pytorch import LightningModule
from torch import Tensor

from usg.files import atomic_path
from usg.pretrain.tasks import Example

__all__ = ["require_finite"]


def require_finite(module: LightningModule, loss: Tensor, examples: Sequence[Example]) -> None:
    """Stops a training at a loss that is no number, before it spoils the weights.

    Args:
        module: that trains; the batch is written into its run folder.
        loss: of the step, a scalar.
        examples: of the step.

    Raises:
        FloatingPointError: the loss is infinite or NaN.
    """
    if bool(torch.isfinite(loss)):
        return
    step = module.trainer.fit_loop.epoch_loop.total_batch_idx
    file = Path(module.trainer.default_root_dir) / f"bad_batch_{step}_rank{module.global_rank}.jsonl"
    with atomic_path(file) as temporary, temporary.open("w", encoding="utf-8") as stream:
        for example in examples:
            graph = None if example.graph is None else example.graph.to_dict()
            line = {"task": example.task, "graph": graph, "prompt": example.prompt, "answer": example.answer}
            stream.write(json.dumps({**line, "more": example.more}) + "\n")
    raise FloatingPointError(
        f"the loss of step {step} is {float(loss.detach())}; its {len(examples)} examples are in {file}; lower "
        "model.optimizer.learning_rate or set trainer.gradient_clip_val, and resume with --ckpt_path last"
    )
