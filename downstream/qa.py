"""Question answering over the graph encoder, read out at a mask.

The words of the question and one `<mask>` word are put beside the graph, the way captions are in masked-caption
pretraining, and the encoder's own label prediction at the mask, restricted to the known answers, is the answer:

    P(a | graph, question) = softmax over answers a of <head(h_mask), label_a>

so a pretrained head is used again instead of a new one that few labels would have to teach (pattern-exploiting
training; Schick and Schütze, EACL 2021). The loss is cross-entropy. Answers that are no entry of the encoder's
vocabulary get a row of their own.

Before training the answers are calibrated on the labelled questions (the idea of Zhao et al., Calibrate Before Use,
ICML 2021): one scale makes the logits nearly even, one bias for each answer gives it its share among the labels.
Pretraining taught how likely the words are in captions, and is sure of it; started from there, few labels are learnt by
heart before the wrong certainty is undone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.nn import functional

from usg.batch import GraphBatch, Vocabulary
from usg.downstream.data import QADataModule, QuestionBatch, pack_questions
from usg.downstream.questions import Question, by_scene
from usg.downstream.scores import accuracy_by
from usg.files import atomic_path
from usg.graph import SceneGraph
from usg.nn import GraphTransformer, GraphTransformerConfig, sized_config
from usg.training.metrics_log import log_step
from usg.training.model_card import ModelDescription, corpus_lines, parameter_counts
from usg.training.optimizer import OptimizerSettings, build_optimizer

_HEAD_FILE, _SCHEMA, _VERSION = "question_answering.json", "usg.question_answering", 1
_CHECKPOINT_KEY = "question_answering"
_SCENES_PER_PASS = 64
SPREAD = 0.1
"""Deviation of the calibrated logits between questions."""


class AnswerHead(nn.Module):
    """Logits of the answers from the states at the masks.

    Args:
        answers: the labels that can be answered.
        vocabulary: of the encoder.
        dim: width of the states.
    """

    def __init__(self, answers: Sequence[str], vocabulary: Vocabulary, dim: int) -> None:
        super().__init__()
        if not answers:
            raise ValueError("a question answering head needs at least one answer; give labelled questions")
        self.answers = tuple(answers)
        entries = torch.tensor([vocabulary.index(answer) for answer in answers])
        self.register_buffer("entries", entries, persistent=False)
        self.register_buffer("rows", (entries == 0).nonzero().squeeze(1), persistent=False)
        self.entries: Tensor
        self.rows: Tensor
        self.extra = nn.Linear(dim, len(self.rows)) if len(self.rows) else None
        self.scale = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(len(self.answers)))

    def forward(self, model: GraphTransformer, states: Tensor) -> Tensor:
        """Logits `(q, a)` from states `(q, dim)`."""
        logits = model.label_logits(states, None)[:, self.entries]
        if self.extra is not None:
            logits = logits.index_copy(1, self.rows, self.extra(states))
        return logits * self.scale + self.bias

    @torch.no_grad()
    def calibrate(self, logits: Tensor, answers: Tensor) -> None:
        """Scales logits to a deviation of `SPREAD` between questions; an answer's mean becomes the log of its share.

        Args:
            logits: `(q, a)` of the labelled questions, neither scaled nor shifted yet.
            answers: `(q,)` the right ones.
        """
        centred = logits.log_softmax(-1)
        self.scale.copy_(SPREAD / (centred - centred.mean(0)).square().mean().sqrt().clamp(min=1e-6))
        counts = torch.bincount(answers, minlength=logits.shape[1]) + 1.0
        self.bias.copy_((counts / counts.sum()).log() - self.scale * logits.mean(0))


class QuestionAnswering(LightningModule):
    """Answers questions about scene graphs; trained by `usg finetune qa fit`.

    The encoder, its vocabulary and the answers are known once there is data or a checkpoint; `build` makes them.

    Args:
        encoder: folder of a pretrained encoder (`save_pretrained`), or its name on the hub; null starts from scratch.
        scratch: with an encoder, keep its architecture and vocabulary but draw its weights anew: the comparison that
            differs in nothing but pretraining.
        size: tiny, small or base; the encoder from scratch when there is no `encoder`.
        optimizer: learning rate and schedule.
        seed: of new weights.
        dropout: share of values dropped in finetuning, whatever pretraining had.
        grounding: show boxes, times and spans to the encoder. Off, relations have to be read and cannot be measured.
    """

    def __init__(
        self,
        encoder: str | None = None,
        scratch: bool = False,
        size: Literal["tiny", "small", "base"] = "tiny",
        optimizer: OptimizerSettings = OptimizerSettings(learning_rate=1e-3, warmup_steps=30),  # noqa: B008
        seed: int = 0,
        dropout: float = 0.1,
        grounding: bool = False,
    ) -> None:
        super().__init__()
        if not 0 <= dropout < 1:
            raise ValueError(f"model.dropout is {dropout}; expected a share in [0, 1)")
        self.encoder, self.scratch, self.size, self.settings, self.seed = encoder, scratch, size, optimizer, seed
        self.dropout, self.grounding = dropout, grounding
        self.model: GraphTransformer | None = None
        self.head: AnswerHead | None = None
        self._right: list[Tensor] = []

    # ---------------------------------------------------------------- building

    def build(self, vocabulary: Vocabulary | None, answers: Sequence[str]) -> None:
        """Makes encoder and head.

        Args:
            vocabulary: of an encoder from scratch; a pretrained one brings its own.
            answers: what can be answered.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.model = self._encoder(vocabulary).train()
            for module in self.model.modules():
                if isinstance(module, nn.Dropout):
                    module.p = self.dropout
            self.head = AnswerHead(answers, self.model.vocabulary, self.model.config.dim)

    def _encoder(self, vocabulary: Vocabulary | None) -> GraphTransformer:
        if self.encoder is not None:
            pretrained = load_encoder(self.encoder)
            return GraphTransformer(pretrained.config, pretrained.vocabulary) if self.scratch else pretrained
        if vocabulary is None:
            raise ValueError("an encoder from scratch needs a vocabulary; give one, or name a pretrained encoder")
        return GraphTransformer(sized_config(self.size), vocabulary)

    def built(self) -> tuple[GraphTransformer, AnswerHead]:
        """Encoder and head.

        Raises:
            ValueError: there are none yet.
        """
        if self.model is None or self.head is None:
            raise ValueError(
                "there is no trained model to use: pass --ckpt_path last, or --model.encoder with the folder `model` "
                "that usg finetune qa fit wrote"
            )
        return self.model, self.head

    def setup(self, stage: str) -> None:
        """Builds encoder and head: to train, from the labelled questions; to test, from a saved model."""
        data: QADataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        if self.model is None and stage == "fit":
            if self.encoder is None and self.trainer.is_global_zero:
                print(f"no model.encoder was given: a {self.size} encoder learns from scratch", file=sys.stderr)
            vocabulary = data.training_vocabulary() if self.encoder is None else None
            self.build(vocabulary, data.training_answers)
        elif self.model is None and self.encoder is not None and self.trainer.ckpt_path is None:
            self._adopt(QuestionAnswering.from_pretrained(self.encoder))
        if self.model is not None:
            self._attach()

    def _adopt(self, other: QuestionAnswering) -> None:
        self.model, self.head = other.built()
        self.grounding = other.grounding

    def _attach(self) -> None:
        model, head = self.built()
        self.trainer.datamodule.use(model, head.answers, self.grounding)  # type: ignore[attr-defined]

    @torch.no_grad()
    def on_train_start(self) -> None:
        """Calibrates the answers on the labelled questions; a resumed run has done so."""
        if self.trainer.global_step == 0:
            _, head = self.built()
            data: QADataModule = self.trainer.datamodule  # type: ignore[attr-defined]
            groups = by_scene(data.questions("train"))
            parts = [groups[i : i + _SCENES_PER_PASS] for i in range(0, len(groups), _SCENES_PER_PASS)]
            batches = [data.make_batch("train", part).to(self.device) for part in parts]
            self.eval()
            logits = torch.cat([self(batch.graphs, batch.masks) for batch in batches])
            self.train()
            head.calibrate(logits, torch.cat([batch.answers for batch in batches]))

    def on_validation_start(self) -> None:
        """Tells the data what to pack with."""
        self._attach()

    def on_test_start(self) -> None:
        """Tells the data what to pack with."""
        self._attach()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Puts what the weights mean beside them: architecture, vocabulary, answers."""
        model, head = self.built()
        checkpoint[_CHECKPOINT_KEY] = {
            "answers": list(head.answers),
            "config": model.config.to_dict(),
            "grounding": self.grounding,
            "vocabulary": model.vocabulary.to_state(),
            "digest": model.vocabulary.digest(),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Builds what the checkpoint's weights belong to, or checks that they fit what was built for training.

        Raises:
            ValueError: the checkpoint is of something else, of another vocabulary or of other answers.
        """
        saved = checkpoint.get(_CHECKPOINT_KEY)
        if saved is None:
            raise ValueError("this checkpoint is not one of question answering; make one with usg finetune qa fit")
        if self.model is None:
            vocabulary = Vocabulary.from_state(saved["vocabulary"])
            self.grounding = saved["grounding"]
            self.model = GraphTransformer(GraphTransformerConfig.from_dict(saved["config"]), vocabulary)
            self.head = AnswerHead(saved["answers"], vocabulary, self.model.config.dim)
            return
        model, head = self.built()
        if saved["digest"] != model.vocabulary.digest():
            raise ValueError(
                f"the checkpoint was made with vocabulary {saved['digest']}, this run has {model.vocabulary.digest()}: "
                "resume with the same data, labels, seed and encoder"
            )
        if tuple(saved["answers"]) != head.answers:
            raise ValueError(
                f"the checkpoint gives {len(saved['answers'])} answers, this run's labels have {len(head.answers)}: "
                "resume with the same data, labels and seed"
            )

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Writes a folder that `from_pretrained` reads: the encoder's files, and the answers beside them."""
        model, head = self.built()
        target = Path(folder)
        model.save_pretrained(target)
        weights = {name: value.tolist() for name, value in head.state_dict().items()}
        content = {
            "schema": _SCHEMA,
            "version": _VERSION,
            "grounding": self.grounding,
            "answers": list(head.answers),
            "weights": weights,
        }
        with atomic_path(target / _HEAD_FILE) as temporary:
            temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")

    def describe(self) -> ModelDescription:
        """Encoder and head, for the model card."""
        model, head = self.built()
        data: QADataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        path = data.paths["train"]
        return ModelDescription(
            title="Question answering over scene graphs",
            summary="A graph transformer that reads the answer to a question off a mask word behind it.",
            parameters=parameter_counts(encoder=model, head=head),
            sizes={
                "width": model.config.dim,
                "layers": model.config.layers,
                "entries of the vocabulary": len(model.vocabulary),
                "answers": len(head.answers),
                "encoder": "from scratch" if self.encoder is None else f"`{self.encoder}`",
            },
            learns=["answers to questions about a graph, among those of the labelled questions"],
            data=[
                *corpus_lines([path or "world"], [data.corpus("train")]),
                f"{len(data.questions('train')):,} labelled questions of these graphs",
            ],
            loading="from usg.downstream.qa import QuestionAnswering\n"
            "model = QuestionAnswering.from_pretrained({folder})",
            tags=("scene-graph", "graph-transformer", "question-answering"),
            own=path is None and self.encoder is None,
        )

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str]) -> QuestionAnswering:
        """Reads what `save_pretrained` wrote.

        Raises:
            FileNotFoundError: there is no such folder, or it holds an encoder without answers.
            ValueError: the file of answers is of a version this code does not read.
        """
        module = cls(encoder=str(folder))
        model = load_encoder(str(folder))
        file = Path(folder) / _HEAD_FILE
        if not file.is_file():
            raise FileNotFoundError(
                f"{folder} holds an encoder that was not taught to answer ({_HEAD_FILE} is missing): "
                "finetune it with usg finetune qa fit, or pass --ckpt_path"
            )
        content = json.loads(file.read_text(encoding="utf-8"))
        if content.get("schema") != _SCHEMA or content.get("version") != _VERSION:
            raise ValueError(f"{file} has version {content.get('version')!r}; this code reads {_SCHEMA} {_VERSION}")
        head = AnswerHead(content["answers"], model.vocabulary, model.config.dim)
        head.load_state_dict({name: torch.tensor(value) for name, value in content["weights"].items()})
        module.model, module.head, module.grounding = model, head, content["grounding"]
        return module

    # ---------------------------------------------------------------- running

    def forward(self, batch: GraphBatch, masks: Tensor) -> Tensor:
        """Logits `(q, a)` of the answers, from the packed graphs and the nodes `(q,)` of the masks."""
        model, head = self.built()
        return head(model, model(batch)[masks])

    @torch.no_grad()
    def scores(self, graph: SceneGraph, question: str) -> dict[str, float]:
        """Probability of every answer, the likeliest first."""
        return self.scores_of([graph], [[question]])[0]

    @torch.no_grad()
    def scores_of(self, graphs: Sequence[SceneGraph], questions: Sequence[Sequence[str]]) -> list[dict[str, float]]:
        """Probabilities of the answers to several questions about several graphs, in one pass.

        Args:
            graphs: scene graphs.
            questions: for each graph, its questions.
        """
        model, head = self.built()
        training = self.training
        self.eval()
        batch, masks = pack_questions(graphs, questions, model, self.grounding)
        shares = self(batch.to(self.device), masks.to(self.device)).softmax(-1).cpu()
        self.train(training)
        return [
            {head.answers[i]: float(row[i]) for i in row.argsort(descending=True, stable=True).tolist()}
            for row in shares
        ]

    def answer(self, graph: SceneGraph, question: str) -> str:
        """The likeliest answer to a question about a scene graph."""
        return next(iter(self.scores(graph, question)))

    def answer_all(self, graphs: Mapping[int, SceneGraph], questions: Sequence[Question]) -> list[str]:
        """The likeliest answer to each of many questions.

        Args:
            graphs: by scene.
            questions: in any order.
        """
        answers = [""] * len(questions)
        groups = by_scene(questions)
        for start in range(0, len(groups), _SCENES_PER_PASS):
            part = groups[start : start + _SCENES_PER_PASS]
            texts = [[questions[number].text for number in numbers] for _, numbers in part]
            shares = self.scores_of([graphs[scene] for scene, _ in part], texts)
            for number, row in zip((n for _, numbers in part for n in numbers), shares, strict=True):
                answers[number] = next(iter(row))
        return answers

    # ---------------------------------------------------------------- training

    def training_step(self, batch: QuestionBatch, index: int) -> Tensor:
        """Mean cross-entropy over the questions of the batch."""
        logits = self(batch.graphs, batch.masks)
        loss = functional.cross_entropy(logits, batch.answers)
        right = (logits.detach().argmax(-1) == batch.answers).float().mean()
        log_step(self, loss, {"loss": loss, "accuracy": right}, len(batch))
        return loss

    def validation_step(self, batch: QuestionBatch, index: int) -> None:
        """Loss and accuracy on the validation questions."""
        self._evaluate(batch, "val")

    def test_step(self, batch: QuestionBatch, index: int) -> None:
        """Keeps which questions were answered rightly."""
        self._right.append(self._evaluate(batch, "test").cpu())

    def _evaluate(self, batch: QuestionBatch, name: str) -> Tensor:
        logits = self(batch.graphs, batch.masks)
        right = logits.argmax(-1) == batch.answers
        known = batch.answers >= 0
        loss = functional.cross_entropy(logits[known], batch.answers[known]) if known.any() else logits.new_zeros(())
        size = len(batch)
        self.log_dict({f"{name}/loss": loss, f"{name}/accuracy": right.float().mean()}, batch_size=size, sync_dist=True)
        return right

    def on_validation_epoch_end(self) -> None:
        """Logs under the number of optimiser steps done."""
        self.log("step", torch.tensor(float(self.trainer.global_step), dtype=torch.float64))

    def on_test_epoch_start(self) -> None:
        """Forgets the answers of an earlier test."""
        self._right = []

    def on_test_epoch_end(self) -> None:
        """Logs the accuracy by type and by depth."""
        data: QADataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        table = accuracy_by(data.questions("test"), torch.cat(self._right))
        self.log_dict({f"test/accuracy {name}": value for name, value in table.items() if name != "all"})

    def on_test_end(self) -> None:
        """Prints the table beside the baselines and writes it to `qa.json` in the run's folder."""
        if self.trainer.is_global_zero:
            from usg.downstream.table import report_test

            data: QADataModule = self.trainer.datamodule  # type: ignore[attr-defined]
            report_test(self, data, torch.cat(self._right).tolist(), Path(self.trainer.default_root_dir) / "qa.json")

    def configure_optimizers(self) -> Any:
        """AdamW with warm-up and a cosine."""
        return build_optimizer(self, self.settings, int(self.trainer.estimated_stepping_batches))


def load_encoder(name: str) -> GraphTransformer:
    """A pretrained encoder from a folder, or by its name on the hub.

    Raises:
        FileNotFoundError: there is no such folder, or it holds no encoder.
    """
    folder = Path(name)
    # A name on the hub is OWNER/NAME; anything that looks more like a path is meant as one.
    looks_local = folder.is_absolute() or name.count("/") != 1 or name.startswith(".") or folder.parent.is_dir()
    if looks_local and not (folder / "config.json").is_file():
        there = "holds no config.json" if folder.is_dir() else "does not exist"
        raise FileNotFoundError(
            f"encoder {name} {there}; name a folder that save_pretrained wrote, such as runs/pretrain/world/model"
        )
    return GraphTransformer.from_pretrained(name)
