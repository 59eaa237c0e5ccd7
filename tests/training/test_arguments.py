"""Words of a training command: every mistake is one line that says what to do."""

from pathlib import Path

import pytest

from usg.training.arguments import find_config, one_line, prepare_arguments

PROG = "usg pretrain"


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ([], ValueError, r"needs a sub-command: usg pretrain \{fit,validate,test\}"),
        (["fot"], LookupError, "did you mean 'fit'"),
        (["--config", "pretrain/world", "fit"], ValueError, r"write `usg pretrain fit --config \.\.\.`"),
        (["fit", "--config"], ValueError, "needs a file or the name"),
        (["fit", "--config", "pretrain/wrld"], FileNotFoundError, "did you mean 'pretrain/world'"),
        (["test", "--config=nowhere.yaml"], FileNotFoundError, "nowhere.yaml: no such file"),
    ],
)
def test_wrong_words(words: list[str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        prepare_arguments(words, PROG)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["pretrain/world", "pretrain/world.yaml", "configs/pretrain/world.yaml"])
def test_shipped_configurations_have_names(name: str) -> None:
    assert find_config(name).read_text(encoding="utf-8").startswith("# Masked pretraining")


def test_a_file_comes_before_a_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pretrain").mkdir()
    (tmp_path / "pretrain" / "world").write_text("seed_everything: 1\n")
    monkeypatch.chdir(tmp_path)
    assert prepare_arguments(["fit", "-c", "pretrain/world"], PROG) == ["fit", "-c", "pretrain/world"]


@pytest.mark.parametrize(
    ("text", "message"), [("data: [}", "is not YAML: .*line 1"), ("", "holds nothing"), ("- 1", "holds a list")]
)
def test_configurations_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=message) as raised:
        find_config(str(file))
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_print_config_carries_comments() -> None:
    assert prepare_arguments(["fit", "--print_config"], PROG) == ["fit", "--print_config=comments"]


def test_parser_complaints_become_one_line() -> None:
    known = ["trainer.max_steps", "data.path"]
    assert one_line("unrecognized arguments: --trainer.max_stepz 3", known).startswith(
        "unknown key 'trainer.max_stepz'; did you mean 'trainer.max_steps'?"
    )
    assert one_line("Parser key \"data.n\":\n  Expected a <class 'int'>. Got value: x", known) == (
        '"data.n": Expected a int. Got value: x'
    )
    long = one_line("word " * 200, known)
    assert len(long) < 450
    assert "\n" not in long
