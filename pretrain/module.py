"""Masked pretraining as a LightningModule: one encoder, several objectives, one forward pass a step.

All that step s draws is a function of (seed, s, graph): each objective in turn hides something in the batch that the
last one left, the encoder reads the result once, and L = sum over objectives k of weight_k * loss_k. The model is built
when the vocabulary is known; a checkpoint holds both, so `test` needs no size flags.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from usg.batch import GraphBatch, View, Vocabulary
from usg.files import atomic_path
from usg.nn import GraphTransformer, GraphTransformerConfig, sized_config
from usg.pretrain.corpora import WORLD
from usg.pretrain.data import GraphDataModule, NumberedBatch
from usg.pretrain.objectives import Alignment, Draws, Endpoint, MaskedCaption, MaskedNode, Objective, Targets
from usg.pretrain.table import print_table
from usg.training.metrics_log import log_step
from usg.training.model_card import ModelDescription, corpus_lines, first_lines, parameter_counts, write_card
from usg.training.optimizer import OptimizerSettings, build_optimizer
from usg.training.seeds import derive_seed
from usg.training.sharding import is_sharded, shard, whole_weights

_VALIDATION, _TRAINING = 1, 2  # streams of what is drawn
_OPTIMIZER = OptimizerSettings()


class PretrainingModule(LightningModule):
    """The encoder and its objectives.

    Args:
        size: tiny (1 M weights), small (5 M) or base (40 M); see `usg.nn.SIZES`.
        dim: width instead of the size's.
        layers: number of layers instead of the size's.
        heads: attention heads instead of the size's.
        dropout: share of values dropped in training.
        two_hop: add edges between the ends of a relation and between attributes of one object.
        dense: join every two nodes of a graph.
        objectives: what is predicted; masked nodes, endpoints and captions by default.
        optimizer: AdamW and its schedule.
        compile: compile the encoder (`torch.compile`), which takes a minute or more at the start.
        activation_checkpointing: compute what is inside the encoder's blocks a second time for the gradient instead of
            keeping it: less memory, more time.
        seed: of the weights and the masks; the command line sets it to seed_everything.
        table_path: where `test` writes its table as JSON; printed in any case.
        table_nodes: nodes of each kind per graph that `test` hides; all by default.
    """

    def __init__(
        self,
        size: str = "tiny",
        dim: int | None = None,
        layers: int | None = None,
        heads: int | None = None,
        dropout: float = 0.0,
        two_hop: bool = False,
        dense: bool = False,
        objectives: list[Objective] | None = None,
        optimizer: OptimizerSettings = _OPTIMIZER,
        compile: bool = False,
        activation_checkpointing: bool = False,
        seed: int = 0,
        table_path: str | None = None,
        table_nodes: int | None = None,
    ) -> None:
        super().__init__()
        self.config = sized_config(
            size, dim=dim, layers=layers, heads=heads, dropout=dropout, two_hop=two_hop, dense=dense
        )
        chosen = [MaskedNode(), Endpoint(), MaskedCaption()] if objectives is None else objectives
        self.objectives = nn.ModuleList(chosen)
        if not self.objectives:
            raise ValueError("model.objectives is empty; `usg ls objectives` lists what can be predicted")
        # Now: where weights lie in parts, objectives get another class.
        self.objective_names = _names(chosen)
        self.settings = optimizer
        self.compiled, self.recompute = compile, activation_checkpointing
        self.seed, self.table_path, self.table_nodes = seed, table_path, table_nodes
        self.encoder: GraphTransformer | None = None
        self._has_learnt = False

    def configure_model(self) -> None:
        """Build the encoder, now that the data knows its vocabulary.

        Raises:
            ValueError: captions are to be predicted, or views to be aligned, and the data gives none, or weights in
                parts are to be scored.
        """
        if not self._data.captions and any(isinstance(objective, MaskedCaption) for objective in self._objectives):
            raise ValueError("MaskedCaption has nothing to predict with data.captions off; switch one of them")
        self._data.check_views(any(isinstance(objective, Alignment) for objective in self._objectives))
        if self.encoder is None:
            self._build(self.config, self._data.vocabulary)
            self.model.recompute = self.recompute
            if is_sharded(self):
                if self.compiled:
                    raise ValueError("model.compile needs whole weights: switch it off, or take training/ddp")
                heads = [(objective, ["loss"]) for objective in self._objectives]
                shard(self, [*((part, []) for part in (*self.model.blocks, self.model)), *heads])
            if self.compiled:
                # In place, so that weights keep their names. Batches differ in size, so sizes are not compiled in.
                self.model.compile(fullgraph=True, dynamic=True)

    def configure_optimizers(self) -> Any:
        """AdamW over everything, warm-up and cosine over the whole run."""
        return build_optimizer(
            self, self.settings, int(self.trainer.estimated_stepping_batches), self.model.labels.parameters()
        )

    def on_train_start(self) -> None:
        """From here on there is something to score."""
        self._has_learnt = True

    def on_test_start(self) -> None:
        """Scoring needs trained weights.

        Raises:
            ValueError: there are none.
        """
        if not self._has_learnt:
            raise ValueError("there is nothing to score: pass --ckpt_path last, or a checkpoint's file")

    def on_validation_start(self) -> None:
        """As `on_test_start`, before a validation that is not part of a training."""
        if self.trainer.state.fn == "validate":
            self.on_test_start()

    def training_step(self, batch: NumberedBatch, batch_idx: int) -> Tensor:
        """One step; the masks are a function of (seed, step, graph), whichever process has the graph."""
        step = self.trainer.fit_loop.epoch_loop.total_batch_idx
        loss, metrics = self.losses(batch.graphs, self.draws(batch, step))
        if not bool(torch.isfinite(loss)):
            self._stop(batch, float(loss.detach()), step)
        log_step(self, loss, {"loss": loss, **metrics}, len(batch.scenes))
        return loss

    def validation_step(self, batch: NumberedBatch, batch_idx: int) -> None:
        """The same losses under masks that are the same at every validation."""
        loss, metrics = self.losses(batch.graphs, _scoring_draws(batch))
        self._log("val", {"loss": loss, **metrics}, batch)

    def test_step(self, batch: NumberedBatch, batch_idx: int) -> None:
        """The losses on the test graphs, for the log; the table comes at the end."""
        loss, metrics = self.losses(batch.graphs, _scoring_draws(batch))
        self._log("test", {"loss": loss, **metrics}, batch)

    def on_test_epoch_end(self) -> None:
        """Print the table of masked prediction, and write it where `table_path` says."""
        if self.trainer.is_global_zero:
            # A checkpoint of another seed is refused, so this is that of the training.
            nodes, path = self.table_nodes, self.table_path
            print_table(self.model, self._data, per_graph=nodes, path=path, seed=self.seed)

    def losses(self, batch: GraphBatch, draws: Draws) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum of the objectives' losses, and the figures to log.

        Args:
            batch: clean graphs.
            draws: all that is left to chance.

        Returns:
            The loss, a scalar, and figures named `objective/figure`.
        """
        targets = self.corrupt(batch, draws)
        states = self.model(targets[-1].batch)
        total = states.new_zeros(())
        metrics: dict[str, Tensor] = {}
        for name, objective, target in zip(self.objective_names, self._objectives, targets, strict=True):
            loss, figures = objective.loss(self.model, states, target)
            total = total + objective.weight * loss
            metrics |= {f"{name}/{figure}": value for figure, value in figures.items()}
        # Nothing was hidden (graphs without nodes): a loss of zero that can still be differentiated.
        return (total if total.requires_grad or not states.requires_grad else states.sum() * 0.0), metrics

    def corrupt(self, batch: GraphBatch, draws: Draws) -> list[Targets]:
        """What each objective asks, of the batch as the one before left it; the last has the batch for the encoder.

        Args:
            batch: clean graphs.
            draws: all that is left to chance.
        """
        # Views of scenes are Alignment's: no share of the graphs has them, because NaN is in no interval.
        lots = draws.graphs().masked_fill(batch.view != View.WHOLE, torch.nan)
        targets: list[Targets] = []
        for objective in self._objectives:
            targets.append(objective.corrupt(batch, lots, draws))
            batch = targets[-1].batch
        return targets

    def draws(self, batch: NumberedBatch, step: int) -> Draws:
        """What the masks of a training step are drawn from: a function of (seed, step, graph).

        Args:
            batch: of the step, or some of its graphs.
            step: number of the batch in the run, from 0.
        """
        return Draws(derive_seed(self.seed, step, _TRAINING), batch.graphs, batch.items)

    @property
    def model(self) -> GraphTransformer:
        """The encoder, once it is built."""
        if self.encoder is None:
            raise RuntimeError("the encoder is built by Trainer.fit, validate or test, when the vocabulary is known")
        return self.encoder

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the encoder's sizes and the vocabulary beside the weights."""
        checkpoint["encoder"] = self.model.config.to_dict()
        checkpoint["vocabulary"] = self.model.vocabulary.to_state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the checkpoint's encoder; training goes on only with the same one.

        Raises:
            ValueError: the checkpoint is another training's, or training would go on with another encoder or
                vocabulary.
        """
        if "encoder" not in checkpoint or "vocabulary" not in checkpoint:
            raise ValueError("the checkpoint is not one of `usg pretrain`: it holds no encoder and no vocabulary")
        self._has_learnt = True
        config = GraphTransformerConfig.from_dict(checkpoint["encoder"])
        vocabulary = Vocabulary.from_state(checkpoint["vocabulary"])
        if self.trainer.state.fn == "fit":
            ours = self.model.vocabulary
            if vocabulary.digest() != ours.digest():
                raise ValueError(
                    f"the checkpoint has another vocabulary ({len(vocabulary)} strings, {vocabulary.digest()}) than "
                    f"the data ({len(ours)} strings, {ours.digest()}): resume on the data it was trained on, or start "
                    "without --ckpt_path"
                )
            if config != self.model.config:
                raise ValueError(
                    f"the checkpoint has another encoder ({config}) than this run ({self.model.config}): "
                    "resume with the same model settings"
                )
            return
        self._build(config, vocabulary)
        self._data.use_vocabulary(vocabulary)

    def on_train_end(self) -> None:
        """Leave the encoder in `<run folder>/model`, for `GraphTransformer.from_pretrained`."""
        model = self.model
        if is_sharded(self):
            weights = whole_weights(model)
            model = GraphTransformer(model.config, model.vocabulary)
            if self.trainer.is_global_zero:
                model.load_state_dict(weights)
        if self.trainer.is_global_zero:
            folder = Path(self.trainer.default_root_dir) / "model"
            model.save_pretrained(folder)
            write_card(self.trainer, folder)

    def describe(self) -> ModelDescription:
        """The encoder and its objectives, for the model card."""
        config, vocabulary = self.model.config, self.model.vocabulary
        return ModelDescription(
            title="Graph transformer of scene graphs",
            summary="An encoder of universal scene graphs: a graph in Levi form goes in, one state per node comes out.",
            parameters=parameter_counts(encoder=self.encoder, objectives=self.objectives),
            sizes={
                "width": config.dim,
                "layers": config.layers,
                "attention heads": config.heads,
                "entries of the vocabulary": len(vocabulary),
            },
            learns=first_lines(self._objectives),
            data=corpus_lines(self._data.paths, self._data.corpus("train").corpora),
            loading="from usg.nn import GraphTransformer\nmodel = GraphTransformer.from_pretrained({folder})",
            tags=("scene-graph", "graph-transformer"),
            own=set(self._data.paths) == {WORLD},
        )

    def _build(self, config: GraphTransformerConfig, vocabulary: Vocabulary) -> None:
        torch.manual_seed(derive_seed(self.seed))
        self.encoder = GraphTransformer(config, vocabulary)
        for objective in self._objectives:
            objective.build(config.dim)
        self._data.two_hop, self._data.dense = config.two_hop, config.dense

    def _log(self, stage: str, figures: dict[str, Tensor], batch: NumberedBatch) -> None:
        """Average over batches, and log under the number of optimiser steps done."""
        values = {f"{stage}/{name}": value for name, value in figures.items()}
        values["step"] = torch.tensor(float(self.trainer.global_step), dtype=torch.float64)
        self.log_dict(values, batch_size=len(batch.scenes), sync_dist=True)

    def _stop(self, batch: NumberedBatch, loss: float, step: int) -> None:
        """Name and write out the batch whose loss is no number."""
        rank = f"_{self.trainer.global_rank}" if self.trainer.world_size > 1 else ""
        file = Path(self.trainer.default_root_dir) / f"bad_batch_{step}{rank}.json"
        with atomic_path(file) as temporary:
            temporary.write_text(json.dumps({"step": step, "loss": str(loss), "graphs": batch.scenes.tolist()}) + "\n")
        raise FloatingPointError(
            f"the loss of step {step} is {loss}; the numbers of its {len(batch.scenes)} training graphs are in {file}; "
            "lower model.optimizer.learning_rate or set trainer.gradient_clip_val, and resume with --ckpt_path last"
        )

    @property
    def _objectives(self) -> Sequence[Objective]:
        return list(self.objectives)  # type: ignore[arg-type]

    @property
    def _data(self) -> GraphDataModule:
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if not isinstance(data, GraphDataModule):
            raise TypeError(f"PretrainingModule needs a GraphDataModule beside it, got {type(data).__name__}")
        return data


def _names(objectives: Sequence[Objective]) -> list[str]:
    """The objectives' names for the log: that of the class, numbered where one occurs twice."""
    names: list[str] = []
    for objective in objectives:
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(objective).__name__).lstrip("_")
        count = sum(other.rstrip("0123456789") == name for other in names)
        names.append(f"{name}{count + 1}" if count else name)
    return names


def _scoring_draws(batch: NumberedBatch) -> Draws:
    return Draws(derive_seed(0, 0, _VALIDATION), batch.graphs, batch.items)
