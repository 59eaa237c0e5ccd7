"""A callback that ends a training in the middle, as a machine that goes down would."""

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer


class CrashAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        if trainer.global_step == self.step:
            raise ConnectionAbortedError
