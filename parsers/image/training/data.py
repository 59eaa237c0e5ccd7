"""The data of `usg train-parser image`: graphs with pictures in any readable format, or pictures of the world."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from lightning.pytorch import LightningDataModule
from numpy.typing import NDArray

from usg.formats.problems import Problems
from usg.graph.scene_graph import SceneGraph
from usg.parsers.image.embedded.settings import NetworkSettings, Words
from usg.parsers.image.training.losses import PictureBatch
from usg.parsers.image.training.pictures import Pictures, graphs_of, prepared, words_of
from usg.progress import say
from usg.training.loader import OrderedBatches, ShuffledBatches


@dataclass(frozen=True)
class WorldPictures:
    """Pictures of the procedural world to draw.

    Args:
        natural: training pictures as the world's scenes are.
        even: training pictures with colours, sizes and textures drawn evenly and more structure.
        val: validation pictures.
        seed: of the natural pictures; the even ones have the next.
        workers: processes that draw.
    """

    natural: int = 24_000
    even: int = 30_000
    val: int = 1_000
    seed: int = 0
    workers: int = 2

    def __post_init__(self) -> None:
        if self.natural < 0 or self.even < 0 or self.natural + self.even < 1 or self.val < 1:
            raise ValueError(f"{self.natural} natural, {self.even} even and {self.val} validation pictures; draw some")


class PictureDataModule(LightningDataModule):
    """Pictures with gold graphs in batches.

    Args:
        train: graphs with pictures: corpus folders or files of any readable format (`usg ls formats`); a picture's uri
            is relative to its folder.
        val: the same for validation; without it the last `holdout` training pictures, or those of the world.
        world: pictures to draw, used when there is no `train`.
        batch_size: pictures in a batch.
        seed: of the order.
        min_count: labels, values and predicates said fewer times in training are not learnt.
        holdout: training pictures held out when there is no `val`.
        cache: folder of drawn pictures and of prepared arrays.
    """

    def __init__(
        self,
        train: list[str] | None = None,
        val: list[str] | None = None,
        world: WorldPictures | None = None,
        batch_size: int = 32,
        seed: int = 0,
        min_count: int = 1,
        holdout: int = 200,
        cache: str = "runs/data",
    ) -> None:
        super().__init__()
        if not train and world is None:
            raise ValueError("there are no pictures to train on: give --data.train, or data.world to draw some")
        if batch_size < 1 or min_count < 1 or holdout < 1:
            raise ValueError(f"batch_size {batch_size}, min_count {min_count}, holdout {holdout}: expected at least 1")
        self.train_paths, self.val_paths, self.world = train, val, world
        self.batch_size, self.seed, self.min_count, self.holdout = batch_size, seed, min_count, holdout
        self.cache = Path(cache)
        self.side = NetworkSettings().side  # of the network's square; the module sets it to its own
        self._words: Words | None = None
        self._pictures: dict[str, Pictures] = {}
        self._graphs: dict[int, list[tuple[str, SceneGraph]]] = {}

    def prepare_data(self) -> None:
        """Draw the world's pictures; one process does it."""
        if self.world is not None and not self.train_paths:
            for number, even in ((self.world.natural, False), (self.world.even, True)):
                _draw(self.cache, "train", number, self.world.seed + even, even, self.world.workers)
            if not self.val_paths:
                _draw(self.cache, "val", self.world.val, self.world.seed, False, self.world.workers)

    def paths(self, part: str) -> list[str]:
        """The graphs of a part, train or val; none of val where training pictures are held out."""
        if part == "val" and self.val_paths:
            return self.val_paths
        if self.train_paths:
            return self.train_paths if part == "train" else []
        assert self.world is not None
        world = self.world
        if part == "val":
            return [str(_folder(self.cache, "val", world.val, world.seed, False))]
        kinds = ((world.natural, False), (world.even, True))
        return [str(_folder(self.cache, "train", n, world.seed + even, even)) for n, even in kinds if n]

    def sources(self) -> list[str]:
        """Where the training pictures come from, in words."""
        if self.train_paths:
            return [f"`{path}`" for path in self.train_paths]
        assert self.world is not None
        return [
            f"{number:,} pictures of the world, {drawn}"
            for number, drawn in ((self.world.natural, "as its scenes are"), (self.world.even, "drawn evenly"))
            if number
        ]

    @property
    def words(self) -> Words:
        """Those of the checkpoint, if one was loaded, else of the training graphs.

        Raises:
            ValueError: the graphs have no objects.
        """
        if self._words is None:
            self._words = words_of(self.paths("train"), self.min_count)
            if not self._words.labels:
                raise ValueError(f"{', '.join(self.paths('train'))}: no label is said {self.min_count} times")
        return self._words

    def use_words(self, words: Words) -> None:
        """Learn with the words of a checkpoint instead of those of the training graphs."""
        self._words = words

    def pictures(self, part: str) -> Pictures:
        """The prepared pictures of a part, train or val."""
        if part not in self._pictures:
            problems = Problems(tell=say)
            self._pictures[part] = prepared(self.paths(part), self.words, self.side, self.cache / "pictures", problems)
        return self._pictures[part]

    def train_dataloader(self) -> ShuffledBatches[PictureBatch]:
        """Endless shuffled batches; their position is saved in checkpoints."""
        data = self.pictures("train")
        items = len(data) - self._held_out()
        return ShuffledBatches.of_trainer(self.trainer, items, self.batch_size, partial(_batch, data), seed=self.seed)

    def val_dataloader(self) -> OrderedBatches[PictureBatch]:
        """The validation pictures in order."""
        data, first = self._validation()
        return OrderedBatches(len(data) - first, self.batch_size, lambda items, epoch: _batch(data, items + first, 0))

    def validation_graphs(self, most: int) -> list[tuple[str, SceneGraph]]:
        """The graphs of the first validation pictures, at most so many, with the paths of these."""
        if most not in self._graphs:
            data, first = self._validation()
            items = np.arange(first, len(data))[:most]
            self._graphs[most] = graphs_of(data, self.paths("val") or self.paths("train"), items)
        return self._graphs[most]

    def _validation(self) -> tuple[Pictures, int]:
        if self.paths("val"):
            return self.pictures("val"), 0
        data = self.pictures("train")
        return data, len(data) - self._held_out()

    def _held_out(self) -> int:
        if self.paths("val"):
            return 0
        pictures = len(self.pictures("train"))
        if self.holdout >= pictures:
            raise ValueError(f"data.holdout is {self.holdout}, but there are {pictures} training pictures; lower it")
        return self.holdout


def _batch(data: Pictures, items: NDArray[np.int64], epoch: int) -> PictureBatch:
    return PictureBatch.of_items(data, items)


def _folder(cache: Path, split: str, n: int, seed: int, even: bool) -> Path:
    from usg.world.pixels.picture import PIXELS_VERSION
    from usg.world.tables import WORLD_VERSION

    look = "even" if even else "natural"
    return cache / f"world-images-{split}-{look}-{seed}-{n}-v{WORLD_VERSION}.{PIXELS_VERSION}"


def _draw(cache: Path, split: str, n: int, seed: int, even: bool, workers: int) -> None:
    from usg.world.pixels.images import write_images

    if n:
        folder = _folder(cache, split, n, seed, even)
        write_images(n, split, seed, folder, even=even, workers=workers, resume=True)
