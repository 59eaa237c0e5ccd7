"""Finetuning from Python: fit on labelled questions, keep the best step on validation, answer the test questions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from usg.downstream.data import QADataModule
from usg.downstream.qa import QuestionAnswering
from usg.downstream.scores import is_right
from usg.training.callbacks import StepSeed
from usg.training.checkpoint_io import AtomicCheckpointIO
from usg.training.model_card import write_card
from usg.training.quiet import quiet_lightning


class BestOnValidation(Callback):
    """Keeps the weights of the step with the best validation accuracy, and puts them back when training ends.

    The checkpoint to resume from (`last.ckpt`) is written before that and holds the last step's weights. The best ones
    are saved as a folder that `QuestionAnswering.from_pretrained` reads, unless `folder` is null.

    Args:
        folder: where to, below the run's folder.
        patience: stop after this many validations without a better one; null goes on to the last step.
    """

    def __init__(self, folder: str | None = "model", patience: int | None = None) -> None:
        if patience is not None and patience < 1:
            raise ValueError(f"patience is {patience}; expected at least 1 validation, or null")
        self.folder, self.patience = folder, patience
        self.accuracy, self.step = -1.0, -1
        self.curve: list[tuple[int, float]] = []
        self._weights: dict[str, Any] = {}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the weights if they are the best so far."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        accuracy = float(trainer.callback_metrics["val/accuracy"])
        self.curve.append((trainer.global_step, accuracy))
        if accuracy > self.accuracy:
            self.accuracy, self.step = accuracy, trainer.global_step
            self._weights = {
                # What is no tensor (the digest of the vocabulary) does not change in training.
                name: value.detach().cpu().clone() if isinstance(value, Tensor) else value
                for name, value in pl_module.state_dict().items()
            }
        elif self.patience is not None:
            since = sum(step > self.step for step, _ in self.curve)
            trainer.should_stop = trainer.should_stop or since >= self.patience

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go back to the best weights and save them."""
        if self._weights:
            pl_module.load_state_dict(self._weights)
        if self.folder is not None and trainer.is_global_zero:
            assert isinstance(pl_module, QuestionAnswering)
            folder = Path(trainer.default_root_dir) / self.folder
            pl_module.save_pretrained(folder)
            write_card(trainer, folder, self.step if self._weights else None)

    def state_dict(self) -> dict[str, Any]:
        """The best so far, for a run that is resumed."""
        return {"accuracy": self.accuracy, "step": self.step, "curve": self.curve, "weights": self._weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the best so far."""
        self.accuracy, self.step = state_dict["accuracy"], state_dict["step"]
        self.curve = [(int(step), float(value)) for step, value in state_dict["curve"]]
        self._weights = dict(state_dict["weights"])


class _LossCurve(Callback):
    """Remembers the training loss, as a running mean."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add a step."""
        loss = float(outputs["loss"] if isinstance(outputs, dict) else outputs)
        mean = loss if not self.points else 0.95 * self.points[-1][1] + 0.05 * loss
        self.points.append((trainer.global_step, mean))


@dataclass(frozen=True)
class Finetuned:
    """What one finetuning run gave.

    Attributes:
        right: `(q,)` whether each test question was answered rightly, in the order of the data.
        best_step: the step whose weights answered.
        val_accuracy: at that step.
        val_curve: (step, validation accuracy).
        loss_curve: (step, running mean of the training loss).
        seconds: of training, validation included.
    """

    right: list[bool]
    best_step: int
    val_accuracy: float
    val_curve: list[tuple[int, float]]
    loss_curve: list[tuple[int, float]]
    seconds: float


def finetune(
    module: QuestionAnswering,
    data: QADataModule,
    *,
    steps: int,
    validate_every: int,
    seed: int = 0,
    patience: int | None = None,
    accelerator: str = "cpu",
) -> Finetuned:
    """Trains a module on labelled questions and answers the test questions with the best step.

    Args:
        module: not trained yet; holds the best weights afterwards.
        data: labelled, validation and test questions.
        steps: optimiser steps.
        validate_every: steps between two validations.
        seed: of dropout.
        patience: validations without a better one after which training stops.
        accelerator: as Lightning names it.
    """
    if not 1 <= validate_every <= steps:
        raise ValueError(f"validate_every is {validate_every}; expected between 1 and the number of steps, {steps}")
    quiet_lightning()
    best, losses = BestOnValidation(folder=None, patience=patience), _LossCurve()
    trainer = Trainer(
        accelerator=accelerator,
        devices=1,
        max_steps=steps,
        val_check_interval=validate_every,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        deterministic=True,
        callbacks=[StepSeed(seed), best, losses],
        plugins=[AtomicCheckpointIO()],
    )
    start = time.monotonic()
    trainer.fit(module, data)
    seconds = time.monotonic() - start
    right = is_right(data.questions("test"), module.answer_all(data.graphs("test"), data.questions("test")))
    return Finetuned(right, best.step, best.accuracy, best.curve, losses.points, seconds)


def parameter_count(module: torch.nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
