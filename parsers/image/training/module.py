"""Training of the image parser as a LightningModule; its loss is in usg/parsers/image/training/losses.py.

The network is built when the words of the training graphs are known; a checkpoint holds both. Validation parses
pictures with the parser as it will be used and scores its graphs with `usg.metrics.scene_graph`. At the end the weights
go to `<run folder>/model`, with the scores of regions calibrated on the validation pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor

from usg.nn.label_encoder import LabelEncoder
from usg.parsers.image.embedded.model import PictureModel
from usg.parsers.image.embedded.network import PictureNetwork
from usg.parsers.image.embedded.settings import NetworkSettings, Words
from usg.parsers.image.training.data import PictureDataModule
from usg.parsers.image.training.losses import PictureBatch, losses
from usg.parsers.image.training.validation import calibrated, figures
from usg.progress import say
from usg.provenance import commit
from usg.training.metrics_log import log_step
from usg.training.model_card import ModelDescription, parameter_counts, write_card
from usg.training.optimizer import OptimizerSettings, build_optimizer
from usg.training.seeds import derive_seed, step_generator

_NETWORK = NetworkSettings()
_UNTOLD: Mapping[str, Any] = {}
_OPTIMIZER = OptimizerSettings(learning_rate=2e-3, weight_decay=0.02, warmup_steps=300, floor=0.01)


class PictureTraining(LightningModule):
    """The network of the image parser and its training.

    Args:
        network: its sizes.
        optimizer: AdamW and its schedule.
        jitter: standard deviation of the sides of training regions, as a share of width and height.
        validate: validation pictures that are parsed and scored.
        seed: of the weights and the jitter; the command line sets it to seed_everything.
    """

    def __init__(
        self,
        network: NetworkSettings = _NETWORK,
        optimizer: OptimizerSettings = _OPTIMIZER,
        jitter: float = 0.06,
        validate: int = 500,
        seed: int = 0,
    ) -> None:
        super().__init__()
        # It is cut at thrice the deviation, and opposite sides must not meet.
        if not 0 <= jitter < 1 / 6:
            raise ValueError(f"jitter is {jitter}; expected a share in [0, 1/6)")
        if validate < 1:
            raise ValueError(f"validate is {validate}; expected at least 1 picture")
        self.sizes, self.settings, self.jitter, self.validate, self.seed = network, optimizer, jitter, validate, seed
        self.network: PictureNetwork | None = None
        self._labels: Tensor
        self._predicates: Tensor
        for name in ("_labels", "_predicates"):  # buffers, so that they are moved to the device of the network
            self.register_buffer(name, torch.empty(0, 0), persistent=False)
        self._masks: bool | None = None

    @property
    def model(self) -> PictureNetwork:
        """The network, once it is built."""
        if self.network is None:
            raise RuntimeError("the network is built by Trainer.fit or validate, when the words are known")
        return self.network

    def setup(self, stage: str) -> None:
        """Refuse several devices: pictures without objects leave weights without a gradient, which they do not share.

        Raises:
            ValueError: the trainer has several devices.
        """
        if self.trainer.world_size > 1:
            raise ValueError(
                f"the image parser is trained on one device, the trainer has {self.trainer.world_size}; "
                "pass --trainer.devices 1"
            )

    def configure_model(self) -> None:
        """Build the network, now that the data knows its words."""
        self._data.side = self.sizes.side
        if self.network is None:
            self._build(self.sizes, self._data.words)

    def configure_optimizers(self) -> Any:
        """AdamW over everything, warm-up and cosine over the whole run."""
        return build_optimizer(self, self.settings, int(self.trainer.estimated_stepping_batches))

    def training_step(self, batch: PictureBatch, batch_idx: int) -> Tensor:
        """One step; the jitter is a function of (seed, step)."""
        step = self.trainer.fit_loop.epoch_loop.total_batch_idx
        generator = step_generator(self.seed, step, self.trainer.global_rank)
        told = losses(self.model, batch, self._labels, self._predicates, self.jitter, generator)
        loss = torch.stack(list(told.values())).sum()
        if not bool(torch.isfinite(loss)):
            raise FloatingPointError(
                f"the loss of step {step} is {float(loss.detach())}; lower model.optimizer.learning_rate or set "
                "trainer.gradient_clip_val, and resume with --ckpt_path last"
            )
        log_step(self, loss, told, len(batch.pictures))
        return loss

    def validation_step(self, batch: PictureBatch, batch_idx: int) -> None:
        """The losses on the validation pictures."""
        told = losses(self.model, batch, self._labels, self._predicates, self.jitter, step_generator(0, batch_idx))
        loss = torch.stack(list(told.values())).sum()
        self.log("val/loss", loss, batch_size=len(batch.pictures))

    def on_validation_epoch_end(self) -> None:
        """Parse and score validation pictures."""
        found = figures(self._parser_model(), self._data.validation_graphs(self.validate))
        step = torch.tensor(float(self.trainer.global_step), dtype=torch.float64)
        self.log_dict({"step": step, **{f"val/{name}": value for name, value in found.items()}})

    def on_train_end(self) -> None:
        """Leave the parser in `<run folder>/model`, for `picture_parts` and `usg parse image --detector`."""
        trained = {
            "pictures": len(self._data.pictures("train")),
            "steps": self.trainer.global_step,
            "batch_size": self._data.batch_size,
            "seed": self.seed,
            "commit": commit(),
        }
        model = calibrated(self._parser_model(trained), self._data.validation_graphs(self.validate))
        folder = Path(self.trainer.default_root_dir) / "model"
        model.save(folder)
        write_card(self.trainer, folder)
        say(f"the parser is in {folder}: usg parse image --detector {folder}")

    def describe(self) -> ModelDescription:
        """The network and its words, for the model card."""
        words, data = self.model.words, self._data
        return ModelDescription(
            title="Image parser",
            summary="A network that parses a picture into a scene graph whose objects have boxes and masks.",
            parameters=parameter_counts(network=self.network),
            sizes={
                "side of the picture": self.model.settings.side,
                "labels": len(words.labels),
                "predicates": len(words.predicates),
            },
            learns=["regions, labels, attributes, masks and relations of pictures"],
            data=[*data.sources(), f"{len(data.pictures('train')):,} pictures in all"],
            loading="from usg.parsers.image.embedded.model import PictureModel\nmodel = PictureModel.load({folder})",
            tags=("scene-graph", "object-detection"),
            own=not data.train_paths,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the sizes, the words, and whether masks were trained beside the weights."""
        checkpoint["picture_settings"] = asdict(self.model.settings)
        checkpoint["picture_words"] = self.model.words.to_dict()
        checkpoint["picture_masks"] = self._masks_trained

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the checkpoint's sizes and words; training goes on only with the same ones.

        Raises:
            ValueError: the checkpoint is another training's, or of other sizes or words.
        """
        if "picture_words" not in checkpoint:
            raise ValueError("the checkpoint is not one of `usg train-parser image`: it holds no words of pictures")
        words = Words.from_dict(checkpoint["picture_words"])
        # Checkpoints of earlier versions do not say their sizes.
        saved = checkpoint.get("picture_settings")
        sizes = self.sizes if saved is None else NetworkSettings(**saved)
        if self.trainer.state.fn == "fit":
            if words != self.model.words:
                raise ValueError(
                    "the checkpoint was trained on other labels, values or predicates than the data has: resume on the "
                    "data it was trained on, or start without --ckpt_path"
                )
            if sizes != self.sizes:
                raise ValueError(
                    f"the checkpoint is of model.network {asdict(sizes)}, this run of {asdict(self.sizes)}: resume "
                    "with the same, or start without --ckpt_path"
                )
            return
        self._masks = bool(checkpoint.get("picture_masks", True))
        self._data.use_words(words)
        self._data.side = sizes.side
        self._build(sizes, words)

    @property
    def _masks_trained(self) -> bool:
        """Whether any training object has a mask; without one the network's masks mean nothing."""
        if self._masks is None:
            self._masks = bool(self._data.pictures("train").masked.any())
        return self._masks

    def _parser_model(self, trained: Mapping[str, Any] = _UNTOLD) -> PictureModel:
        """The weights as they are now, as a parser, rounded as they are saved; they are copied."""
        network = PictureNetwork(self.model.settings, self.model.words)
        network.load_state_dict(
            {n: v.half().float() if v.is_floating_point() else v for n, v in self.model.state_dict().items()}
        )
        return PictureModel(network.eval().requires_grad_(False), trained=trained, masks=self._masks_trained)

    def _build(self, sizes: NetworkSettings, words: Words) -> None:
        torch.manual_seed(derive_seed(self.seed))
        self.network = PictureNetwork(sizes, words).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        encoder = LabelEncoder.load()
        with torch.no_grad():
            self._labels = encoder(words.labels)
            self._predicates = encoder(words.predicates) if words.predicates else torch.empty(0, 0)

    @property
    def _data(self) -> PictureDataModule:
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if not isinstance(data, PictureDataModule):
            raise TypeError(f"PictureTraining needs a PictureDataModule beside it, got {type(data).__name__}")
        return data
