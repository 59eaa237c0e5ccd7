"""The callbacks of every run: seeds, checkpoints, progress in plain lines.

Progress on a terminal is Lightning's own bar; `PlainProgress` stands in for it where output goes to a file.
"""

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from usg.training.checkpoint_io import LAST
from usg.training.loader import ShuffledBatches
from usg.training.metrics_log import MetricsLog
from usg.training.seeds import seed_step


class StepSeed(Callback):
    """Seeds the global generators before every training step from (seed, step), and states so in the checkpoint.

    Dropout draws from the global generators. As functions of the step their states need no saving, and whether a
    validation or a picture came in between changes nothing.

    Args:
        seed: the run's seed.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Seed the step."""
        seed_step(self.seed, trainer.fit_loop.epoch_loop.total_batch_idx, trainer.global_rank)

    def state_dict(self) -> dict[str, int]:
        """The seed, from which with the step number every random state follows."""
        return {"seed": self.seed}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Refuse to go on with another seed."""
        if state_dict["seed"] != self.seed:
            raise ValueError(
                f"the checkpoint was made with seed {state_dict['seed']}, this run has {self.seed}: "
                f"pass --seed_everything {state_dict['seed']} to resume"
            )


class RunCheckpoint(Checkpoint):
    """Keeps the newest state of the run in `<run folder>/checkpoints/last.ckpt`, to resume from.

    Args:
        every: optimiser steps between two checkpoints; one more is written at the end. 0 writes none at all.
    """

    def __init__(self, every: int = 500) -> None:
        if every < 0:
            raise ValueError(f"checkpoint.every is {every}; expected a number of steps, or 0 for no checkpoints")
        self.every = every
        self._saved_step = 0
        self._position: dict[str, Any] = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save when it is time, and after the last step of a run that is counted in steps."""
        if self.every and (trainer.global_step % self.every == 0 or trainer.global_step == trainer.max_steps):
            self._save(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the end of a run that ended otherwise: by epochs, time or a callback."""
        if self.every:
            self._save(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the figures: a run that resumes from a checkpoint of this very step does not validate again."""
        _flush(trainer)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Keep what resuming needs: the step, which is saved already, and the position in the data."""
        self._saved_step = checkpoint["global_step"]
        self._position = checkpoint["loops"]["fit_loop"]["state_dict"].get("combined_loader", [{}])[0]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the position in the data again.

        Lightning loses it when the loader was made before the states were restored, as `estimated_stepping_batches`
        makes it for runs that are counted in epochs.
        """
        if self._position and isinstance(trainer.train_dataloader, ShuffledBatches):
            trainer.train_dataloader.load_state_dict(self._position)
        self._position = {}

    def _save(self, trainer: Trainer) -> None:
        # While gradients accumulate the step stands still: save when it has just moved on.
        if trainer.global_step != self._saved_step:
            self._saved_step = trainer.global_step
            _flush(trainer)  # a checkpoint is never ahead of the log
            trainer.save_checkpoint(Path(trainer.default_root_dir) / "checkpoints" / LAST, weights_only=False)


class PlainProgress(Callback):
    """Prints a line now and then: the step, the loss, the speed and the time left.

    Args:
        seconds: between two lines.
        stream: where to; standard error by default.
    """

    def __init__(self, seconds: float = 10.0, stream: TextIO | None = None) -> None:
        self.seconds, self._stream = seconds, stream
        self._start = self._last = 0.0
        self._first_step = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._start = self._last = time.monotonic()
        self._first_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Print when it is time."""
        now = time.monotonic()
        if not trainer.is_global_zero or (now - self._last < self.seconds and trainer.global_step != trainer.max_steps):
            return
        self._last = now
        speed = (trainer.global_step - self._first_step) / max(now - self._start, 1e-9)
        total = trainer.estimated_stepping_batches
        left = (total - trainer.global_step) / max(speed, 1e-9)
        figures = {name: float(value) for name, value in trainer.progress_bar_metrics.items()}
        self._print(
            f"step {trainer.global_step:,}/{total:,}: {_join(figures)}; {speed:.1f} steps/s, {_duration(left)} left"
        )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the validation's figures."""
        if trainer.is_global_zero and not trainer.sanity_checking and trainer.state.fn == "fit":
            names = [
                name for name in trainer.callback_metrics if name.startswith("val/") and not name.endswith("_loss")
            ]
            figures = {name.removeprefix("val/"): float(trainer.callback_metrics[name]) for name in names}
            self._print(f"validation at step {trainer.global_step:,}: {_join(figures)}")

    def _print(self, line: str) -> None:
        print(line, file=self._stream or sys.stderr, flush=True)


class PrintFigures(Callback):
    """Prints what a validation found that is not part of a training."""

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print one figure a line, on standard output."""
        if trainer.state.fn == "validate" and trainer.is_global_zero:
            figures = {name: float(value) for name, value in trainer.callback_metrics.items() if name != "step"}
            print("\n".join(f"{name} {value:.4f}" for name, value in sorted(figures.items())))


def _flush(trainer: Trainer) -> None:
    for logger in trainer.loggers:
        if isinstance(logger, MetricsLog):
            logger.flush()


def _join(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in sorted(figures.items()))


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
