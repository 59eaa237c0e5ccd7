"""The data of pretraining: corpora packed into batches, one caption per graph and pass, and the vocabulary.

The vocabulary is counted on the training corpus and travels with every checkpoint: `test` packs with the vocabulary the
weights were trained with, whatever data it is pointed at.
"""

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from numpy.typing import NDArray

from usg.batch import GraphBatch, View, Vocabulary
from usg.batch.columns import elements_of_columns
from usg.batch.pack import pack_elements
from usg.batch.words import count_words
from usg.corpus import GraphColumns, JoinedCorpus
from usg.graph import MODALITIES, SceneGraph
from usg.pretrain.corpora import WORLD, WorldScenes, corpora_of, held_out, mixture_of, training_paths
from usg.pretrain.view_batches import draw_joined, without_groundings
from usg.pretrain.views import has_views
from usg.training.loader import OrderedBatches, ShuffledBatches
from usg.training.seeds import item_lots

Ints = NDArray[np.int64]

_TEXT = MODALITIES.index("text")
_GRAPHS_WITH_VIEWS = 500  # read of each corpus to see whether there are any
_GRAPHS_WITH_QUESTIONS = 2_000  # read for the words of questions: enough to meet every word of the templates


@dataclass(frozen=True)
class NumberedBatch:
    """A packed batch and the numbers of its graphs in their corpus.

    Attributes:
        graphs: the batch; views stand behind the graphs they are of.
        items: `(g,)` int64, on the CPU.
    """

    graphs: GraphBatch
    items: Ints

    @property
    def scenes(self) -> Ints:
        """The numbers of the graphs without their views."""
        return self.items[self.graphs.view.cpu().numpy() == View.WHOLE]

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "NumberedBatch":
        """The batch on another device."""
        return dataclasses.replace(self, graphs=self.graphs.to(device))


