"""Examples of what to say about graphs, in batches: for a language model's own training and for the bridge's.

Graphs come from one or several corpora. Which task makes an example of a graph, and what it draws, is a function of
(seed, pass, number of the graph), so a run that was resumed sees what it would have seen.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from numpy.typing import NDArray

from usg.corpus import Corpus
from usg.graph import SceneGraph
from usg.pretrain.corpora import WorldScenes, corpus_of, world_corpus
from usg.pretrain.tasks import Answer, Describe, Example, GraphTask, NameHidden, draw_example
from usg.training.loader import OrderedBatches, ShuffledBatches

__all__ = ["ExampleDataModule"]

_CACHE_MB = 512


class ExampleDataModule(LightningDataModule):
    """Examples of graphs.

    Args:
        paths: training graphs: corpus folders, `.jsonl` files or FACTUAL `.csv` files, one behind the other.
        val_path: validation graphs; without it the last `holdout` training graphs.
        world: scenes to sample, in front of `paths`.
        tasks: what is asked; naming what is hidden, describing and answering by default.
        batch_size: examples in a batch.
        seed: of the order and of what tasks draw.
        holdout: training graphs held out for validation when there is no `val_path` and no `world`.
        cache: folder of converted files and sampled scenes.
    """

    def __init__(
        self,
        paths: list[str] | None = None,
        val_path: str | None = None,
        world: WorldScenes | None = None,
        tasks: list[GraphTask] | None = None,
        batch_size: int = 32,
        seed: int = 0,
        holdout: int = 500,
        cache: str = "runs/data",
    ) -> None:
        super().__init__()
        if not paths and world is None:
            raise ValueError("there is no data to train on: give --data.paths, or data.world to sample scenes")
        self.paths, self.val_path, self.world = paths or [], val_path, world
        self.tasks: list[GraphTask] = [NameHidden(), Describe(), Answer()] if tasks is None else tasks
        if not self.tasks:
            raise ValueError("data.tasks is empty; `usg ls tasks` lists what can be asked")
        self.batch_size, self.seed, self.holdout = batch_size, seed, holdout
        self.cache = Path(cache)
        self._corpora: dict[str, list[Corpus]] = {}

    def prepare_data(self) -> None:
        """Convert or sample what is not a corpus yet; one process does it."""
        self.corpora("train"), self.corpora("val")

    def corpora(self, part: str) -> list[Corpus]:
        """The corpora of train or val; none of val where training graphs are held out for it."""
        if part not in self._corpora:
            folders = [] if self.world is None else [world_corpus(self.world, part, self.cache)]
            paths = self.paths if part == "train" else [self.val_path] if self.val_path else []
            folders += [corpus_of(path, self.cache) for path in paths]
            self._corpora[part] = [Corpus(folder, cache_mb=_CACHE_MB) for folder in folders]
        return self._corpora[part]

    def graph(self, part: str, number: int) -> SceneGraph:
        """A graph by its number among all of a part."""
        for corpus in self.corpora(part):
            if number < len(corpus):
                return corpus[number]
            number -= len(corpus)
        raise IndexError(f"{part} has no graph {number}")

    def train_dataloader(self) -> ShuffledBatches[list[Example]]:
        """Endless shuffled batches; their position is saved in checkpoints."""
        items = self._size("train") - self._held_out()
        make = partial(self.examples, "train")
        return ShuffledBatches.of_trainer(
            self.trainer, items, self.batch_size, make, seed=self.seed, runs=self._runs(items)
        )

    def val_dataloader(self) -> OrderedBatches[list[Example]]:
        """The validation graphs in order, each with the same task at every validation."""
        held_out = self._held_out()
        if not held_out:
            return OrderedBatches(self._size("val"), self.batch_size, lambda items, _: self.examples("val", items, 0))
        first = self._size("train") - held_out
        return OrderedBatches(held_out, self.batch_size, lambda items, _: self.examples("train", items + first, 0))

    def examples(self, part: str, items: NDArray[np.int64], epoch: int) -> list[Example]:
        """An example of each graph; none of graphs that no task can use.

        Args:
            part: train or val.
            items: `(b,)` numbers of graphs.
            epoch: the pass over the data.
        """
        made = []
        for item in items.tolist():
            random = np.random.default_rng([self.seed, epoch, item])
            example = draw_example(self.graph(part, item), self.tasks, random)
            made += [] if example is None else [example]
        return made

    def transfer_batch_to_device(
        self, batch: list[Example], device: torch.device, dataloader_idx: int
    ) -> list[Example]:
        """Examples are words; what is made of them goes to the device."""
        return batch

    def _size(self, part: str) -> int:
        return sum(map(len, self.corpora(part)))

    def _held_out(self) -> int:
        if self._size("val"):
            return 0
        graphs = self._size("train")
        if not 0 < self.holdout < graphs:
            raise ValueError(f"data.holdout is {self.holdout} of {graphs} training graphs; expected some of them")
        return self.holdout

    def _runs(self, items: int) -> NDArray[np.int64]:
        """Where row groups of the corpora begin, which are read together."""
        starts, before = [], 0
        for corpus in self.corpora("train"):
            starts.append(before + np.asarray(corpus.row_group_starts))
            before += len(corpus)
        return np.unique(np.minimum(np.concatenate([*starts, [items]]), items))
