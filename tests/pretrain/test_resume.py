"""A run that is killed and resumed ends exactly as one that never was."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from usg.cli import main
from usg.training.checkpoint_io import load_checkpoint

# Dropout, captions, several passes over the data, checkpoints and validations in the middle of a pass.
CONFIG = """
trainer: {max_steps: 12, val_check_interval: 2, log_every_n_steps: 1, accelerator: cpu, enable_progress_bar: false}
model: {dim: 32, layers: 1, heads: 2, dropout: 0.2, optimizer: {warmup_steps: 3}}
data: {world: {train: 40, val: 8, test: 8}, batch_size: 8}
checkpoint: {every: 3}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    (folder / "config.yaml").write_text(CONFIG + "\nseed_everything: 3\n", encoding="utf-8")
    return folder / "config.yaml"


def fit(config: Path, run: str, *more: str) -> Path:
    folder = config.parent / run
    words = ["pretrain", "fit", "--config", str(config), "--data.cache", str(config.parent / "data")]
    assert main([*words, "--trainer.default_root_dir", str(folder), *more, "--debug"]) == 0
    return folder


@pytest.fixture(scope="module")
def uninterrupted(config: Path) -> Path:
    return fit(config, "uninterrupted")


# Right after a checkpoint and a validation of the same step, and between two checkpoints.
@pytest.mark.parametrize("step", [6, 8])
def test_killed_and_resumed_equals_uninterrupted(config: Path, uninterrupted: Path, step: int) -> None:
    killed = config.parent / f"killed{step}"
    program = "import sys; from usg.cli import main; sys.exit(main())"
    words = [sys.executable, "-c", program, "pretrain", "fit", "--config", str(config)]
    words += ["--data.cache", str(config.parent / "data"), "--trainer.default_root_dir", str(killed)]
    callbacks = f"[{{class_path: kill_at.KillAt, init_args: {{step: {step}}}}}]"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.run([*words, "--trainer.callbacks", callbacks], env=environment, capture_output=True, text=True)
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert load_checkpoint(killed / "checkpoints" / "last.ckpt")["global_step"] == 6

    resumed = fit(config, killed.name, "--ckpt_path", "last")
    assert_same_run(uninterrupted, resumed)


def assert_same_run(one: Path, other: Path) -> None:
    first, second = (load_checkpoint(run / "checkpoints" / "last.ckpt") for run in (one, other))
    assert first["global_step"] == second["global_step"] == 12
    for name, weight in first["state_dict"].items():
        again = second["state_dict"][name]
        assert torch.equal(weight, again) if isinstance(weight, torch.Tensor) else weight == again, name
    for state, again in zip(first["optimizer_states"], second["optimizer_states"], strict=True):
        for number, moments in state["state"].items():
            assert all(torch.equal(moments[key], again["state"][number][key]) for key in moments)
    assert (one / "metrics.csv").read_text() == (other / "metrics.csv").read_text()
    assert (one / "model" / "model.safetensors").read_bytes() == (other / "model" / "model.safetensors").read_bytes()
