import json

import pytest

from usg.cli import main


def words(corpora, run, *more: str) -> list[str]:
    options = [word for name, path in corpora.items() for word in (f"--data.{name}", path)]
    return [*options, "--trainer.default_root_dir", str(run), "--trainer.accelerator", "cpu", *more]


@pytest.fixture(scope="module")
def run(corpora, encoder, tmp_path_factory):
    """The folder of a short run of `usg finetune qa fit`."""
    folder = tmp_path_factory.mktemp("runs") / "qa"
    steps = ["--trainer.max_steps", "12", "--trainer.val_check_interval", "6", "--model.encoder", encoder]
    assert main(["finetune", "qa", "fit", "--config", "finetune/qa", *words(corpora, folder, *steps), "--debug"]) == 0
    return folder


def test_fit_leaves_a_run(run, corpora, use_card):
    for name in ("config.yaml", "metrics.csv", "checkpoints/last.ckpt", "model/question_answering.json"):
        assert (run / name).is_file(), name
    figures = (run / "metrics.csv").read_text()
    assert all(name in figures for name in ("train/accuracy", "train/learning_rate", "train/gradient_norm"))
    card, text, names = use_card(run / "model")
    assert (card.license, names["model"].head.answers[0] in text) == ("unknown", False)
    assert f"- `{corpora['train']}`: " in text and " of 12 planned" in text and "| val/accuracy | " in text


@pytest.mark.parametrize("which", ["last", "best"])
def test_test_prints_the_table(run, corpora, capsys, which):
    source = ["--ckpt_path", "last"] if which == "last" else ["--model.encoder", str(run / "model")]
    assert main(["finetune", "qa", "test", "--config", "finetune/qa", *words(corpora, run, *source)]) == 0
    printed = capsys.readouterr().out
    for name in ("majority", "question only", "bag of labels", "model", "model, shuffled edges", "exist", "depth 0"):
        assert name in printed
    figures = json.loads((run / "qa.json").read_text())
    assert figures["metrics"]["accuracy"]["low"] <= figures["metrics"]["accuracy"]["value"]
    assert figures["n"] == 261
    assert set(figures["baselines"]) >= {"majority", "question only", "model, shuffled edges"}


def test_resumes(run, corpora, encoder, capsys):
    more = ["--trainer.max_steps", "14", "--model.encoder", encoder, "--ckpt_path", "last"]
    assert main(["finetune", "qa", "fit", "--config", "finetune/qa", *words(corpora, run, *more)]) == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["qq", "fit"], "unknown finetuning task 'qq'; did you mean 'qa'?"),
        (["--config", "finetune/qa", "qa", "fit"], "--config stands before the task; write usg finetune qa fit"),
        (["qa", "fit", "--data.labls", "3"], "did you mean 'data.labels'"),
        (["qa", "--config", "x", "fit"], "stands before the sub-command"),
        (["qa", "test"], "there is no trained model to use: pass --ckpt_path last"),
        (
            ["qa", "fit", "--trainer.max_steps", "2", "--model.encoder", "/no/such/encoder"],
            "does not exist; name a folder",
        ),
        (
            ["qa", "fit", "--trainer.max_steps", "2", "--data.labels", "99999"],
            "99999 labelled questions were asked for",
        ),
        (["qa-table", "--encoder", "pretrained"], "expected NAME=FOLDER"),
        (["qa-table", "--encoder", "a=/no/such/encoder"], "does not exist; name a folder"),
        (["transfer-table", "--encoder", "=folder"], "expected NAME=FOLDER"),
    ],
)
def test_wrong_use_is_one_line(argv, message, corpora, tmp_path, capsys):
    more = words(corpora, tmp_path / "run") if argv[0] == "qa" and argv[1] in ("fit", "test") else []
    assert main(["finetune", *argv, *more]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert message in error[-1]
    assert error[-1].startswith("usg: error: ")


def test_another_vocabulary_is_refused(run, corpora, capsys):
    more = ["--trainer.max_steps", "20", "--ckpt_path", str(run / "checkpoints" / "last.ckpt"), "--model.size", "tiny"]
    assert main(["finetune", "qa", "fit", "--config", "finetune/qa", *words(corpora, run, *more)]) == 2
    assert "the checkpoint was made with vocabulary" in capsys.readouterr().err


def test_help_imports_no_torch():
    import subprocess
    import sys

    code = "import sys; from usg.cli import main; main(['finetune', '--help']); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
