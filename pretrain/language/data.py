"""Examples of what to say about graphs, in batches: for a language model's own training and for the bridge's.

Graphs come from one or several corpora. Which task makes an example of a graph, and what it draws, is a function of
(seed, pass, number of the graph), so a run that was resumed sees what it would have seen.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from numpy.typing import NDArray

from usg.corpus import JoinedCorpus
from usg.pretrain.corpora import WORLD, WorldScenes, corpora_of, held_out, mixture_of, training_paths
from usg.pretrain.tasks import Answer, Describe, Example, GraphTask, NameHidden, draw_example
from usg.training.loader import OrderedBatches, ShuffledBatches

__all__ = ["ExampleDataModule"]


class ExampleDataModule(LightningDataModule):
    """Examples of graphs.

    Args:
        path: training graphs: a corpus folder, a `.jsonl` file or a FACTUAL `.csv`, or a list of them, in which `world`
            stands for the world's scenes. Without it, `world` is sampled.
        val_path: validation graphs; without it the world's where it is trained on, else the last `holdout` training
            graphs, of the last of several paths.
        test_path: graphs that `test` scores; the world's scenes by default.
        world: scenes to sample for `world`.
        temperature: of the sampling among several paths (`usg.training.mixture`).
        tasks: what is asked; naming what is hidden, describing and answering by default.
        batch_size: examples in a batch.
        seed: of the order and of what tasks draw.
        holdout: training graphs held out for validation when there is no other.
        cache: folder of converted files and sampled scenes.
    """

    def __init__(
        self,
        path: list[str] | str | None = None,
        val_path: str | None = None,
        test_path: str | None = None,
        world: WorldScenes | None = None,
        temperature: float = 1.0,
        tasks: list[GraphTask] | None = None,
        batch_size: int = 32,
        seed: int = 0,
        holdout: int = 500,
        cache: str = "runs/data",
    ) -> None:
        super().__init__()
        self.paths = training_paths(path, world)
        self.val_path, self.test_path = val_path, test_path
        self.world, self.temperature = world, temperature
        self.tasks: list[GraphTask] = [NameHidden(), Describe(), Answer()] if tasks is None else tasks
        if not self.tasks:
            raise ValueError("data.tasks is empty; `usg ls tasks` lists what can be asked")
        self.batch_size, self.seed, self.holdout = batch_size, seed, holdout
        self.cache = Path(cache)
        self._corpora: dict[str, JoinedCorpus] = {}

    def prepare_data(self) -> None:
        """Convert or sample what is not a corpus yet; one process does it."""
        testing = self.trainer is not None and self.trainer.state.fn == "test"
        for part in ("test",) if testing else ("train", "val"):
            corpora_of(self._paths(part), self.world, part, self.cache)

    def corpus(self, part: str) -> JoinedCorpus:
        """The corpora of a part as one: train, test, or val where that is not held out of training.

        Raises:
            ValueError: there is no such data.
        """
        if part not in self._corpora:
            paths = self._paths(part)
            if not paths:
                raise ValueError(f"there are no {part} graphs: give --data.{part}_path a corpus, .jsonl or .csv")
            self._corpora[part] = JoinedCorpus(corpora_of(paths, self.world, part, self.cache))
        return self._corpora[part]

    def train_dataloader(self) -> ShuffledBatches[list[Example]]:
        """Endless shuffled batches; their position is saved in checkpoints."""
        mixture = mixture_of(self.corpus("train"), self.temperature, self._held_out())

        def make(places: NDArray[np.int64], epoch: int) -> list[Example]:
            return self.examples("train", mixture.numbers(places, epoch), epoch)

        return ShuffledBatches.of_trainer(
            self.trainer, len(mixture), self.batch_size, make, seed=self.seed, runs=mixture.runs
        )

    def val_dataloader(self) -> OrderedBatches[list[Example]]:
        """The validation graphs in order, each with the same task at every validation."""
        if self._paths("val"):
            corpus = self.corpus("val")
            return OrderedBatches(len(corpus), self.batch_size, lambda items, _: self.examples("val", items, 0))
        first = len(self.corpus("train")) - self._held_out()
        return OrderedBatches(
            self._held_out(),
            self.batch_size,
            lambda items, _: [replace(each, more=()) for each in self.examples("train", items + first, 0)],
        )

    def test_dataloader(self) -> OrderedBatches[list[Example]]:
        """The test graphs in order."""
        corpus = self.corpus("test")
        return OrderedBatches(len(corpus), self.batch_size, lambda items, _: self.examples("test", items, 0))

    def validation_examples(self, n: int) -> list[Example]:
        """An example of each of the first n validation graphs that have one."""
        found: list[Example] = []
        for batch in self.val_dataloader():
            found += batch
            if len(found) >= n:
                break
        return found[:n]

    def examples(self, part: str, items: NDArray[np.int64], epoch: int) -> list[Example]:
        """An example of each graph; none of graphs that no task can use. Further turns are for training alone.

        Args:
            part: train, val or test.
            items: `(b,)` numbers of graphs.
            epoch: the pass over the data.
        """
        made = []
        for item in items.tolist():
            random = np.random.default_rng([self.seed, epoch, item])
            example = draw_example(self.corpus(part)[item], self.tasks, random)
            made += [] if example is None else [example if part == "train" else replace(example, more=())]
        return made

    def transfer_batch_to_device(
        self, batch: list[Example], device: torch.device, dataloader_idx: int
    ) -> list[Example]:
        """Examples are words; what is made of them goes to the device."""
        return batch

    def _paths(self, part: str) -> list[str]:
        if part == "train":
            return self.paths
        path = self.val_path if part == "val" else self.test_path
        return [path] if path is not None else [WORLD] if WORLD in self.paths else []

    def _held_out(self) -> int:
        return 0 if self._paths("val") else held_out(self.corpus("train"), self.holdout)
