"""`usg ls` and `usg cp`."""

from pathlib import Path
from pkgutil import resolve_name

import pytest

from usg import listing
from usg.cli import main


@pytest.mark.parametrize("kind", listing.KINDS)
def test_names_are_sorted_and_every_kind_exists(kind: str) -> None:
    names = listing.named(kind)
    assert list(names) == sorted(names)
    assert names or kind == "evaluations"


@pytest.mark.parametrize("kind", ["formats", "heads", "objectives"])
def test_every_dotted_path_resolves(kind: str) -> None:
    for path in listing.named(kind).values():
        resolve_name(path)


def test_every_config_says_how_to_run_it() -> None:
    for name, comment in listing.named("configs").items():
        assert comment, f"configs/{name}.yaml opens with no comment"


def test_unknown_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "head"]) == 2
    assert "unknown kind 'head'; did you mean 'heads'?" in capsys.readouterr().err


def test_one_kind_is_printed_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "heads"]) == 0
    assert "qa  usg.downstream.qa.QuestionAnswering\n" in capsys.readouterr().out


def test_all_kinds_are_printed_under_their_titles(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls"]) == 0
    titles = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert titles == [f"{kind}:" for kind in listing.KINDS]


def test_copy_gives_the_same_bytes(tmp_path: Path) -> None:
    for number, (name, source) in enumerate(listing.config_files().items()):
        copy = listing.copy_config(name, tmp_path / f"{number}.yaml")
        assert copy.read_bytes() == source.read_bytes()


def test_copy_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("mine")
    name = next(iter(listing.config_files()))
    assert main(["cp", name, str(mine)]) == 2
    assert "mine.yaml exists and is not overwritten" in capsys.readouterr().err
    assert mine.read_text() == "mine"


def test_copy_of_an_unknown_config_names_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = next(iter(listing.config_files()))
    assert main(["cp", name + "x", str(tmp_path / "a.yaml")]) == 2
    assert f"did you mean {name!r}?" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
