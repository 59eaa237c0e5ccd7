"""One training of the scene-graph network: a LightningModule over batches of captions with graphs, resumable.

AdamW, warm-up over 5 % of the steps and a linear fall to 2 % of the peak; the weights kept are an exponential average.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import EMAWeightAveraging
from torch import Tensor

from usg.parsers.text.batches import Example
from usg.parsers.text.data import Batches
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.objective import gold_loss
from usg.parsers.text.training_settings import Fit
from usg.training.callbacks import PlainProgress, RunCheckpoint, StepSeed
from usg.training.checkpoint_io import AtomicCheckpointIO
from usg.training.loader import ShuffledBatches
from usg.training.quiet import quiet_lightning


class TextGraphTraining(LightningModule):
    """Trains a `TextGraphModel`."""

    def __init__(self, model: TextGraphModel, settings: Fit, seed: int, steps: int) -> None:
        super().__init__()
        self.network, self.reader = model.network, model.reader
        self.settings, self.seed, self.steps = settings, seed, steps

    def training_step(self, batch: tuple[Example, ...], number: int) -> Tensor:
        """The loss of a batch."""
        rng = random.Random(f"spans {self.seed} {self.global_step}")
        loss = gold_loss(self.network, self.reader, batch, rng)
        self.log("loss", loss.detach(), prog_bar=True, logger=False)
        return loss

    def transfer_batch_to_device(
        self, batch: tuple[Example, ...], device: torch.device, number: int
    ) -> tuple[Example, ...]:
        """Captions are words until the network reads them."""
        return batch

    def configure_optimizers(self) -> Any:
        """AdamW with its schedule."""
        optimizer = torch.optim.AdamW(
            self.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            betas=(0.9, 0.98),
            foreach=True,
        )
        warmup = max(1, self.steps // 20)

        def factor(step: int) -> float:
            return min(1.0, (step + 1) / warmup) * max(0.02, 1 - step / self.steps)

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def fit(
    model: TextGraphModel,
    examples: Sequence[Example],
    settings: Fit,
    *,
    seed: int,
    folder: Path,
    trained: Mapping[str, Any],
) -> TextGraphModel:
    """Trains a model and saves it to `folder/model`; a run that was killed goes on, one that ended is read back.

    Args:
        model: of random weights; trained in place.
        examples: captions with gold graphs.
        settings: of the training.
        seed: of order, augmentation and dropout; that of the weights is the caller's.
        folder: of the checkpoints.
        trained: kept with the model.
    """
    if (folder / "model" / "network.json").is_file():
        return TextGraphModel.load(folder / "model")
    quiet_lightning()
    batches = Batches(
        examples,
        batch_size=settings.batch_size,
        seed=seed,
        inventory=model.reader.inventory,
        joined=settings.joined,
        recombined=settings.recombined,
        bare=settings.bare,
    )
    steps = settings.epochs * len(batches)

    def make(items: Any, number: int) -> tuple[Example, ...]:
        return batches[number, int(items[0])]

    loader: ShuffledBatches[tuple[Example, ...]] = ShuffledBatches(len(batches), 1, make, seed=seed)
    last = folder / "checkpoints" / "last.ckpt"
    trainer = Trainer(
        accelerator="cpu",
        max_steps=steps,
        default_root_dir=folder,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        gradient_clip_val=2.0,
        callbacks=[
            StepSeed(seed),
            EMAWeightAveraging(decay=settings.average),
            PlainProgress(30.0),
            RunCheckpoint(every=max(1, len(batches) // 2)),
        ],
        plugins=[AtomicCheckpointIO()],
    )
    model.network.train()
    module = TextGraphTraining(model, settings, seed, steps)
    if not _ended(module, last, steps):
        trainer.fit(module, loader, ckpt_path=str(last) if last.is_file() else None, weights_only=False)
    model.network.eval()
    model.trained = dict(trained)
    model.save(folder / "model")
    return TextGraphModel.load(folder / "model")  # as it will be used, in float16


def _ended(module: TextGraphTraining, last: Path, steps: int) -> bool:
    """Whether a checkpoint is of the last step; the module then has its averaged weights.

    Lightning does nothing more with such a checkpoint, and would leave the weights that were not averaged.
    """
    if not last.is_file():
        return False
    checkpoint = torch.load(last, map_location="cpu", weights_only=True)
    if checkpoint["global_step"] < steps:
        return False
    module.load_state_dict(checkpoint["state_dict"])
    return True
