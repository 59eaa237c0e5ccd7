"""The best checkpoint, early stopping, model cards, and what a full disk leaves."""

import csv
import errno
import os
import re
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from safetensors.torch import load_file

from usg.cli import main
from usg.training.checkpoint_io import AtomicCheckpointIO, load_checkpoint

# Validation losses fall in the small run, every two steps: by max, the first is the best, and nothing gets better.
WORST = ["--checkpoint.monitor", "val/loss", "--checkpoint.mode", "max"]
STOPPING = (
    "{class_path: lightning.pytorch.callbacks.EarlyStopping, init_args: {monitor: val/loss, mode: max, patience: 3}}"
)


class Crash(Callback):
    """Ends a run before a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        if trainer.global_step == self.step:
            raise ConnectionAbortedError


class Norms(Callback):
    """Takes the norms of gradients by hand."""

    seen: ClassVar[list[float]] = []

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        flat = [each.grad.flatten() for each in pl_module.parameters() if each.grad is not None]
        self.seen.append(float(torch.cat(flat).norm()))


def callbacks(*more: str) -> list[str]:
    sys.modules.setdefault(__name__, sys.modules[Crash.__module__])
    return ["--trainer.callbacks", f"[{', '.join(more)}]"]


def crash(step: int) -> str:
    return f"{{class_path: {Crash.__module__}.Crash, init_args: {{step: {step}}}}}"


def figures(run: Path, name: str) -> dict[int, float]:
    with (run / "metrics.csv").open(newline="") as stream:
        return {int(row["step"]): float(row[name]) for row in csv.DictReader(stream) if row[name]}


def encoder(checkpoint: Path) -> dict[str, Any]:
    states = load_checkpoint(checkpoint)["state_dict"].items()
    return {name.removeprefix("encoder."): value for name, value in states if name.startswith("encoder.")}


def equal(weights: dict[str, Any], others: dict[str, Any]) -> bool:
    return all(torch.equal(value, others[name]) for name, value in weights.items())


def test_norms_of_gradients_are_logged_before_they_are_clipped(small_run: Any) -> None:
    Norms.seen.clear()
    words = callbacks(f"{Norms.__module__}.Norms")
    run = small_run.usg(*words, "--trainer.gradient_clip_val", "0.1", "--trainer.log_every_n_steps", "5", run="norms")
    logged = figures(run, "train/gradient_norm")
    assert list(logged) == list(figures(run, "train/learning_rate")) == [5, 10, 12]
    assert list(logged.values()) == pytest.approx([Norms.seen[step - 1] for step in logged], rel=1e-5)
    assert min(logged.values()) > 0.1


def test_the_best_checkpoint_is_kept_and_found(small_run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run = small_run.usg("--checkpoint.monitor", "val/loss", run="best")
    losses = figures(run, "val/loss")
    best = load_checkpoint(run / "checkpoints" / "best.ckpt")
    assert best["global_step"] == min(losses, key=lambda step: losses[step])
    worst = small_run.usg(*WORST, run="worst")
    best = load_checkpoint(worst / "checkpoints" / "best.ckpt")
    assert best["global_step"] == max(losses, key=lambda step: losses[step]) == 2
    assert load_checkpoint(worst / "checkpoints" / "last.ckpt")["global_step"] == 12
    assert figures(worst, "val/loss") == losses
    # The model folder has its weights, and says so.
    kept = load_file(worst / "model" / "model.safetensors")
    assert equal(kept, encoder(worst / "checkpoints" / "best.ckpt"))
    assert not equal(kept, encoder(worst / "checkpoints" / "last.ckpt"))
    card = (worst / "model" / "README.md").read_text()
    assert "| steps | 2 of 12 planned, the best of the 12 done |" in card
    assert f"| val/loss | {losses[2]:.4f} |" in card
    capsys.readouterr()
    small_run.usg("--ckpt_path", "best", subcommand="validate", run="worst")
    assert f"val/loss {losses[2]:.4f}\n" in capsys.readouterr().out


# At step 6 a checkpoint and a validation coincide; 8 lies between two checkpoints.
@pytest.mark.parametrize("step", [6, 8])
def test_what_is_best_survives_a_crash(small_run: Any, step: int) -> None:
    run = f"best crash {step}"
    with pytest.raises(ConnectionAbortedError):
        small_run.usg(*WORST, *callbacks(crash(step)), run=run)
    moved = (small_run.folder / run).rename(small_run.folder / f"{run} moved")
    resumed = small_run.usg(*WORST, "--ckpt_path", "last", run=moved.name)
    assert load_checkpoint(resumed / "checkpoints" / "best.ckpt")["global_step"] == 2
    assert equal(load_file(resumed / "model" / "model.safetensors"), encoder(resumed / "checkpoints" / "best.ckpt"))


def test_early_stopping_stops_a_resumed_run_where_it_stops_a_whole_one(
    small_run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*callbacks(STOPPING), "--checkpoint.every", "4"]
    whole = small_run.usg(*words, run="stopped")
    # Better at step 2, worse at 4, 6 and 8.
    assert list(figures(whole, "val/loss")) == [2, 4, 6, 8]
    assert "stopped early at step 8: Monitored metric val/loss did not improve" in capsys.readouterr().err
    last = load_checkpoint(whole / "checkpoints" / "last.ckpt")
    assert last["global_step"] == max(figures(whole, "train/loss")) == 8
    # The validation of step 4 has to be part of the checkpoint of step 4.
    with pytest.raises(ConnectionAbortedError):
        small_run.usg(*callbacks(STOPPING, crash(5)), "--checkpoint.every", "4", run="stopped crash")
    resumed = small_run.usg(*words, "--ckpt_path", "last", run="stopped crash")
    assert (resumed / "metrics.csv").read_text() == (whole / "metrics.csv").read_text()
    # A run that was stopped stays so.
    again = small_run.usg(*words, "--ckpt_path", "last", run="stopped")
    assert load_checkpoint(again / "checkpoints" / "last.ckpt")["global_step"] == 8


def test_a_run_that_was_killed_behind_its_last_step_still_leaves_its_model(small_run: Any) -> None:
    run = small_run.usg(run="lost model")
    before = (run / "model" / "model.safetensors").read_bytes()
    (run / "model" / "model.safetensors").unlink()
    small_run.usg("--ckpt_path", "last", run="lost model")
    assert (run / "model" / "model.safetensors").read_bytes() == before


def test_cards_say_what_a_run_made(small_run: Any, monkeypatch: pytest.MonkeyPatch, use_card: Any) -> None:
    monkeypatch.chdir(small_run.folder)
    words = ["--config", "config.yaml", "--data.cache", "data", "--trainer.default_root_dir", "cards"]
    assert main(["pretrain", "fit", *words, *WORST, "--trainer.max_steps", "5", "--debug"]) == 0
    for folder in ("model", "checkpoints"):
        card, text, names = use_card(Path("cards") / folder)
        assert (card.library_name, card.license) == ("usg", "apache-2.0")
        assert {"scene-graph", "graph-transformer"} == set(card.tags)
        assert f"usg pretrain fit {' '.join([*words, *WORST])} --trainer.max_steps 5\n" in text
        assert "- `world`: 40 graphs (world: world-train-0-40-" in text
        assert "- MaskedNode: Predict the labels of hidden objects" in text
        assert re.search(r"commit [0-9a-f]{7}", text)
        # No path of this machine: the user typed none.
        assert not re.search(r"(?<![\w.`])/\w", text), text
        if folder == "model":
            weights, model = load_file("cards/model/model.safetensors"), names["model"]
            assert equal(weights, dict(model.named_parameters()))
            assert f"| encoder, trained and frozen | {sum(map(torch.numel, model.parameters())):,} and 0 |" in text
            assert "| steps | 2 of 5 planned, the best of the 5 done |" in text
        else:
            assert "| steps | 5 of 5 planned |" in text and "After step 4:" in text
            assert names["weights"].keys() == load_checkpoint("cards/checkpoints/last.ckpt")["state_dict"].keys()
            assert "`best.ckpt` is of step 2, val/loss " in text
    assert not list(Path("cards").rglob(".*"))


def test_other_data_takes_the_licence_away(small_run: Any, tmp_path: Path, use_card: Any) -> None:
    (tmp_path / "mine.csv").write_text(
        "image_id,region_id,caption,scene_graph\n" + '1,1,a red book,"( book , is , red )"\n' * 9
    )
    words = ["--data.path", str(tmp_path / "mine.csv"), "--data.holdout", "2", "--trainer.max_steps", "1"]
    run = small_run.usg(*words, run="mine")
    card, text, _ = use_card(run / "model")
    assert card.license == "unknown"
    assert "The licence is that of the data and models that went in" in text
    assert re.search(r"- `\S+mine\.csv`: 9 graphs \(file: mine\.csv; digest: [0-9a-f]{12}\)\n", text)
    assert "None yet." in text


def test_a_full_disk_leaves_the_last_checkpoint_and_says_what_to_do(
    small_run: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save = AtomicCheckpointIO.save_checkpoint

    def until_step_6(self: AtomicCheckpointIO, checkpoint: dict[str, Any], *args: Any, **more: Any) -> None:
        def full(path: Path, data: bytes) -> int:
            with path.open("wb") as stream:
                stream.write(bytes(data)[:1000])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with pytest.MonkeyPatch.context() as patch:
            if checkpoint["global_step"] == 6:
                patch.setattr(Path, "write_bytes", full)
            save(self, checkpoint, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(AtomicCheckpointIO, "save_checkpoint", until_step_6)
        assert main(small_run.words(run="full")) == 1
    run = small_run.folder / "full"
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith(f"usg: error: {run / 'checkpoints' / 'last.ckpt'}: No space left on device for the ")
    assert line.endswith(
        "; the one before it is whole: --ckpt_path last goes on from it; free some space and run again"
    )
    assert load_checkpoint(run / "checkpoints" / "last.ckpt")["global_step"] == 3
    assert sorted(file.name for file in (run / "checkpoints").iterdir()) == ["README.md", "last.ckpt"]
    small_run.usg("--ckpt_path", "last", run="full")
    assert (run / "metrics.csv").read_text() == (small_run.run / "metrics.csv").read_text()
    assert equal(load_file(run / "model" / "model.safetensors"), load_file(small_run.run / "model/model.safetensors"))
