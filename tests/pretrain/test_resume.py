"""A run that is killed and resumed ends exactly as one that never was."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from safetensors.torch import load_file

from usg.training.checkpoint_io import load_checkpoint

PROGRAM = "import sys; from usg.cli import main; sys.exit(main())"


# Right after a checkpoint and a validation of the same step, and between two checkpoints.
@pytest.mark.parametrize("step", [6, 8])
def test_killed_and_resumed_equals_uninterrupted(small_run: Any, step: int) -> None:
    callback = f"[{{class_path: kill_at.KillAt, init_args: {{step: {step}}}}}]"
    words = [sys.executable, "-c", PROGRAM, *small_run.words(run=f"killed{step}"), "--trainer.callbacks", callback]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"}
    process = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert process.returncode == -signal.SIGKILL, process.stderr
    killed = small_run.folder / f"killed{step}"
    assert load_checkpoint(killed / "checkpoints" / "last.ckpt")["global_step"] == 6

    small_run.usg("--ckpt_path", "last", run=f"killed{step}")
    assert_same_run(small_run.run, killed)


class Crash(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        if trainer.global_step == self.step:
            raise ConnectionAbortedError


# Three passes of five batches; the checkpoint resumed from lies in the middle of a pass, and at the end of one.
@pytest.mark.parametrize("every", [4, 5])
def test_a_run_of_passes_resumes_exactly(small_run: Any, every: int) -> None:
    words = ["--trainer.max_steps", "-1", "--trainer.max_epochs", "3", "--trainer.val_check_interval", "4"]
    words += ["--checkpoint.every", str(every)]
    straight = small_run.usg(*words, run=f"straight{every}")
    crash = f"{Crash.__module__}.Crash"
    sys.modules.setdefault(Crash.__module__, sys.modules[__name__])
    with pytest.raises(ConnectionAbortedError):
        callback = f"[{{class_path: {crash}, init_args: {{step: 9}}}}]"
        small_run.usg(*words, "--trainer.callbacks", callback, run=f"crashed{every}")
    resumed = small_run.usg(*words, "--ckpt_path", "last", run=f"crashed{every}")
    assert_same_run(straight, resumed, steps=15)


def test_averaged_weights_resume_exactly_and_are_the_ones_kept(small_run: Any) -> None:
    average = "{class_path: lightning.pytorch.callbacks.EMAWeightAveraging, init_args: {decay: 0.9}}"
    words = ["--trainer.callbacks", f"[{average}]"]
    straight = small_run.usg(*words, run="averaged")
    crash = f"{Crash.__module__}.Crash"
    sys.modules.setdefault(Crash.__module__, sys.modules[__name__])
    with pytest.raises(ConnectionAbortedError):
        callbacks = f"[{average}, {{class_path: {crash}, init_args: {{step: 9}}}}]"
        small_run.usg("--trainer.callbacks", callbacks, run="averaged crash")
    resumed = small_run.usg(*words, "--ckpt_path", "last", run="averaged crash")
    assert_same_run(straight, resumed)
    last = load_checkpoint(straight / "checkpoints" / "last.ckpt")
    plain = load_checkpoint(small_run.run / "checkpoints" / "last.ckpt")["state_dict"]
    current = last["current_model_state"]
    assert all(torch.equal(value, current[name]) for name, value in plain.items() if isinstance(value, torch.Tensor))
    kept = load_file(straight / "model" / "model.safetensors")
    assert all(torch.equal(value, last["state_dict"][f"encoder.{name}"]) for name, value in kept.items())
    assert any(not torch.equal(value, current[f"encoder.{name}"]) for name, value in kept.items())


def assert_same_run(one: Path, other: Path, steps: int = 12) -> None:
    first, second = (load_checkpoint(run / "checkpoints" / "last.ckpt") for run in (one, other))
    assert first["global_step"] == second["global_step"] == steps
    for name, weight in first["state_dict"].items():
        again = second["state_dict"][name]
        assert torch.equal(weight, again) if isinstance(weight, torch.Tensor) else weight == again, name
    for state, again in zip(first["optimizer_states"], second["optimizer_states"], strict=True):
        for number, moments in state["state"].items():
            assert all(torch.equal(moments[key], again["state"][number][key]) for key in moments)
    assert (one / "metrics.csv").read_text() == (other / "metrics.csv").read_text()
    assert (one / "model" / "model.safetensors").read_bytes() == (other / "model" / "model.safetensors").read_bytes()
