"""The callbacks of every run: seeds, checkpoints, the end, progress in plain lines.

Progress on a terminal is Lightning's own bar; `PlainProgress` stands in for it where output goes to a file.
"""

import math
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TextIO

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ProgressBar
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason

from usg.names import unknown_name
from usg.progress import say
from usg.training.checkpoint_io import BEST, LAST
from usg.training.loader import ShuffledBatches
from usg.training.metrics_log import MetricsLog
from usg.training.model_card import RunRecord, write_checkpoint_card
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
    """Keeps the newest state of the run in `<run folder>/checkpoints/last.ckpt`, and the best one in `best.ckpt`.

    Lightning's ModelCheckpoint writes absolute paths into its state and forgets its best when the folder is moved.

    Where a validation follows on a step, its checkpoint is written behind it, so that what the validation decides (the
    best so far, early stopping) is part of it.

    Args:
        every: optimiser steps between two checkpoints; one more is written at the end. 0 writes none at all.
        monitor: a figure of validation, as val/loss: the checkpoint with the best one is kept beside the newest, and
            its weights are those of the model folder in the end.
        mode: min where a smaller figure is better, max where a larger one is.
    """

    def __init__(self, every: int = 500, monitor: str | None = None, mode: Literal["min", "max"] = "min") -> None:
        if every < 0:
            raise ValueError(f"checkpoint.every is {every}; expected a number of steps, or 0 for no checkpoints")
        self.every, self.monitor, self.mode = every, monitor, mode
        self._best, self._best_step = math.inf if mode == "min" else -math.inf, 0
        self._saved_step = 0
        self._ended = False
        self._position: dict[str, Any] = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save when it is time, and after the last step of a run that is counted in steps."""
        if not _validation_follows(trainer):
            self._save_when_due(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the figures and the best state: a run that resumes from this very step does not validate again."""
        _flush(trainer)
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            if self.every and self.monitor is not None:
                self._keep_best(trainer, self.monitor)
            self._save_when_due(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the end of a run that ended otherwise: by epochs, time or a callback. Then go back to the best."""
        self._ended = True
        if self.every:
            self._save(trainer)
        for callback in trainer.early_stopping_callbacks:
            if callback.stopping_reason_message and trainer.is_global_zero:
                say(f"stopped early at step {trainer.global_step:,}: {callback.stopping_reason_message}")
        if self._best_step:
            states = trainer.strategy.load_checkpoint(_folder(trainer) / BEST)
            trainer.strategy.load_model_state_dict(states, strict=pl_module.strict_loading)
            for record in trainer.callbacks:  # type: ignore[attr-defined]
                if isinstance(record, RunRecord):
                    record.step = self._best_step

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do what belongs to the end for a run that was resumed from its last step; Lightning ends it at once."""
        if not self._ended:
            for callback in trainer.callbacks:  # type: ignore[attr-defined]
                if not isinstance(callback, ProgressBar):  # never started
                    callback.on_train_end(trainer, pl_module)
            pl_module.on_train_end()

    def state_dict(self) -> dict[str, Any]:
        """The best so far."""
        return {"monitor": self.monitor, "mode": self.mode, "best": self._best, "best_step": self._best_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the best so far, if it is the best of the same figure."""
        if (state_dict["monitor"], state_dict["mode"]) == (self.monitor, self.mode):
            self._best, self._best_step = state_dict["best"], state_dict["best_step"]

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
        # Early stopping remembers that it has ended a run, and Lightning would still train on to the next validation.
        for callback in trainer.early_stopping_callbacks:
            if callback.stopping_reason != EarlyStoppingReason.NOT_STOPPED:
                trainer.should_stop = True

    def _keep_best(self, trainer: Trainer, monitor: str) -> None:
        if monitor not in trainer.callback_metrics:
            raise ValueError(unknown_name("checkpoint.monitor", monitor, trainer.callback_metrics))
        score = float(trainer.callback_metrics[monitor])
        better = score < self._best if self.mode == "min" else score > self._best
        if trainer.strategy.reduce_boolean_decision(better):
            self._best, self._best_step = score, trainer.global_step
            self._write(trainer, BEST)

    def _save_when_due(self, trainer: Trainer) -> None:
        if self.every and (trainer.global_step % self.every == 0 or trainer.global_step == trainer.max_steps):
            self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        # While gradients accumulate the step stands still: save when it has just moved on.
        if trainer.global_step != self._saved_step:
            self._saved_step = trainer.global_step
            _flush(trainer)  # a checkpoint is never ahead of the log
            self._write(trainer, LAST)

    def _write(self, trainer: Trainer, name: str) -> None:
        trainer.save_checkpoint(_folder(trainer) / name, weights_only=False)
        best = f"step {self._best_step:,}, {self.monitor} {self._best:.4f}" if self._best_step else None
        write_checkpoint_card(trainer, _folder(trainer) / name, best)


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


def _folder(trainer: Trainer) -> Path:
    return Path(trainer.default_root_dir) / "checkpoints"


def _validation_follows(trainer: Trainer) -> bool:
    """Whether the step that has just been done is validated."""
    loop: Any = trainer.fit_loop.epoch_loop
    return bool(loop._should_check_val_fx(trainer.fit_loop._data_fetcher)) and not loop.val_loop.skip


def _flush(trainer: Trainer) -> None:
    for logger in trainer.loggers:
        if isinstance(logger, MetricsLog):
            logger.flush()


def _join(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in sorted(figures.items()))


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
