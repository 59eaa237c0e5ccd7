"""`usg pretrain` as a user meets it: what a run leaves, and what is said to mistakes."""

import csv
import json
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightning.pytorch import Callback, LightningModule, Trainer

from usg.cli import main
from usg.listing import config_files
from usg.nn import GraphTransformer


def test_a_run_leaves_its_folder(small_run: Any) -> None:
    run: Path = small_run.run
    with (run / "metrics.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["step"]) for row in rows] == list(range(1, 13))
    assert [int(row["step"]) for row in rows if row["val/loss"]] == [2, 4, 6, 8, 10, 12]
    assert float(rows[-1]["train/learning_rate"]) < float(rows[3]["train/learning_rate"])
    assert yaml.safe_load((run / "config.yaml").read_text())["trainer"]["max_steps"] == 12
    assert (run / "checkpoints" / "last.ckpt").is_file()
    model = GraphTransformer.from_pretrained(run / "model")
    assert model.config.dim == 32
    assert {"what", "yes"} <= set(model.vocabulary.labels)  # words of questions and answers


def test_print_config_can_be_run_and_has_comments(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["pretrain", "fit", "--config", "pretrain/world", "--print_config"])
    assert raised.value.code in (0, None)
    printed = capsys.readouterr().out
    assert "# adds edges" in printed.lower() or "# tiny (1 m weights)" in printed.lower()
    assert yaml.safe_load(printed)["model"]["objectives"][0]["class_path"] == "usg.pretrain.objectives.MaskedNode"


def test_table(small_run: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    # The encoder's sizes come from the checkpoint: the configuration's are not needed.
    small_run.usg("--ckpt_path", "last", "--model.table_path", str(file), "--model.dim", "64", subcommand="test")
    printed = capsys.readouterr().out
    for system in ("model", "majority", "slot_prior", "naive_bayes", "model_shuffled_edges", "exact_ceiling"):
        assert f"\n{system} " in printed
    table = json.loads(file.read_text())
    assert 0 <= table["metrics"]["object_accuracy"]["value"] <= 1
    assert table["seed"] == 3


def test_table_on_a_file_keeps_the_vocabulary_of_the_checkpoint(
    small_run: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = [
        "image_id,region_id,caption,scene_graph",
        '1,1,a zebra on grass,"( zebra , on , grass ) , ( zebra , is , striped )"',
        '2,2,a red book,"( book , is , red )"',
    ]
    (tmp_path / "dev.csv").write_text("\n".join(rows) + "\n")
    small_run.usg("--ckpt_path", "last", "--data.test_path", str(tmp_path / "dev.csv"), subcommand="test")
    printed = capsys.readouterr().out
    assert "3 objects, 2 attributes, 1 relations" in printed
    assert "exact_ceiling" not in printed


def error(capsys: pytest.CaptureFixture[str], words: list[str], status: int = 2) -> str:
    assert main(words) == status
    lines = capsys.readouterr().err.strip().splitlines()
    assert "Traceback" not in "\n".join(lines)
    assert len(lines[-1]) < 800
    assert lines[-1].startswith("usg: error: ")
    return lines[-1]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--trainer.max_stepz", "3"], "did you mean 'trainer.max_steps'"),
        (["--data.batchsize", "3"], "did you mean 'data.batch_size'"),
        (["--data.batch_size", "x"], "Expected a int. Got value: x"),
        (["--model.size", "huge"], "unknown size 'huge'"),
        (["--model.heads", "3"], "heads must divide dim"),
        (["--data.path", "nowhere.csv"], "there is no file or corpus folder nowhere.csv"),
        (["--model.objectives", "[{class_path: usg.pretrain.objectives.MaskedNod}]"], "did you mean 'MaskedNode'"),
        (
            ["--model.objectives", "[{class_path: usg.pretrain.objectives.MaskedNode, init_args: {object_rat: 1}}]"],
            "did you mean 'object_rate'",
        ),
        (["--ckpt_path", "last"], "holds no checkpoint; start without --ckpt_path"),
        (["--ckpt_path", "nowhere.ckpt"], "--ckpt_path nowhere.ckpt: no such file"),
        (["--ckpt_path", "best"], "runs keep one where `checkpoint.monitor` names a figure of validation"),
        (["--checkpoint.monitor", "val/los"], "unknown checkpoint.monitor 'val/los'; did you mean 'val/loss'"),
    ],
)
def test_mistakes_are_one_line(
    small_run: Any, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    assert message in error(capsys, [*small_run.words(run="mistakes"), *more])


def test_scoring_needs_a_checkpoint(small_run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for subcommand in ("test", "validate"):
        assert "nothing to score: pass --ckpt_path last" in error(capsys, small_run.words(subcommand))


def test_validate_prints_its_figures(small_run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    small_run.usg("--ckpt_path", "last", subcommand="validate")
    with (small_run.run / "metrics.csv").open(newline="") as stream:
        last = list(csv.DictReader(stream))[-1]
    assert f"val/loss {float(last['val/loss']):.4f}\n" in capsys.readouterr().out


@pytest.mark.parametrize("more", [[], ["training/tensorboard"], ["training/wandb"], ["training/early_stopping"]])
def test_shipped_configurations_are_accepted(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    names = [name for name in config_files() if name.startswith("pretrain/")]
    # One without callbacks of its own and one with.
    for name in names if not more else ["pretrain/demo", "pretrain/world"]:
        words = [word for config in (name, *more) for word in ("--config", config)]
        with pytest.raises(SystemExit):
            main(["pretrain", "fit", *words, "--print_config"])
        assert "seed_everything" in capsys.readouterr().out


def test_overwriting_clears_the_earlier_run_away(small_run: Any) -> None:
    run = small_run.usg("--trainer.max_steps", "1", run="twice")
    small_run.usg("--trainer.max_steps", "2", "--overwrite", "true", "--checkpoint.every", "0", run="twice")
    assert not (run / "checkpoints").exists()
    assert (run / "metrics.csv").read_text().count("\n") == 3


class Interrupt(Callback):
    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_has_its_status(
    small_run: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usg.training.callbacks.StepSeed.on_before_optimizer_step", Interrupt.on_before_optimizer_step)
    interrupts = signal.getsignal(signal.SIGINT)
    try:
        assert main(small_run.words(run="interrupted")) == 130
    finally:
        signal.signal(signal.SIGINT, interrupts)  # Lightning leaves it ignored
    assert "usg: interrupted; --ckpt_path last resumes from the last checkpoint\n" in capsys.readouterr().err


def test_an_earlier_run_is_not_overwritten(small_run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    before = (small_run.run / "metrics.csv").read_text()
    assert "resume it with --ckpt_path last" in error(capsys, small_run.words())
    assert (small_run.run / "metrics.csv").read_text() == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--data.world.train", "24"], "another vocabulary"),
        (["--model.layers", "2"], "another encoder"),
        (["--data.batch_size", "4"], "made with batch_size 8, this run has 4"),
        (["--seed_everything", "4"], "pass --seed_everything 3 to resume"),
    ],
)
def test_a_checkpoint_of_another_training(
    small_run: Any, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    checkpoint = str(small_run.run / "checkpoints" / "last.ckpt")
    words = [*small_run.words(run="other"), "--trainer.max_steps", "14", "--ckpt_path", checkpoint]
    assert message in error(capsys, [*words, *more])


def test_a_loss_that_is_no_number_stops_the_run(small_run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--model.optimizer.learning_rate", "1e30", "--model.optimizer.warmup_steps", "0"]
    line = error(capsys, [*small_run.words(run="nan"), *settings], status=1)
    assert "the loss of step" in line
    file = next((small_run.folder / "nan").glob("bad_batch_*.json"))
    assert len(json.loads(file.read_text())["graphs"]) == 8
