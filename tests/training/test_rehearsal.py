"""A rehearsal counts what can be known exactly, and leaves nothing behind."""

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn

from usg.training.rehearsal import Rehearsal, RehearsalOver

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec"),
]


class Line(LightningModule):
    """A linear layer of 8 to 2 without bias, and a frozen one that scales."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 2, bias=False)
        self.frozen = nn.Parameter(torch.ones(2), requires_grad=False)
        self.seen = 0

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.seen += 1
        return (self.layer(batch) * self.frozen).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.layer.parameters())


def rehearse(steps: int, max_steps: int = 100, accumulate: int = 1) -> tuple[Rehearsal, Line, list[Tensor]]:
    shown: list[Tensor] = []
    rehearsal = Rehearsal(lambda trainer, module, batch: shown.append(batch), steps)
    module = Line()
    trainer = Trainer(
        accelerator="cpu",
        max_steps=max_steps,
        accumulate_grad_batches=accumulate,
        callbacks=[rehearsal],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with pytest.raises(RehearsalOver):
        trainer.fit(module, torch.utils.data.DataLoader(torch.ones(4096, 8), batch_size=4))
    return rehearsal, module, shown


def test_bytes_are_exact() -> None:
    rehearsal, _, shown = rehearse(3)
    measured = rehearsal.measured
    assert measured is not None
    assert rehearsal.shown and [batch.shape for batch in shown] == [(4, 8)]
    assert measured.weights == 4 * (16 + 2)
    assert measured.gradients == 4 * 16
    assert measured.optimizer == 2 * 4 * 16 + 4  # two moments, and the number of steps
    # For the gradient of the weights the batch is kept; `frozen` is a weight, and a sum needs nothing.
    assert measured.activations == 4 * 4 * 8
    assert measured.peak > measured.weights


def test_steps_are_those_of_the_optimiser() -> None:
    rehearsal, module, _ = rehearse(3, accumulate=4)
    measured = rehearsal.measured
    assert measured is not None
    assert (measured.steps, measured.remaining, module.seen) == (3, 100, 4 * 5)
    assert measured.seconds > 0


@pytest.mark.parametrize(("max_steps", "timed"), [(1, 1), (2, 1), (4, 2)])
def test_a_short_run_is_measured_too(max_steps: int, timed: int) -> None:
    rehearsal, module, _ = rehearse(10, max_steps=max_steps)
    assert rehearsal.measured is not None
    assert (rehearsal.measured.steps, rehearsal.measured.remaining, module.seen) == (timed, max_steps, max_steps)


def test_hooks_are_gone_afterwards() -> None:
    rehearsal, _, _ = rehearse(1)
    kept = dict(rehearsal._saved)
    (torch.ones(3, requires_grad=True) ** 2).sum().backward()
    assert rehearsal._saved == kept == {}


def test_nothing_to_measure() -> None:
    with pytest.raises(ValueError, match="0 steps measures nothing"):
        Rehearsal(lambda trainer, module, batch: None, 0)
