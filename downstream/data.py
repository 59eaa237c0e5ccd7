"""Batches of questions about the scenes of a corpus.

A batch holds whole scenes, each with its chosen questions as texts of one graph: the graph is encoded once for all of
them. Every text is the question and one `<mask>` word, at which the answer is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from lightning import LightningDataModule
from numpy.typing import NDArray
from torch import Tensor

from usg.batch import GraphBatch, Vocabulary, pack
from usg.batch.vocabulary import MASK_INDEX
from usg.batch.words import MASK
from usg.corpus import Corpus
from usg.downstream.questions import Question, by_scene, draw_labels, questions_of
from usg.graph import SceneGraph
from usg.graph.shuffle import shuffle_edges
from usg.nn import GraphTransformer
from usg.pretrain.corpora import WorldScenes, world_corpus
from usg.progress import progress
from usg.training.loader import OrderedBatches, ShuffledBatches

_CACHED_SCENES = 4096  # scenes with labels are few; larger sets are read again


@dataclass(frozen=True, eq=False)
class QuestionBatch:
    """q questions about g graphs.

    Attributes:
        graphs: the packed graphs with the questions as their texts.
        masks: `(q,)` int64, the node of each question's `<mask>` word.
        answers: `(q,)` int64, index among the model's answers; -1 for an answer that it cannot give.
        questions: `(q,)` int64, the number of each question in its list.
    """

    graphs: GraphBatch
    masks: Tensor
    answers: Tensor
    questions: Tensor

    def __len__(self) -> int:
        """The number of questions."""
        return self.masks.numel()

    def to(self, device: torch.device | str, non_blocking: bool = False) -> QuestionBatch:
        """The same batch on another device; the numbers of the questions stay."""
        return replace(
            self,
            graphs=self.graphs.to(device, non_blocking=non_blocking),
            masks=self.masks.to(device, non_blocking=non_blocking),
            answers=self.answers.to(device, non_blocking=non_blocking),
        )


def with_mask(question: str) -> str:
    """The question as the encoder reads it: its words, then "is" and the mask.

    So it ends as a statement does ("the colour of the cup is red"), and what masked captions taught of those serves.

    >>> with_mask("what is the cup on?")
    'what is the cup on? is <mask>'
    """
    return f"{question} is {MASK}"


def pack_questions(
    graphs: Sequence[SceneGraph], questions: Sequence[Sequence[str]], model: GraphTransformer, grounding: bool = False
) -> tuple[GraphBatch, Tensor]:
    """Packs graphs, each with the questions asked about it.

    Args:
        graphs: g scene graphs.
        questions: for each graph, its questions in words, without the mask.
        model: whose vocabulary and edges are used.
        grounding: show boxes, times and spans.

    Returns:
        The batch, and `(q,)` the node of each question's mask, in the order of the questions.

    Raises:
        ValueError: a question contains the mask word itself.
    """
    for asked in questions:
        for question in asked:
            if MASK in question:
                raise ValueError(
                    f"the question {question!r} contains {MASK}, which stands for the answer; leave it out"
                )
    texts = [[with_mask(question) for question in asked] for asked in questions]
    config = model.config
    batch = pack(graphs, model.vocabulary, words=texts, grounding=grounding, two_hop=config.two_hop, dense=config.dense)
    masks = ((batch.label == MASK_INDEX) & (batch.text >= 0)).nonzero().squeeze(1)
    return batch, masks


class QADataModule(LightningDataModule):
    """Questions with answers, read from corpora whose graphs carry `metadata["questions"]`.

    Args:
        train: folder of the corpus that labelled questions are drawn from; without it, `world` is sampled.
        val: folder of the corpus that chooses the best step; as `train`.
        test: folder of the corpus that is reported; as `train`.
        world: scenes to sample for parts without a folder; give another seed than pretraining had.
        cache: folder of sampled scenes.
        labels: number of labelled training questions; null takes all. They are drawn scene by scene in an order that
            `seed` fixes, so fewer labels are part of more, and the unit of all statistics is the scene.
        per_scene: the most labelled questions one training scene gives; null is all it has.
        val_labels: number of validation questions; null takes all.
        test_labels: number of test questions; null takes all.
        scenes_per_batch: scenes in a training batch, each with all its labelled questions.
        scenes_per_test_batch: the same for validation and test.
        seed: of the choice of labels and of the order of batches.
        shuffle_edges: control. `test` draws owners and ends anew inside each test graph, `all` in training and
            validation too; `none` leaves the graphs as they are.
    """

    def __init__(
        self,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        world: WorldScenes | None = None,
        cache: str = "runs/cache",
        labels: int | None = 300,
        per_scene: int | None = 1,
        val_labels: int | None = 1000,
        test_labels: int | None = None,
        scenes_per_batch: int = 32,
        scenes_per_test_batch: int = 64,
        seed: int = 0,
        shuffle_edges: Literal["none", "test", "all"] = "none",
    ) -> None:
        super().__init__()
        for name, value in (("labels", labels), ("per_scene", per_scene), ("val_labels", val_labels)):
            if value is not None and value < 1:
                raise ValueError(f"data.{name} is {value}; expected at least 1, or null for all")
        if shuffle_edges not in ("none", "test", "all"):
            raise ValueError(f"data.shuffle_edges is {shuffle_edges!r}; expected none, test or all")
        self.paths, self.world, self.cache = {"train": train, "val": val, "test": test}, world, Path(cache)
        for name, path in self.paths.items():
            if path is None and world is None:
                raise ValueError(f"data.{name} is not given; name a corpus folder, or sample scenes with data.world")
        self.limits = {"train": (labels, per_scene), "val": (val_labels, None), "test": (test_labels, None)}
        self.scenes_per_batch, self.scenes_per_test_batch = scenes_per_batch, scenes_per_test_batch
        self.seed, self.shuffle_edges = seed, shuffle_edges
        self._model: GraphTransformer | None = None
        self._answers: dict[str, int] = {}
        self._grounding = False
        self._corpora: dict[str, Corpus] = {}
        self._questions: dict[str, list[Question]] = {}
        self.graph = lru_cache(_CACHED_SCENES)(self._graph)

    def prepare_data(self) -> None:
        """Samples the scenes that are not there yet; one process does it."""
        for split in self.paths:
            self.folder(split)

    def folder(self, split: str) -> Path:
        """The corpus folder of a split, sampled now when it is missing."""
        path = self.paths[split]
        if path is not None:
            return Path(path)
        assert self.world is not None
        return world_corpus(self.world, split, self.cache)

    def corpus(self, split: str) -> Corpus:
        """The corpus of a split: train, val or test."""
        if split not in self._corpora:
            self._corpora[split] = Corpus(self.folder(split))
        return self._corpora[split]

    def questions(self, split: str) -> list[Question]:
        """The chosen questions of a split, grouped by scene.

        Raises:
            ValueError: the corpus has none, or fewer than asked for.
        """
        if split not in self._questions:
            corpus = self.corpus(split)
            scenes = progress(range(len(corpus)), label=f"reading the {split} questions")
            pool = [question for scene in scenes for question in questions_of(scene, corpus.metadata(scene))]
            if not pool:
                raise ValueError(
                    f"no scene of {self.folder(split)} has questions (metadata['questions']); "
                    "make some with: usg world scenes --questions 8 -n 1000 -o DIR"
                )
            labels, per_scene = self.limits[split]
            # Validation and test questions do not depend on the seed: every run is measured on the same ones.
            seed = self.seed if split == "train" else 0
            if split != "train" and labels is not None:
                labels = min(labels, len(pool))
            self._questions[split] = draw_labels(pool, labels, seed, per_scene)
        return self._questions[split]

    def _graph(self, split: str, scene: int) -> SceneGraph:
        graph = self.corpus(split)[scene]
        if self.shuffle_edges == "all" or (self.shuffle_edges == "test" and split == "test"):
            graph = shuffle_edges(graph, (len(split), scene))
        return graph

    def graphs(self, split: str) -> Mapping[int, SceneGraph]:
        """The graph of every scene that the questions of a split are about."""
        return {scene: self.graph(split, scene) for scene in {question.scene for question in self.questions(split)}}

    @cached_property
    def training_answers(self) -> tuple[str, ...]:
        """The answers of the labelled training questions, in alphabetical order."""
        return tuple(sorted({question.answer for question in self.questions("train")}))

    def training_vocabulary(self) -> Vocabulary:
        """The vocabulary of a model from scratch: labelled scenes, their questions and answers."""
        questions = self.questions("train")
        texts = [text for question in questions for text in (question.text, question.answer)]
        return Vocabulary.from_graphs(self.graphs("train").values(), texts)

    def use(self, model: GraphTransformer, answers: Sequence[str], grounding: bool = False) -> None:
        """Sets the model that batches are packed for; `QuestionAnswering` calls it before it asks for any."""
        self._model, self._grounding = model, grounding
        self._answers = {answer: i for i, answer in enumerate(answers)}

    def make_batch(self, split: str, groups: Sequence[tuple[int, list[int]]]) -> QuestionBatch:
        """Packs scenes with their questions.

        Args:
            split: train, val or test.
            groups: (scene, numbers of its questions among those of the split).
        """
        if self._model is None:
            raise ValueError("no model to pack for yet; call use(model, answers)")
        questions = self.questions(split)
        graphs = [self.graph(split, scene) for scene, _ in groups]
        texts = [[questions[number].text for number in numbers] for _, numbers in groups]
        batch, masks = pack_questions(graphs, texts, self._model, self._grounding)
        order = [number for _, numbers in groups for number in numbers]
        answers = torch.tensor([self._answers.get(questions[number].answer, -1) for number in order])
        return QuestionBatch(batch, masks, answers, torch.tensor(order))

    def train_dataloader(self) -> ShuffledBatches[QuestionBatch]:
        """Scenes in a seeded order, resumable at any batch."""
        groups = by_scene(self.questions("train"))

        def make(items: NDArray[np.int64], epoch: int) -> QuestionBatch:
            return self.make_batch("train", [groups[i] for i in items])

        return ShuffledBatches(len(groups), self.scenes_per_batch, make, seed=self.seed)

    def val_dataloader(self) -> OrderedBatches[QuestionBatch]:
        """All validation questions, in order."""
        return self._ordered("val")

    def test_dataloader(self) -> OrderedBatches[QuestionBatch]:
        """All test questions, in order."""
        return self._ordered("test")

    def _ordered(self, split: str) -> OrderedBatches[QuestionBatch]:
        groups = by_scene(self.questions(split))

        def make(items: NDArray[np.int64], epoch: int) -> QuestionBatch:
            return self.make_batch(split, [groups[i] for i in items])

        return OrderedBatches(len(groups), self.scenes_per_test_batch, make)
