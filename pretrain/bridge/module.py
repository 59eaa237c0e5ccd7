"""Training of a bridge, with the language model frozen, with LoRA or whole: stages (b) and (c) of pretraining.

The loss is that of the answers' tokens alone. Alignment trains the bridge to let a frozen language model name what is
hidden in a graph, describe it and match captions (the encoding side of NExT-GPT, Wu et al. 2024,
https://arxiv.org/abs/2309.05519, section 4.1); instruction tuning goes on from there, with LoRA and all tasks.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torch import Tensor

from usg.graph import SceneGraph
from usg.nn import GraphTransformer
from usg.nn.bridge import (
    BridgeSettings,
    GraphLanguageModel,
    build_graph_language_model,
    load_graph_language_model,
    load_language_model,
    save_graph_language_model,
)
from usg.nn.bridge.cross_attention import decoder_layers
from usg.nn.bridge.language_model import add_lora
from usg.nn.bridge.prompts import Names
from usg.pretrain.bridge.evaluation import evaluate_answers
from usg.pretrain.language.module import fitting_examples
from usg.pretrain.language.replay import require_finite
from usg.pretrain.tasks import Describe, Example
from usg.provenance import command, commit
from usg.training.checkpoint_io import load_checkpoint
from usg.training.metrics_log import log_step
from usg.training.model_card import ModelDescription, corpus_lines, first_lines, write_card
from usg.training.optimizer import OptimizerSettings, build_optimizer
from usg.training.ranks import mean_over_ranks
from usg.training.seeds import derive_seed
from usg.training.sharding import is_sharded, shard, whole_weights

__all__ = ["BridgeModule"]

_SETTINGS = BridgeSettings()
_OPTIMIZER = OptimizerSettings()


class BridgeModule(LightningModule):
    """A bridge between a pretrained encoder and a language model.

    Args:
        encoder: a folder or hub name of a pretrained encoder (`usg pretrain` leaves it in `<run folder>/model`).
        language_model: a folder or hub name of any causal language model of transformers.
        start: a folder that an earlier stage left in `<run folder>/model`, in place of encoder and settings;
            `language_model` is then needed only where that lies elsewhere by now.
        settings: of the bridge. With `start`, none but a LoRA, which is added where that has none.
        train_encoder: train the encoder too.
        train_language_model: train all of the language model, as LLaVA-1.5 does; it is then saved with the rest.
        lexical: weight of a second loss that pulls each graph token to the words it stands for, the hidden one where it
            is masked (`GraphLanguageModel.lexical_loss`); for bridges with a token for each node, others have none.
        lexical_steps: the first steps have that loss alone, and the language model does not run.
        bare: share of the steps in which no words stand beside graph tokens, so that these have to be read.
        attention: of the language model, by transformers' name; "eager" is faster in bfloat16 on a CPU.
        quantization: "4bit" or "8bit" of the language model, through bitsandbytes.
        saved_dtype: of the language model's weights in `<run folder>/model`, where it was trained: torch's name.
        tokens: the most that are computed at once, padding included. With weights in parts (FSDP2) a process computes
            its share of a batch at once, since all have to run the language model equally often.
        optimizer: AdamW and its schedule.
        seed: of new weights; the command line sets it to seed_everything.
        table_path: where `test` writes its table as JSON; printed in any case.

    Raises:
        ValueError: neither a start nor encoder and language model are given, or settings contradict each other.
    """

    def __init__(
        self,
        encoder: str | None = None,
        language_model: str | None = None,
        start: str | None = None,
        settings: BridgeSettings = _SETTINGS,
        train_encoder: bool = False,
        train_language_model: bool = False,
        lexical: float = 0.0,
        lexical_steps: int = 0,
        bare: float = 0.0,
        attention: str | None = None,
        quantization: str | None = None,
        saved_dtype: str = "float32",
        tokens: int = 4096,
        optimizer: OptimizerSettings = _OPTIMIZER,
        seed: int = 0,
        table_path: str | None = None,
    ) -> None:
        super().__init__()
        if start is None and (encoder is None or language_model is None):
            raise ValueError(
                "give --model.encoder and --model.language_model, folders or hub names, or --model.start, the model "
                "folder of an earlier stage"
            )
        if start is not None and encoder is not None:
            raise ValueError("model.start brings an encoder of its own; leave out model.encoder, or model.start")
        if not 0 <= bare <= 1 or lexical < 0:
            raise ValueError(f"model.bare is {bare} and model.lexical {lexical}; expected a share and a weight")
        if train_language_model and (settings.lora is not None or quantization is not None):
            raise ValueError(
                "model.train_language_model trains every weight; leave out model.settings.lora and model.quantization"
            )
        if lexical_steps and not lexical:
            raise ValueError("model.lexical_steps needs model.lexical above 0")
        self.encoder_name, self.language_model_name, self.start = encoder, language_model, start
        self.settings, self.train_encoder, self.train_language_model = settings, train_encoder, train_language_model
        self.lexical, self.lexical_steps, self.bare = lexical, lexical_steps, bare
        if not isinstance(getattr(torch, saved_dtype, None), torch.dtype):
            raise ValueError(f"model.saved_dtype is {saved_dtype!r}; give float32, bfloat16 or float16")
        self.attention, self.quantization, self.saved_dtype = attention, quantization, saved_dtype
        self.tokens: int | None = tokens
        self.optimizer_settings, self.seed, self.table_path = optimizer, seed, table_path
        self.model: Any = None
        # Checkpoints do not hold a frozen language model; it comes from where it came from. Left out by a hook, its
        # weights are not gathered for a checkpoint either, where they lie in parts.
        self.strict_loading = False
        self.register_state_dict_post_hook(_leave_out_language_model)

    def configure_model(self) -> None:
        """Load encoder and language model, and build what is new.

        Raises:
            ValueError: weights are to lie in parts, and cannot.
        """
        if self.model is not None:
            return
        if self.quantization is not None and is_sharded(self):
            raise ValueError("quantized weights cannot be put in parts: leave out model.quantization, or training/fsdp")
        torch.manual_seed(derive_seed(self.seed))
        if self.start is None:
            encoder = GraphTransformer.from_pretrained(str(self.encoder_name))
            loaded = load_language_model(
                str(self.language_model_name), quantization=self.quantization, attention=self.attention
            )
            self.model = build_graph_language_model(self.settings, encoder, *loaded)
        else:
            self.model, before = load_graph_language_model(
                self.start, self.language_model_name, quantization=self.quantization, attention=self.attention
            )
            lora = self.settings.lora
            if lora is not None and before.lora is None:
                self.model.language_model = add_lora(self.model.language_model, lora)
                before = replace(before, lora=lora)
            self._require_settings(before)
            self.settings = before
        self.model.encoder.requires_grad_(self.train_encoder)
        if self.train_language_model:
            self.model.language_model.requires_grad_(True)
        # Dropout is for what is trained.
        self.model.train()
        self.model.encoder.train(self.train_encoder)
        self.model.language_model.train(self.settings.lora is not None or self.train_language_model)
        self.model.tokens = self.tokens
        if is_sharded(self):
            self._shard()

    def _require_settings(self, before: BridgeSettings) -> None:
        for name in sorted({field.name for field in fields(BridgeSettings)} - {"lora"}):
            value, its = getattr(self.settings, name), getattr(before, name)
            if value not in (getattr(_SETTINGS, name), its):
                raise ValueError(
                    f"model.settings.{name} is {value}, and the model of model.start was built with {its}; leave the "
                    "setting out, or start from encoder and language model"
                )

    def _shard(self) -> None:
        if self.trainer.ckpt_path is not None:
            # Now, since the strategy takes over whatever fits before it asks `on_load_checkpoint`.
            self._require_same(load_checkpoint(self.trainer.ckpt_path)["state_dict"])
        model = self.graph_language_model
        self.tokens = model.tokens = None
        inner = [*model.encoder.blocks, *decoder_layers(model.language_model), *getattr(model.bridge, "layers", ())]
        shard(self, [*((part, []) for part in inner), (model, ["score", "lexical_loss", "generate"])])

    def configure_optimizers(self) -> Any:
        """AdamW over what is trained, warm-up and cosine over the whole run."""
        return build_optimizer(self, self.optimizer_settings, int(self.trainer.estimated_stepping_batches), [])

    def on_fit_start(self) -> None:
        """Say what is trained and what is not.

        Raises:
            ValueError: several processes would wait for gradients that the first steps do not have.
        """
        trained = self.train_language_model or self.settings.lora is not None
        if self.lexical_steps and trained and self.trainer.world_size > 1:
            raise ValueError(
                "model.lexical_steps leaves the language model out, so several processes cannot train it in the same "
                "stage; align it frozen first, then go on with model.start"
            )
        if self.trainer.is_global_zero:
            print(parameter_table(self.graph_language_model))

    def training_step(self, batch: list[Example], batch_idx: int) -> Tensor:
        """The mean loss of the tokens of answers.

        Raises:
            ValueError: there is nothing in the batch that could be learnt.
            FloatingPointError: the loss is no number; the batch is written out.
        """
        examples = fitting_examples(self.graph_language_model.writer, batch)
        if not examples:
            raise ValueError(
                f"no graph of this batch has an example of at most {self.graph_language_model.writer.max_length} "
                "tokens for any task; give data.tasks that fit the graphs, or raise model.settings.max_length"
            )
        figures: dict[str, Tensor] = {}
        loss = torch.zeros((), device=self.device)
        has_words = self.lexical > 0 and getattr(self.graph_language_model.bridge, "soft", None) == "nodes"
        if has_words:
            figures["lexical"] = _mean(self._lexical_losses(examples))
            loss = self.lexical * figures["lexical"]
        if not has_words or self.global_step >= self.lexical_steps:
            # A graph in words alone stays in words.
            share = 0.0 if self.graph_language_model.bridge is None else self.bare
            bare = np.random.default_rng([self.seed, self.global_step]).random() < share
            figures["loss"] = _mean(self._score(examples, "none" if bare else None)[0])
            loss = loss + figures["loss"]
        require_finite(self, loss, examples)
        log_step(self, loss, figures, len(examples))
        return loss

    def validation_step(self, batch: list[Example], batch_idx: int) -> None:
        """The loss, and for each task the share of answers whose every token is the likeliest."""
        examples = fitting_examples(self.graph_language_model.writer, batch)
        if not examples:
            return
        losses, right = self._score(examples)
        values: dict[str, Any] = {"step": float(self.trainer.global_step), "val/loss": losses.mean()}
        self.log_dict(values, batch_size=len(examples), sync_dist=True)
        for task in sorted({example.task for example in examples}):
            chosen = torch.tensor([example.task == task for example in examples], device=right.device)
            self.log(f"val/{task}", right[chosen].float().mean(), batch_size=int(chosen.sum()), sync_dist=True)

    def test_step(self, batch: list[Example], batch_idx: int) -> None:
        """The loss on the test graphs, for the log; the table comes at the end."""
        examples = fitting_examples(self.graph_language_model.writer, batch)
        if examples:
            self.log("test/loss", self._score(examples)[0].mean(), batch_size=len(examples), sync_dist=True)

    def on_test_epoch_end(self) -> None:
        """Print the table of answers beside its controls, and write it where `table_path` says."""
        if not self.trainer.is_global_zero:
            return
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
        asked = [task for task in data.tasks if not isinstance(task, Describe)]
        table = evaluate_answers(self.graph_language_model, data.corpus("test"), tasks=asked)
        print(table.to_text())
        if self.table_path is not None:
            table.write_json(self.table_path, command("usg", sys.argv[1:]), commit())

    def on_train_end(self) -> None:
        """Leave encoder, bridge and LoRA in `<run folder>/model`, for `load_graph_language_model`."""
        model = self.graph_language_model
        weights = _gathered(model) if is_sharded(self) else None
        if self.trainer.is_global_zero:
            folder = Path(self.trainer.default_root_dir) / "model"
            dtype = getattr(torch, self.saved_dtype)
            save_graph_language_model(model, self.settings, folder, self._where, dtype, weights)
            write_card(self.trainer, folder)

    def describe(self) -> ModelDescription:
        """The bridge, what it joins and its tasks, for the model card."""
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
        joined = {"encoder": self.encoder_name, "language model": self.language_model_name, "start": self.start}
        lora = self.settings.lora
        return ModelDescription(
            title="Graph language model",
            summary="A language model that reads scene graphs: a graph encoder, a bridge, and a causal language model "
            f"that is {'' if self.train_language_model else 'not '}part of this folder.",
            parameters=self.graph_language_model.parameter_counts(),
            sizes={
                "bridge": self.settings.bridge,
                "words beside graph tokens": self.settings.names,
                "LoRA": "none" if lora is None else f"rank {lora.rank}",
                **{name: f"`{value}`" for name, value in joined.items() if value is not None},
            },
            learns=first_lines(data.tasks),
            data=corpus_lines(data.paths, data.corpus("train").corpora),
            loading="from usg.nn.bridge import load_graph_language_model\n"
            "model, settings = load_graph_language_model({folder})",
            tags=("scene-graph", "graph-transformer", "text-generation"),
        )

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Refuse the weights of another model.

        Raises:
            ValueError: names or shapes are not those of this run.
        """
        if not is_sharded(self):
            self._require_same(checkpoint["state_dict"])

    def _require_same(self, theirs: Mapping[str, Any]) -> None:
        ours = self.state_dict()
        wrong = sorted(set(ours) ^ set(theirs)) or [
            name for name, value in ours.items() if isinstance(value, Tensor) and value.shape != theirs[name].shape
        ]
        if wrong:
            raise ValueError(
                f"the checkpoint is that of another bridge, encoder or language model ({wrong[0]} does not fit); "
                "resume with the same model settings, or start without --ckpt_path"
            )

    @property
    def graph_language_model(self) -> GraphLanguageModel:
        """The model, once it is built."""
        if self.model is None:
            raise RuntimeError("the model is built by Trainer.fit or validate")
        model: GraphLanguageModel = self.model
        return model

    @property
    def _where(self) -> str | None:
        """Where the language model lies, from whatever folder that is read; None where it was trained."""
        if self.train_language_model:
            return None
        named: str = self.graph_language_model.language_model.config._name_or_path
        return str(Path(named).resolve()) if Path(named).is_dir() else named

    def _lexical_losses(self, examples: Sequence[Example]) -> Tensor:
        hidden = [example.answer if example.task == "name_hidden" else None for example in examples]
        return self.graph_language_model.lexical_loss(_graphs(examples), hidden)

    def _score(self, examples: Sequence[Example], names: Names | None = None) -> tuple[Tensor, Tensor]:
        return self.graph_language_model.score(
            _graphs(examples),
            [example.prompt for example in examples],
            [example.answer for example in examples],
            [example.more for example in examples],
            names,
        )


