"""Training of a small causal language model on what is said of graphs: the embedded one, that needs no download.

The model is a Llama of transformers with random weights, its tokenizer is learnt from the training texts. An example
with a graph is read as a bridge without graph tokens writes it (`usg.nn.bridge.PromptWriter`): the graph in words, the
prompt, the answer. Every token is predicted, those of the graph too, which count less (`context_weight`): most of a
graph cannot be known before it was read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule
from torch import Tensor

from usg.nn.bridge import PromptWriter, graph_text
from usg.nn.bridge.cross_attention import decoder_layers
from usg.nn.bridge.prompts import by_length
from usg.pretrain.corpora import WORLD
from usg.pretrain.language.data import ExampleDataModule
from usg.pretrain.language.replay import require_finite
from usg.pretrain.language.tokenizer import read_tokenizer, train_tokenizer
from usg.pretrain.tasks import Example
from usg.training.metrics_log import log_step
from usg.training.model_card import ModelDescription, corpus_lines, first_lines, parameter_counts, write_card
from usg.training.optimizer import OptimizerSettings, build_optimizer
from usg.training.ranks import mean_over_ranks
from usg.training.seeds import derive_seed
from usg.training.sharding import is_sharded, shard, whole_weights

__all__ = ["LanguageModelModule", "fitting_examples"]

_LOGGER = logging.getLogger(__name__)
_OPTIMIZER = OptimizerSettings()
_TEXTS = 20_000  # examples that the tokenizer is learnt from


class LanguageModelModule(LightningModule):
    """A causal language model from nothing.

    Args:
        dim: width.
        layers: number of layers.
        heads: attention heads.
        vocabulary: of the tokenizer.
        max_length: the most tokens of an example, and of what the model will ever read.
        attention: implementation that transformers takes; "sdpa", or "eager", which is faster in bfloat16 on a CPU.
        context_weight: of the loss of a token of graph or prompt; one of the answer counts 1.
        tokens: the most tokens, padding included, that are computed at once; a batch is cut by length into such parts,
            which changes nothing but the time and memory of a step. With weights in parts (FSDP2) a process computes
            its share of a batch at once, since all have to run the model equally often.
        optimizer: AdamW and its schedule.
        seed: of the weights; the command line sets it to seed_everything.
    """

    def __init__(
        self,
        dim: int = 256,
        layers: int = 6,
        heads: int = 8,
        vocabulary: int = 4096,
        max_length: int = 512,
        attention: str = "sdpa",
        context_weight: float = 0.2,
        tokens: int = 1024,
        optimizer: OptimizerSettings = _OPTIMIZER,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"model.heads must divide model.dim, got {heads} and {dim}")
        self.dim, self.layers, self.heads, self.vocabulary = dim, layers, heads, vocabulary
        self.max_length, self.context_weight = max_length, context_weight
        self.tokens: int | None = tokens
        self.settings, self.attention, self.seed = optimizer, attention, seed
        self.model: Any = None
        self.writer: PromptWriter | None = None

    def configure_model(self) -> None:
        """Learn the tokenizer and build the model, now that the texts are there."""
        if self.model is not None:
            return
        self._build(train_tokenizer(_texts(self._data), self.vocabulary))
        if is_sharded(self):
            self._shard()

    def _shard(self) -> None:
        self.tokens = None
        shard(self, [(part, []) for part in (*decoder_layers(self.model), self.model)])

    def _build(self, tokenizer: Any) -> None:
        from transformers import AutoModelForCausalLM, LlamaConfig

        self.writer = PromptWriter(tokenizer, soft=0, max_length=self.max_length)
        torch.manual_seed(derive_seed(self.seed))
        self.model = AutoModelForCausalLM.from_config(
            LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=self.dim,
                intermediate_size=8 * self.dim // 3 // 8 * 8,
                num_hidden_layers=self.layers,
                num_attention_heads=self.heads,
                max_position_embeddings=self.max_length,
                tie_word_embeddings=True,
                bos_token_id=None,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            ),
            attn_implementation=self.attention,
        )

    def configure_optimizers(self) -> Any:
        """AdamW over everything, warm-up and cosine over the whole run."""
        return build_optimizer(self, self.settings, int(self.trainer.estimated_stepping_batches), [])

    def training_step(self, batch: list[Example], batch_idx: int) -> Tensor:
        """The mean loss of all tokens.

        Raises:
            ValueError: there is nothing in the batch that could be learnt.
            FloatingPointError: the loss is no number; the batch is written out.
        """
        examples = fitting_examples(self._writer, batch)
        if not examples:
            raise ValueError(
                f"no graph of this batch has an example of at most {self.max_length} tokens for any task; give "
                "data.tasks that fit the graphs, or raise model.max_length"
            )
        losses, weights, _ = self._predict(examples)
        # Over the tokens of all processes together.
        loss = (losses * weights).sum() / mean_over_ranks(weights.sum())
        require_finite(self, loss, examples)
        log_step(self, loss, {"loss": loss}, len(examples))
        return loss

    def validation_step(self, batch: list[Example], batch_idx: int) -> None:
        """The loss, and for each task the share of answers whose every token is the likeliest."""
        examples = fitting_examples(self._writer, batch)
        if not examples:
            return
        losses, weights, right = self._predict(examples)
        loss = (losses * weights).sum() / weights.sum()
        values: dict[str, Any] = {"step": float(self.trainer.global_step), "val/loss": loss}
        self.log_dict(values, batch_size=len(examples), sync_dist=True)
        for task in sorted({example.task for example in examples} - {"tell"}):
            chosen = torch.tensor([example.task == task for example in examples], device=right.device)
            self.log(f"val/{task}", right[chosen].float().mean(), batch_size=int(chosen.sum()), sync_dist=True)

    def on_train_end(self) -> None:
        """Leave model and tokenizer in `<run folder>/model`, as transformers loads them."""
        weights = whole_weights(self.model) if is_sharded(self) else self.model.state_dict()
        if self.trainer.is_global_zero:
            folder = Path(self.trainer.default_root_dir) / "model"
            self.model.save_pretrained(folder, state_dict=weights)
            self._writer.tokenizer.save_pretrained(folder)
            write_card(self.trainer, folder)

    def describe(self) -> ModelDescription:
        """The language model and its tasks, for the model card."""
        return ModelDescription(
            title="Small causal language model on what is said of scene graphs",
            summary="A Llama of transformers with weights and tokenizer learnt from these texts alone.",
            parameters=parameter_counts(model=self.model),
            sizes={
                "width": self.dim,
                "layers": self.layers,
                "attention heads": self.heads,
                "entries of the tokenizer": len(self._writer.tokenizer),
                "most tokens": self.max_length,
            },
            learns=first_lines(self._data.tasks),
            data=corpus_lines(self._data.paths, self._data.corpus("train").corpora),
            loading="from usg.nn.bridge import load_language_model\nmodel, tokenizer = load_language_model({folder})",
            library="transformers",
            tags=("scene-graph", "text-generation"),
            own=set(self._data.paths) == {WORLD},
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the tokenizer beside the weights, which mean nothing without it."""
        checkpoint["tokenizer"] = self._writer.tokenizer.backend_tokenizer.to_str()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the checkpoint's tokenizer; training goes on only with the same one.

        Raises:
            ValueError: the checkpoint is another training's, or training would go on with other texts.
        """
        if "tokenizer" not in checkpoint:
            raise ValueError("the checkpoint is not one of a language model: it holds no tokenizer")
        if self.trainer.state.fn != "fit":
            self._build(read_tokenizer(checkpoint["tokenizer"]))
        elif checkpoint["tokenizer"] != self._writer.tokenizer.backend_tokenizer.to_str():
            raise ValueError(
                "the checkpoint has another tokenizer than the training texts give: resume on the data it was trained "
                "on, or start without --ckpt_path"
            )

    def _predict(self, examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
        """Loss and weight of every token, `(k,)` each, and whether all of each answer `(b,)` was the likeliest."""
        written = self._writer.write(
            [example.graph for example in examples],
            [example.prompt for example in examples],
            [example.answer for example in examples],
            more=[example.more for example in examples],
        ).to(self.device)
        lengths = written.attention_mask.sum(1)
        losses, weights = [], []
        right = torch.empty(len(examples), dtype=torch.bool, device=self.device)
        for rows in by_length(lengths, self.tokens):
            longest = int(lengths[rows].max())
            ids, mask, answers = (
                part[rows, :longest] for part in (written.ids, written.attention_mask, written.labels)
            )
            logits = self.model(input_ids=ids, attention_mask=mask).logits[:, :-1]
            there = mask[:, 1:] == 1
            losses.append(F.cross_entropy(logits[there], ids[:, 1:][there], reduction="none"))
            is_answer = answers[:, 1:] >= 0
            weights.append(torch.where(is_answer, 1.0, self.context_weight)[there])
            right[rows] = ((logits.argmax(-1) == answers[:, 1:]) | ~is_answer).all(1)
        return torch.cat(losses), torch.cat(weights), right

    @property
    def _data(self) -> ExampleDataModule:
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if not isinstance(data, ExampleDataModule):
            raise TypeError(f"LanguageModelModule needs an ExampleDataModule beside it, got {type(data).__name__}")
        return data

    @property
    def _writer(self) -> PromptWriter:
        if self.writer is None:
            raise RuntimeError("the model is built by Trainer.fit or validate, when the texts are known")
        return self.writer


def fitting_examples(writer: PromptWriter, examples: Sequence[Example]) -> list[Example]:
    """Those that leave room for their graph; how many do not is said. Further turns may take half of all tokens.

    Args:
        writer: of prompts.
        examples: any number.
    """
    kept = [_shortened(writer, example) for example in examples if writer.fits(example.prompt, example.answer)]
    if len(kept) < len(examples):
        _LOGGER.warning(
            "%d of %d examples are longer than %d tokens", len(examples) - len(kept), len(examples), writer.max_length
        )
    return kept


def _shortened(writer: PromptWriter, example: Example) -> Example:
    """Without the last turns, where the graph would have less than half of all tokens."""
    while example.more and writer.room(example.prompt, example.answer, example.more) < writer.max_length // 2:
        example = replace(example, more=example.more[:-1])
    return example


def _texts(data: ExampleDataModule) -> Iterator[str]:
    """The texts of examples spread over the training graphs."""
    size = len(data.corpus("train"))
    for item in np.unique(np.linspace(0, size - 1, min(size, _TEXTS)).astype(np.int64)).tolist():
        for example in data.examples("train", np.array([item]), 0):
            yield f"{graph_text(example.graph)}; {example.prompt}" if example.graph else ""
            yield f" {example.answer}"
            for prompt, answer in example.more:
                yield prompt
                yield f" {answer}"
