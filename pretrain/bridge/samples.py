"""Answers in words in the course of training, to read what a model has learnt.

Every K steps the model answers the same validation prompts, into `<run folder>/samples/step_000500.md`, a row each: the
graph in words, what was asked, what should be said, what was said. Weights & Biases gets a table, TensorBoard the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger

from usg.files import atomic_path
from usg.nn.bridge import graph_text
from usg.pretrain.bridge.module import BridgeModule
from usg.pretrain.tasks import Example

__all__ = ["AnswerSamples"]

_COLUMNS = ("task", "graph", "prompt", "wanted", "said")


class AnswerSamples(Callback):
    """Writes answers to validation prompts, those that leave room for a graph and an answer.

    Args:
        every: optimiser steps between two samples; one more is taken after the last step.
        count: prompts.
        max_new_tokens: of an answer.

    Raises:
        ValueError: a number is below 1.
    """

    def __init__(self, every: int = 1000, count: int = 8, max_new_tokens: int = 48) -> None:
        if min(every, count, max_new_tokens) < 1:
            raise ValueError(
                f"AnswerSamples: every {every}, count {count}, max_new_tokens {max_new_tokens}; expected at least 1"
            )
        self.every, self.count, self.max_new_tokens = every, count, max_new_tokens
        self._done = -1

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Ask when it is time."""
        step = trainer.global_step
        if (step % self.every == 0 or step == trainer.max_steps) and step != self._done:
            self._done = step
            if not isinstance(pl_module, BridgeModule):
                raise TypeError(f"AnswerSamples asks a BridgeModule, not a {type(pl_module).__name__}")
            self._sample(trainer, pl_module)

    def _sample(self, trainer: Trainer, module: BridgeModule) -> None:
        model = module.graph_language_model
        data = trainer.datamodule  # type: ignore[attr-defined]
        examples: list[Example] = [
            example
            for example in data.validation_examples(self.count)
            if model.writer.fits(example.prompt, example.answer, self.max_new_tokens)
        ]
        graphs = [example.graph for example in examples if example.graph is not None]
        # Every process answers, since the weights may lie in parts; the first one writes.
        said = model.generate(graphs, [example.prompt for example in examples], max_new_tokens=self.max_new_tokens)
        if not trainer.is_global_zero:
            return
        rows = [
            (example.task, graph_text(graph), example.prompt, example.answer, answer)
            for example, graph, answer in zip(examples, graphs, said, strict=True)
        ]
        text = _table(rows)
        folder = Path(trainer.default_root_dir) / "samples"
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / f"step_{trainer.global_step:06}.md") as temporary:
            temporary.write_text(f"# Answers after {trainer.global_step:,} steps\n\n{text}", encoding="utf-8")
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_table(
                    "samples", columns=list(_COLUMNS), data=[list(row) for row in rows], step=trainer.global_step
                )
            elif isinstance(logger, TensorBoardLogger):
                logger.experiment.add_text("samples", text, trainer.global_step)


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in (_COLUMNS, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|---" * len(_COLUMNS) + "|", *lines[1:]]) + "\n"
