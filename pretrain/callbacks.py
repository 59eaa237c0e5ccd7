"""Pictures of masked examples in the course of training, to see what the model has learnt.

Every K steps one object, one attribute and one relation of the validation graphs are hidden, each in its own picture
with the model's best guesses, in `<run folder>/pictures/step_005000_object.svg`. The examples stay the same for the
whole run. Weights & Biases gets the pictures, TensorBoard, which takes no SVG, the guesses as text.
"""

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger

from usg.draw import draw_graph
from usg.pretrain.evaluation import guess_top
from usg.pretrain.examples import KIND_NAMES, MaskedExample, masked_examples
from usg.pretrain.module import PretrainingModule


class MaskedPictures(Callback):
    """Draws masked examples with the model's guesses.

    Args:
        every: optimiser steps between two sets of pictures; one more is drawn after the last step.
        per_kind: pictures of each kind of node.
        guesses: how many guesses stand beside the hidden node.
    """

    def __init__(self, every: int = 1000, per_kind: int = 1, guesses: int = 3) -> None:
        if every < 1 or per_kind < 1 or guesses < 1:
            raise ValueError(
                f"MaskedPictures: every {every}, per_kind {per_kind}, guesses {guesses}; expected at least 1"
            )
        self.every, self.per_kind, self.guesses = every, per_kind, guesses
        self._examples: dict[str, list[MaskedExample]] | None = None
        self._drawn = -1

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Draw when it is time."""
        step = trainer.global_step
        if (step % self.every == 0 or step == trainer.max_steps) and step != self._drawn:
            self._drawn = step
            if not isinstance(pl_module, PretrainingModule):
                raise TypeError(
                    f"MaskedPictures draws what a PretrainingModule guesses, not a {type(pl_module).__name__}"
                )
            self._draw(trainer, pl_module)

    def _draw(self, trainer: Trainer, module: PretrainingModule) -> None:
        data = trainer.datamodule  # type: ignore[attr-defined]
        if self._examples is None:
            found = masked_examples(data.validation_graphs(4 * self.per_kind), per_graph=1)
            self._examples = {
                KIND_NAMES[kind]: examples[: self.per_kind] for kind, examples in found.items() if examples
            }
        folder = Path(trainer.default_root_dir) / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        # Every process guesses, since the weights may lie in parts; the first one draws.
        for kind, examples in self._examples.items():
            tops = guess_top(module.model, examples, k=self.guesses, grounding=data.grounding)
            for number, (example, top) in enumerate(zip(examples, tops, strict=True)):
                if not trainer.is_global_zero:
                    continue
                name = kind if self.per_kind == 1 else f"{kind}_{number}"
                said = f"{', '.join(top)} (is {example.answer})"
                svg = draw_graph(
                    example.graph,
                    folder / f"step_{trainer.global_step:06}_{name}.svg",
                    masked=[list(example.graph.elements())[node - 1].id for node in example.hidden],
                    notes={example.element.id: said},
                    title=f"step {trainer.global_step:,}: masked {kind}, guessed {said}",
                )
                _send(trainer, f"masked/{name}", svg, said)


def _send(trainer: Trainer, name: str, svg: str, said: str) -> None:
    """Hand a picture to the loggers that take one."""
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            import wandb

            logger.experiment.log({name: wandb.Html(svg), "trainer/global_step": trainer.global_step})
        elif isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text(name, said, trainer.global_step)
