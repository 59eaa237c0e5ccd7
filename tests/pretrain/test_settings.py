"""What makes a large training fit or run faster changes nothing but the rounding, if that."""

import csv
import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch._dynamo.utils import counters

from usg.training.checkpoint_io import load_checkpoint


class Crash(Callback):
    """Ends a run before the gradients of a batch were taken."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Any) -> None:
        if trainer.fit_loop.epoch_loop.total_batch_idx == self.batch:
            raise ConnectionAbortedError


def losses(run: Path) -> list[float]:
    with (run / "metrics.csv").open(encoding="utf-8", newline="") as stream:
        return [float(row["train/loss"]) for row in csv.DictReader(stream)]


def test_activation_checkpointing_gives_the_same_bits(small_run: Any) -> None:
    run = small_run.usg("--model.activation_checkpointing", "true", run="recomputed")
    assert (run / "metrics.csv").read_text() == (small_run.run / "metrics.csv").read_text()


def test_bf16(small_run: Any) -> None:
    run = small_run.usg("--trainer.precision", "bf16-mixed", run="bf16")
    assert losses(run) == pytest.approx(losses(small_run.run), rel=0.01)
    assert losses(run) != losses(small_run.run)
    weights = load_checkpoint(run / "checkpoints" / "last.ckpt")["state_dict"].values()
    assert {weight.dtype for weight in weights if isinstance(weight, torch.Tensor)} == {torch.float32}


def test_accumulated_gradients_resume_exactly_from_between_two_batches_of_a_step(
    small_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--trainer.accumulate_grad_batches", "2", "--data.batch_size", "4"]
    straight = small_run.usg(*words, run="accumulated")
    last = load_checkpoint(straight / "checkpoints" / "last.ckpt")
    assert last["global_step"] == len(losses(straight)) == 12
    assert last["loops"]["fit_loop"]["state_dict"]["combined_loader"][0]["batches"] == 24
    monkeypatch.setattr("usg.training.cli.PrintFigures", functools.partial(Crash, 15))
    with pytest.raises(ConnectionAbortedError):
        small_run.usg(*words, run="accumulated crash")
    monkeypatch.undo()
    resumed = small_run.usg(*words, "--ckpt_path", "last", run="accumulated crash")
    assert (resumed / "metrics.csv").read_text() == (straight / "metrics.csv").read_text()
    again = load_checkpoint(resumed / "checkpoints" / "last.ckpt")["state_dict"]
    for name, weight in last["state_dict"].items():
        assert torch.equal(weight, again[name]) if isinstance(weight, torch.Tensor) else weight == again[name], name


# Tracing makes an instance of the autograd function itself, which torch deprecates, as it does what inductor uses.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.parametrize("backend", ["aot_eager", pytest.param("inductor", marks=pytest.mark.slow)])
def test_the_encoder_is_compiled_whole(small_run: Any, monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    torch.compiler.reset()
    counters.clear()
    # The compiled encoder draws its dropout in another order.
    plain = small_run.usg("--model.dropout", "0", run=f"plain {backend}")
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=backend))
    run = small_run.usg("--model.dropout", "0", "--model.compile", "true", run=f"compiled {backend}")
    # Batches of many sizes; for training and for validation, and apart for no, one and several unseen labels.
    assert 1 <= counters["stats"]["unique_graphs"] <= 6
    assert not counters["graph_break"]
    assert losses(run) == pytest.approx(losses(plain), rel=1e-4)
    torch.compiler.reset()
