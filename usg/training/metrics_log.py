"""The figures of a run in one CSV file, `metrics.csv` in the run's folder, also across a kill and a resume.

One row for each logged step and one column for each figure, empty where it was not logged. Lightning's CSVLogger
deletes the file of an earlier start or opens a second one; a resumed run here continues the file, and rows of steps
that will be done again are dropped first.
"""

import csv
import os
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor
from torch.distributed.tensor import DTensor

from usg.files import atomic_path
from usg.training.ranks import mean_over_ranks

_SECONDS_PER_SAVE = 5.0  # the whole file is rewritten, so not at every row


def log_step(module: LightningModule, loss: Tensor, figures: Mapping[str, Tensor], batch_size: int) -> None:
    """The loss in the progress bar, and a row of every logger where the step is one that is logged.

    Not through `module.log`: Lightning would write the row only after a checkpoint of this step was saved.

    Args:
        module: that trains.
        loss: of the step, a scalar.
        figures: scalars by name, the same names on all processes; their means over the processes are logged as
            `train/name`, with the learning rate.
        batch_size: items in the batch.
    """
    trainer: Any = module.trainer
    module.log("loss", loss.detach(), prog_bar=True, logger=False, batch_size=batch_size)
    if _is_logged(trainer):
        means = mean_over_ranks(torch.stack([value.detach().float() for value in figures.values()])).tolist()
        values = {f"train/{name}": mean for name, mean in zip(figures, means, strict=True)}
        values["train/learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        for logger in trainer.loggers:
            logger.log_metrics(values, trainer.global_step + 1)


class GradientNorm(Callback):
    """Logs the Euclidean norm of all gradients before they are clipped, as `train/gradient_norm`.

    Lightning clips by the same norm but keeps it to itself, so it is computed once more where the step is one that is
    logged.
    """

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        """Measure and log."""
        if trainer.loggers and _is_logged(trainer):
            gradients = [each.grad for each in pl_module.parameters() if each.grad is not None]
            norm = torch.nn.utils.get_total_norm(gradients)
            whole = norm.full_tensor() if isinstance(norm, DTensor) else norm
            for logger in trainer.loggers:
                logger.log_metrics({"train/gradient_norm": float(whole)}, trainer.global_step + 1)


def _is_logged(trainer: Any) -> bool:
    """Whether the step that is being done is one of those that are logged."""
    every, done = trainer.log_every_n_steps, trainer.global_step + 1
    return bool(every) and (done % every == 0 or done == trainer.max_steps)


class MetricsLog(Logger):
    """Logs to `<folder>/metrics.csv`.

    Args:
        folder: the run's folder; made when missing.

    Example:
        >>> import tempfile
        >>> log = MetricsLog(tempfile.mkdtemp())
        >>> log.log_metrics({"loss": 2.5}, step=9)
        >>> log.save()
        >>> print(log.file.read_text().strip())
        step,loss
        9,2.5
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.file = self.folder / "metrics.csv"
        self._columns: list[str] = ["step"]
        self._rows: list[dict[str, Any]] = []
        self._changed = False
        self._saved_at = float("-inf")

    @property
    def name(self) -> str:
        """Empty: the log lies in the run's folder itself."""
        return ""

    @property
    def version(self) -> str:
        """Empty: a folder holds one run."""
        return ""

    @property
    def save_dir(self) -> str:
        """The run's folder."""
        return str(self.folder)

    @property
    def log_dir(self) -> str:
        """The run's folder."""
        return str(self.folder)

    @rank_zero_only
    def continue_after(self, step: int) -> None:
        """Keep what the file says up to `step`, the number of steps done in the checkpoint that a run resumes from."""
        if self.file.is_file():
            with self.file.open(encoding="utf-8", newline="") as stream:
                reader = csv.DictReader(stream)
                self._columns = list(reader.fieldnames or ["step"])
                self._rows = [row for row in reader if int(row["step"]) <= step]
            self._changed = True

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: the whole configuration is in `config.yaml` beside the log."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Record figures of a step; those of one step share a row."""
        number = len(self._rows) if step is None else step
        if not self._rows or int(self._rows[-1]["step"]) != number:
            self._rows.append({"step": number})
        self._rows[-1].update(metrics)
        self._columns += [name for name in metrics if name not in self._columns]
        self._changed = True

    def last(self, prefix: str, step: int) -> tuple[int, dict[str, float]]:
        """The newest figures of some kind, and their step; 0 and nothing where there are none.

        Args:
            prefix: of their names, as "val/".
            step: figures of later steps do not count.
        """
        for row in reversed(self._rows):
            found = {name: float(value) for name, value in row.items() if name.startswith(prefix) and value != ""}
            if found and int(row["step"]) <= step:
                return int(row["step"]), found
        return 0, {}

    @rank_zero_only
    def save(self) -> None:
        """Write the file if it was not written just now; Lightning asks for it at every row."""
        if time.monotonic() - self._saved_at > _SECONDS_PER_SAVE:
            self.flush()

    @rank_zero_only
    def flush(self) -> None:
        """Write the file; a reader always finds it whole."""
        if not self._changed:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(self.file) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, self._columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
        self._changed, self._saved_at = False, time.monotonic()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Write what is left."""
        self.flush()