class GraphDataModule(LightningDataModule):
    """Scene graphs in batches.

    Args:
        path: training graphs: a corpus folder, a `.jsonl` file or a FACTUAL `.csv`, or a list of them, in which `world`
            stands for the world's scenes. Without it, `world` is sampled.
        val_path: validation graphs; without it the world's where it is trained on, else the last `holdout` training
            graphs, of the last of several paths.
        test_path: graphs that `test` scores; the world's scenes by default.
        world: scenes to sample for `world`.
        temperature: of the sampling among several paths; 1 sees every graph once in a pass, more sees more of the
            small ones (`usg.training.mixture`).
        batch_size: graphs in a batch.
        nodes_per_batch: nodes in a training batch, on average, instead of a number of graphs; words of captions and
            views come on top. Steps then take alike long, and alike much memory, where some graphs are much larger
            than others.
        seed: of the order and of the caption drawn for a graph.
        captions: put texts of a graph, if it has any, beside it.
        captions_per_graph: how many of its texts stand beside a graph in a pass.
        caption_share: share of the graphs of a pass that get a caption; words take longer than the graph itself.
        grounding: show boxes, times and spans of the graph's nodes.
        grounding_dropout: share of the graphs of a pass in training that do not show them after all.
        modality_dropout: share of the graphs with a text and a picture or film of which a pass in training sees what
            one of them says or shows, and nothing of the other.
        views: share of the graphs with a text and a picture or film that stand in the batch a second time, as two
            views: what the text says, and what the picture or film shows (`usg.pretrain.views`). `Alignment` needs
            them; nothing else is asked of them.
        min_count: labels and words seen fewer times in training are left to the n-gram side of the vocabulary.
        holdout: training graphs held out for validation when there is no `val_path`.
        cache: folder of converted files and sampled scenes.
    """

    def __init__(
        self,
        path: list[str] | str | None = None,
        val_path: str | None = None,
        test_path: str | None = None,
        world: WorldScenes | None = None,
        temperature: float = 1.0,
        batch_size: int = 64,
        nodes_per_batch: int | None = None,
        seed: int = 0,
        captions: bool = True,
        captions_per_graph: int = 1,
        caption_share: float = 1.0,
        grounding: bool = False,
        grounding_dropout: float = 0.0,
        modality_dropout: float = 0.0,
        views: float = 0.0,
        min_count: int = 1,
        holdout: int = 500,
        cache: str = "runs/data",
    ) -> None:
        super().__init__()
        self.paths = training_paths(path, world)
        if batch_size < 1 or min_count < 1 or holdout < 0:
            raise ValueError(
                f"batch_size {batch_size}, min_count {min_count}, holdout {holdout}: expected at least 1, 1 and 0"
            )
        if nodes_per_batch is not None and nodes_per_batch < 1:
            raise ValueError(
                f"nodes_per_batch is {nodes_per_batch}; expected at least 1, or null for batch_size graphs"
            )
        if captions_per_graph < 1:
            raise ValueError(f"captions_per_graph is {captions_per_graph}; expected at least 1, or captions: false")
        if not 0 < caption_share <= 1:
            raise ValueError(f"caption_share is {caption_share}; expected a share in (0, 1], or captions: false")
        shares = {"grounding_dropout": grounding_dropout, "modality_dropout": modality_dropout, "views": views}
        for name, value in shares.items():
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}; expected a share in [0, 1]")
        if grounding_dropout and not grounding:
            raise ValueError("grounding_dropout drops what grounding: false does not show; switch one of them")
        self.grounding_dropout, self.modality_dropout, self.views = grounding_dropout, modality_dropout, views
        self.val_path, self.test_path, self.world, self.temperature = val_path, test_path, world, temperature
        self.batch_size, self.seed, self.captions, self.caption_share = batch_size, seed, captions, caption_share
        self.captions_per_graph, self.nodes_per_batch = captions_per_graph, nodes_per_batch
        self.grounding, self.min_count, self.holdout = grounding, min_count, holdout
        # Which further edges batches get is the encoder's to say; the module sets it.
        self.two_hop = self.dense = False
        self.cache = Path(cache)
        self._vocabulary: Vocabulary | None = None
        self._corpora: dict[str, JoinedCorpus] = {}

    def prepare_data(self) -> None:
        """Convert or sample what is not a corpus yet; one process does it."""
        testing = self.trainer is not None and self.trainer.state.fn == "test"
        for part in ("train", "test" if testing else "val"):
            corpora_of(self._paths(part), self.world, part, self.cache)

    def corpus(self, part: str) -> JoinedCorpus:
        """The corpora of a part as one.

        Args:
            part: train, val or test.

        Raises:
            ValueError: the data has no such part.
        """
        if part not in self._corpora:
            paths = self._paths(part)
            if not paths:
                raise ValueError(f"there are no {part} graphs: give --data.{part}_path a corpus, .jsonl or .csv")
            corpora = corpora_of(paths, self.world, part, self.cache)
            for path, corpus in zip(paths, corpora, strict=True):
                if not len(corpus):
                    raise ValueError(f"{path}, for {part}, has no graph; give another with --data")
            self._corpora[part] = JoinedCorpus(corpora)
        return self._corpora[part]

    @property
    def vocabulary(self) -> Vocabulary:
        """That of the checkpoint, if one was loaded, else of the training corpus."""
        if self._vocabulary is None:
            corpus = self.corpus("train")
            statistics = corpus.statistics
            self._vocabulary = Vocabulary.build(
                statistics.object_labels,
                statistics.attribute_values,
                statistics.predicates,
                statistics.words + statistics.attribute_kinds + _question_words(corpus),
                min_count=self.min_count,
            )
        return self._vocabulary

    def train_dataloader(self) -> ShuffledBatches[NumberedBatch]:
        """Endless shuffled batches; their position is saved in checkpoints."""
        corpus = self.corpus("train")
        mixture = mixture_of(corpus, self.temperature, self._held_out())

        def make(places: Ints, epoch: int) -> NumberedBatch:
            return self.pack("train", mixture.numbers(places, epoch), epoch, training=True)

        def nodes(epoch: int) -> Ints:
            return corpus.num_elements[mixture.numbers(np.arange(len(mixture)), epoch)] + 1  # the graph node

        size, sizes = (self.batch_size, None) if self.nodes_per_batch is None else (self.nodes_per_batch, nodes)
        return ShuffledBatches.of_trainer(
            self.trainer, len(mixture), size, make, seed=self.seed, runs=mixture.runs, sizes=sizes
        )

    def val_dataloader(self) -> OrderedBatches[NumberedBatch] | list[Any]:
        """The validation graphs in order; none when nothing is held out."""
        if self._paths("val"):
            return OrderedBatches(len(self.corpus("val")), self.batch_size, partial(self.pack, "val"))
        held_out = self._held_out()
        if not held_out:
            return []
        first = len(self.corpus("train")) - held_out
        return OrderedBatches(held_out, self.batch_size, lambda items, epoch: self.pack("train", items + first, epoch))

    def validation_graphs(self, n: int) -> list[SceneGraph]:
        """The first n graphs that validate, or that train when none are held out."""
        if self._paths("val"):
            return self.corpus("val")[:n]
        corpus = self.corpus("train")
        first = len(corpus) - self._held_out() if self._held_out() else 0
        return corpus[first : first + n]

    def test_dataloader(self) -> OrderedBatches[NumberedBatch]:
        """The test graphs in order."""
        return OrderedBatches(len(self.corpus("test")), self.batch_size, partial(self.pack, "test"))

    def pack(self, part: str, items: Ints, epoch: int, training: bool = False) -> NumberedBatch:
        """Pack graphs of a part, each with the texts and views drawn for it in this pass.

        Args:
            part: train, val or test.
            items: `(g,)` numbers of graphs.
            epoch: the pass over the data.
            training: drop groundings and modalities.
        """
        columns = self.corpus(part).columns(items)
        words: list[tuple[int, ...]] | None = None
        if self.captions:
            words = draw_captions(columns, items, self.seed, epoch, self.captions_per_graph, self.caption_share)
        elements, joined = elements_of_columns(columns), None
        if self.views or (training and self.modality_dropout):
            dropped = self.modality_dropout if training else 0.0
            joined, words = draw_joined(elements, words, items, self.seed, epoch, self.views, dropped)
            elements, items = joined.elements, items[joined.graph]
        options = {"grounding": self.grounding, "two_hop": self.two_hop, "dense": self.dense}
        batch = pack_elements(elements, self.vocabulary, words=words, **options)
        if joined is not None:
            batch = joined.seen_in(batch)
        if training and self.grounding_dropout:
            batch = without_groundings(batch, items, self.seed, epoch, self.grounding_dropout)
        return NumberedBatch(batch, items)

    def check_views(self, wanted: bool) -> None:
        """Whether there are views where they are wanted, and only there.

        Args:
            wanted: whether something is learnt from them.

        Raises:
            ValueError: they are wanted and switched off, or the other way round, or no graph has any.
        """
        if wanted and not self.views:
            raise ValueError("Alignment has no pairs with data.views 0; set the share of the graphs that have views")
        if self.views and not wanted:
            raise ValueError(
                f"data.views is {self.views}, but nothing learns from views: add Alignment, or set it to 0"
            )
        if wanted and not any(
            has_views(elements_of_columns(corpus.columns(slice(_GRAPHS_WITH_VIEWS))))
            for corpus in self.corpus("train").corpora
        ):
            raise ValueError(
                f"none of the first {_GRAPHS_WITH_VIEWS:,} training graphs has a picture or film and a text that says "
                "part of what is shown: Alignment has no pairs; leave it out, or give other data"
            )

    def use_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Pack with the vocabulary of a checkpoint instead of that of the training corpus."""
        self._vocabulary = vocabulary

    def _paths(self, part: str) -> list[str]:
        """Where the graphs of a part come from; nothing where there are none, or they are held out of training."""
        if part == "train":
            return self.paths
        path = self.val_path if part == "val" else self.test_path
        return [path] if path is not None else [WORLD] if WORLD in self.paths else []

    def _held_out(self) -> int:
        """How many of the last training graphs are for validation."""
        return 0 if self._paths("val") else held_out(self.corpus("train"), self.holdout)


def draw_captions(
    columns: GraphColumns, items: Ints, seed: int, epoch: int, number: int = 1, share: float = 1.0
) -> list[tuple[int, ...]]:
    """The numbers of texts of each graph, drawn from (seed, epoch, number of the graph).

    Those of a graph follow one another, the first after the last, so that they differ.

    Args:
        columns: the graphs.
        items: `(g,)` their numbers in the corpus.
        seed: of the run.
        epoch: the pass over the data.
        number: texts of each graph, if it has so many.
        share: of the graphs that get any.
    """
    graph = np.repeat(np.arange(len(columns)), columns.num_sources)
    is_caption = (columns.source_modality == _TEXT) & (columns.source_text != None)  # noqa: E711 (elementwise)
    captions = np.bincount(graph[is_caption], minlength=len(columns))
    # One lot for both: its place in [0, share) is uniform again.
    lots = item_lots(items, seed, epoch) / share
    return [
        tuple((int(lot * n) + i) % n for i in range(min(number, n))) if lot < 1 else ()
        for lot, n in zip(lots.tolist(), captions.tolist(), strict=True)
    ]


def _question_words(corpus: JoinedCorpus) -> Counter[str]:
    """Words of the questions and answers in the metadata, which a downstream head will want to have entries for."""
    step = max(len(corpus) // _GRAPHS_WITH_QUESTIONS, 1)
    texts = []
    for number in range(0, len(corpus), step):
        for question in corpus.metadata(number).get("questions", ()):
            texts += [str(question["question"]), str(question["answer"])]
    return count_words(texts)