def _mean(losses: Tensor) -> Tensor:
    """The mean of the losses of tokens, over those of all processes together; 0 where there are none."""
    count = mean_over_ranks(losses.new_tensor(float(losses.numel())))
    return losses.sum() / torch.where(count > 0, count, 1.0)


def _graphs(examples: Sequence[Example]) -> list[SceneGraph]:
    """The graph of each.

    Raises:
        ValueError: one shows none.
    """
    graphs: list[SceneGraph] = []
    for example in examples:
        if example.graph is None:
            raise ValueError(
                f"{example.task} shows no graph, so a bridge cannot learn from it; leave it out of data.tasks"
            )
        graphs.append(example.graph)
    return graphs


def _leave_out_language_model(module: BridgeModule, states: dict[str, Any], prefix: str, metadata: Any) -> None:
    """All of it, but for what is trained."""
    if not module.train_language_model:
        for name in [name for name in states if name.startswith(f"{prefix}model.language_model.")]:
            if ".lora_" not in name:
                del states[name]


def _gathered(model: GraphLanguageModel) -> dict[str, Tensor]:
    """What a model folder holds, by its names in the model; every process has to call it."""
    parts = {"encoder": whole_weights(model.encoder), "language_model": whole_weights(model.language_model, True)}
    if model.bridge is not None:
        parts["bridge"] = whole_weights(model.bridge)
    return {f"{part}.{name}": weight for part, weights in parts.items() for name, weight in weights.items()}


def parameter_table(model: GraphLanguageModel) -> str:
    """Trained and frozen parameters of each part, a line each.

    Args:
        model: any.
    """
    counts = model.parameter_counts()
    trained = sum(pair[0] for pair in counts.values())
    total = sum(map(sum, counts.values()))
    lines = [f"{'':<16}{'trained':>14}{'frozen':>16}"]
    lines += [f"{name:<16}{pair[0]:>14,}{pair[1]:>16,}" for name, pair in counts.items()]
    return "\n".join([*lines, f"{trained:,} of {total:,} parameters are trained ({trained / total:.1%})"])
